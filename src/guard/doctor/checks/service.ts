import { type GuardCheck, type JudgeFacts, type Judging, fine, trouble } from '../check.ts';
import type { GuardFacts } from '../facts.ts';
import { at, numberAt, objectIn, objectsAt, textAt, textsAt } from '../fields.ts';
import { selects } from '../selector.ts';
import type { JsonObject } from '../../review/review.ts';

type Place = { readonly namespace: string; readonly name: string; readonly port: number };

/** The way from the API server to a container: Service, port, target port. */
export const judgeService: JudgeFacts = (facts, judging) => {
  const { text } = judging;
  const place = facts.webhooks.find(({ service }) => service !== null)?.service ?? null;
  if (place === null || facts.service === null) return [];
  const { namespace, name } = place;
  const fail = { text, status: 'fail' } as const;
  switch (facts.service.kind) {
    case 'absent':
      return [trouble(fail, 'name.service', 'service.missing', { namespace, name })];
    case 'forbidden':
    case 'failed':
      return [
        trouble({ text, status: 'warn' }, 'name.service', 'service.unreadable', {
          namespace,
          name,
          detail: facts.service.detail,
        }),
      ];
    case 'found':
      return [judgePorts(facts.service.value, place, facts.deployment, judging)];
  }
};

function judgePorts(
  service: JsonObject,
  { namespace, name, port }: Place,
  deployment: JsonObject | null,
  { text }: Judging,
): GuardCheck {
  const fail = { text, status: 'fail' } as const;
  const ports = objectsAt(service, 'spec', 'ports');
  const found = ports.find((each) => numberAt(each, 'port') === port);
  if (found === undefined) {
    const listed = ports.map((each) => numberAt(each, 'port') ?? '-').join(', ');
    return trouble(fail, 'name.service', 'service.port', { namespace, name, port, ports: listed });
  }
  if (deployment === null) return trouble(fail, 'name.service', 'service.noSelector', { namespace, name });
  const target = numberAt(found, 'targetPort') ?? textAt(found, 'targetPort') ?? port;
  const containers = objectsAt(deployment, 'spec', 'template', 'spec', 'containers');
  const offered = containers.flatMap((container) => objectsAt(container, 'ports'));
  // A number needs no entry in the container: ports there only name what is open anyway.
  const isOffered = typeof target === 'number' || offered.some((each) => textAt(each, 'name') === target);
  if (isOffered) return fine(text, 'name.service', 'service.ok', { namespace, name, port, target });
  return trouble(fail, 'name.service', 'service.target', {
    namespace,
    name,
    port,
    target,
    deployment: textAt(deployment, 'metadata', 'name') ?? '-',
    ports: offered.map((each) => textAt(each, 'name') ?? numberAt(each, 'containerPort') ?? '-').join(', '),
  });
}

export const judgeEndpoints: JudgeFacts = ({ endpoints, namespace }, { text }) => {
  if (endpoints === null) return [];
  const warn = { text, status: 'warn' } as const;
  if ('detail' in endpoints) return [trouble(warn, 'name.endpoints', 'endpoints.unreadable', endpoints)];
  const values = { ...endpoints, namespace: namespace ?? '-' };
  if (endpoints.ready === 0) return [trouble({ text, status: 'fail' }, 'name.endpoints', 'endpoints.none', values)];
  if (endpoints.notReady > 0) return [trouble(warn, 'name.endpoints', 'endpoints.some', values)];
  return [fine(text, 'name.endpoints', 'endpoints.ok', values)];
};

/** Replicas that are there, beside what is wanted and what the profile says. */
export const judgeReplicas: JudgeFacts = ({ deployment, namespace }, { text, config: { profile, webhook } }) => {
  const fail = { text, status: 'fail' } as const;
  const warn = { text, status: 'warn' } as const;
  if (deployment === null) {
    return namespace === null ? [] : [trouble(fail, 'name.replicas', 'replicas.unknown', { profile })];
  }
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const available = numberAt(deployment, 'status', 'availableReplicas') ?? 0;
  const name = textAt(deployment, 'metadata', 'name') ?? '-';
  const values = { wanted, available, name, namespace: namespace ?? '-', profile, expected: webhook.replicas };
  const checks: GuardCheck[] = [];
  if (available === 0) checks.push(trouble(fail, 'name.replicas', 'replicas.none', values));
  else if (available < wanted) checks.push(trouble(warn, 'name.replicas', 'replicas.some', values));
  if (wanted < webhook.replicas) checks.push(trouble(warn, 'name.replicas', 'replicas.few', values));
  return checks.length === 0 ? [fine(text, 'name.replicas', 'replicas.ok', values)] : checks;
};

export const judgeBudget: JudgeFacts = (facts, { text }) => {
  const labels = podLabels(facts);
  if (facts.budgets?.kind !== 'found' || labels === null) return [];
  const covering = objectsAt(facts.budgets.value, 'items').find((budget) => {
    const selector = objectIn(at(budget, 'spec', 'selector'));
    return selector !== null && selects(selector, labels);
  });
  if (covering === undefined) return [trouble({ text, status: 'warn' }, 'name.budget', 'budget.missing')];
  return [fine(text, 'name.budget', 'budget.ok', { name: textAt(covering, 'metadata', 'name') ?? '-' })];
};

function podLabels({ deployment }: GuardFacts): Readonly<Record<string, string>> | null {
  return deployment === null ? null : textsAt(deployment, 'spec', 'template', 'metadata', 'labels');
}
