import { type GuardCheck, type JudgeFacts, fine, trouble } from '../check.ts';
import { explain } from '../explain.ts';
import type { AccessFacts } from '../facts.ts';
import type { Language } from '../../../kernel/index.ts';

/** Events that are told at most; they repeat each other. */
const MOST_EVENTS = 3;

/** What the guard's own account may do. */
export const judgeAccess: JudgeFacts = ({ access, namespace, serviceAccount }, { text }) => {
  if (access.length === 0) return [];
  const account = `${namespace ?? '-'}/${serviceAccount ?? '-'}`;
  const unknown = access.find(({ allowed }) => allowed === null);
  if (unknown !== undefined) {
    const values = { account, detail: unknown.detail };
    return [trouble({ text, status: 'warn' }, 'name.access', 'access.unknown', values)];
  }
  const missing = access.filter(({ allowed }) => allowed === false);
  if (missing.length === 0) return [fine(text, 'name.access', 'access.ok', { account, count: access.length })];
  const values = { account, missing: missing.map(told).join(', ') };
  return [trouble({ text, status: 'fail' }, 'name.access', 'access.missing', values)];
};

function told({ verb, resource, group }: AccessFacts): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

/** What controllers told of calls that failed, explained. */
export function judgeEvents(language: Language): JudgeFacts {
  return ({ events, webhooks }, { text }) => {
    if (webhooks.length === 0) return [];
    if (events.length === 0) return [fine(text, 'name.events', 'events.ok')];
    return events.slice(0, MOST_EVENTS).map((message): GuardCheck => {
      const { cause, fix } = explain(message, language);
      // They may tell of a trouble that is over: the other checks say whether it still is.
      return { name: text('name.events'), status: 'warn', finding: text('events.trouble', { message, cause }), fix };
    });
  };
}
