import { assertNever } from '../../kernel/index.ts';
import type { Verdict } from '../chain.ts';
import { type ObjectFault, tellFault } from '../objects/field.ts';
import type { Violation } from '../policies/policy.ts';
import type { Uncertainty } from '../world.ts';
import type { Say } from './index.ts';

/** Violations told in one message; an object that has more has its first ones to mend before. */
const MOST_TOLD = 50;

/** All violations with their fixes: one line for one, a list for several. */
export function tellDenial(denied: readonly Violation[], say: Say): string {
  const lines = denied.slice(0, MOST_TOLD).map((violation) => tellViolation(violation, say));
  if (denied.length === 1) return lines.join('');
  const more = denied.length - lines.length;
  return [
    say('severalDenied', { count: denied.length }),
    ...lines.map((line) => `- ${line}`),
    ...(more > 0 ? [`- ${say('moreViolations', { count: more })}`] : []),
  ].join('\n');
}

/** What is told beside an answer: what was let pass, and what is worth a word. */
export function tellWarnings(verdict: Verdict, say: Say): readonly string[] {
  const denied = new Set(verdict.denied.map(identity));
  const existing = verdict.existing.filter((violation) => !denied.has(identity(violation)));
  return [
    ...existing.slice(0, MOST_TOLD).map((violation) => say('existing', { text: tellViolation(violation, say) })),
    ...verdict.warned.slice(0, MOST_TOLD).map((violation) => say('warned', { text: tellViolation(violation, say) })),
    ...verdict.notices.slice(0, MOST_TOLD).map((violation) => tellViolation(violation, say)),
  ];
}

function identity(violation: Violation): string {
  return `${violation.policy} ${violation.key}`;
}

export function tellViolation(violation: Violation, say: Say): string {
  const { name } = violation.values;
  const values = name === '' ? { ...violation.values, name: say('nameless') } : violation.values;
  return say('labelled', { policy: violation.policy, text: say(violation.text, values) });
}

export function tellFaults(faults: readonly ObjectFault[], say: Say): string {
  return faults.map((fault) => say('faultAt', { path: fault.path, text: tellFault(fault, say) })).join('; ');
}

/** Why something is not known, without hosts and answers of others: those stand in the log. */
export function tellUncertainty(uncertainty: Uncertainty, say: Say): string {
  switch (uncertainty.reason) {
    case 'forbidden':
      return say('whyForbidden');
    case 'timeout':
      return say('whyTimeout');
    case 'unreachable':
      return say('whyUnreachable');
    case 'server_error':
      return say('whyServerError');
    case 'not_synced':
      return say('whyNotSynced');
    case 'ledger':
      return say('whyLedger');
    case 'internal':
      return say('whyInternal');
    default:
      return assertNever(uncertainty.reason);
  }
}
