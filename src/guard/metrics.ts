import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { GUARD_ERROR_CODES, isGuardErrorCode } from './errors.ts';
import type { DecisionLabel, GuardMetrics } from './port.ts';

/** Seconds: from what a decision from the cache takes to what a caller waits at most. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const DECISIONS: readonly DecisionLabel[] = [
  'allowed',
  'warned',
  'denied',
  'invalid',
  'uncertain',
  'bypassed',
  'skipped',
];
const OPERATIONS: ReadonlySet<string> = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
/** Kinds that the guard is always asked about; their series stand at 0 from the start. */
const USUAL_KINDS = ['Deployment', 'Scale', 'HorizontalPodAutoscaler'] as const;
const USUAL_OPERATIONS = ['CREATE', 'UPDATE'] as const;
const KINDS: ReadonlySet<string> = new Set([
  ...USUAL_KINDS,
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Pod',
  'PodDisruptionBudget',
]);
const BYPASSES: ReadonlySet<string> = new Set(['namespace', 'annotation', 'exempt_scaler']);
const VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'event']);
const OTHER = 'other';
/** A cluster has thousands of namespaces; violations stand in few. What is beyond is summed up as `other`. */
const MOST_NAMESPACES = 500;
/** Outcomes come from code of the guard, but a status of a server might be among them. */
const MOST_OUTCOMES = 40;

type Sources = Parameters<GuardMetrics['observe']>[0];

/** All metrics of one guard in a registry of its own. `policies`: names whose counters stand at 0 from the start. */
export function createGuardMetrics({ policies = [] }: { readonly policies?: readonly string[] } = {}): GuardMetrics {
  const registry = new Registry();
  const registers = [registry];
  const sources: { -readonly [Name in keyof Sources]: Sources[Name] } = {};
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'webhook_requests_total',
    help: 'Reviews that were decided on, by operation, kind of the object and decision.',
    labelNames: ['operation', 'kind', 'decision'],
    registers,
  });
  const durations = new Histogram({
    name: 'webhook_request_duration_seconds',
    help: 'Time from the head of a request to its answer, of reviews that were decided on.',
    buckets: BUCKETS,
    registers,
  });
  const errors = new Counter({
    name: 'webhook_validation_errors_total',
    help: 'Errors on the way to a decision, by code; denials are none.',
    labelNames: ['code'],
    registers,
  });
  const existing = new Counter({
    name: 'guard_existing_violations_total',
    help: 'Changes that were allowed although the object violates a policy, as it did before.',
    labelNames: ['policy'],
    registers,
  });
  const bypasses = new Counter({
    name: 'guard_bypasses_total',
    help: 'Changes that were let through without asking a policy, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const reloads = new Counter({
    name: 'guard_certificate_reloads_total',
    help: 'Certificates that were found, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  const calls = new Counter({
    name: 'guard_api_calls_total',
    help: 'Calls to the API server of the cluster.',
    labelNames: ['verb', 'outcome'],
    registers,
  });
  const violations = new Gauge({
    name: 'guard_violations',
    help: 'Violations that stand in the cluster, by namespace, as the auditor saw them last.',
    labelNames: ['namespace'],
    registers,
    collect: () => {
      violations.reset();
      for (const [namespace, count] of bounded(sources.violations?.() ?? new Map()))
        violations.set({ namespace }, count);
    },
  });
  gauge('guard_cache_age_seconds', 'Seconds since the watch cache heard from the API server.', () =>
    sources.cacheAgeSeconds?.(),
  );
  gauge('guard_certificate_not_after_timestamp_seconds', 'When the certificate that is served ends.', () =>
    sources.certificateNotAfter?.(),
  );
  gauge('guard_connections', 'Open connections to the admission server.', () => sources.connections?.());

  /** Without a series while there is no value: 0 would read as a certificate that ended in 1970. */
  function gauge(name: string, help: string, read: () => number | null | undefined): void {
    const self = new Gauge({
      name,
      help,
      registers,
      collect: () => {
        const value = read() ?? null;
        if (value === null) self.remove();
        else self.set(value);
      },
    });
  }

  for (const operation of USUAL_OPERATIONS)
    for (const kind of USUAL_KINDS) for (const decision of DECISIONS) requests.inc({ operation, kind, decision }, 0);
  for (const code of GUARD_ERROR_CODES) errors.inc({ code }, 0);
  for (const policy of policies) existing.inc({ policy }, 0);
  for (const reason of BYPASSES) bypasses.inc({ reason }, 0);
  for (const outcome of ['loaded', 'refused']) reloads.inc({ outcome }, 0);

  const outcomes = new Set<string>();
  const known = new Set(policies);

  function knownOutcome(outcome: string): string {
    if (outcomes.size < MOST_OUTCOMES) outcomes.add(outcome);
    return outcomes.has(outcome) ? outcome : OTHER;
  }

  return {
    decided: ({ operation, kind, decision }, seconds) => {
      requests.inc({
        operation: OPERATIONS.has(operation) ? operation : OTHER,
        kind: KINDS.has(kind) ? kind : OTHER,
        decision,
      });
      durations.observe(seconds);
    },
    failed: (code) => errors.inc({ code: isGuardErrorCode(code) ? code : OTHER }),
    existing: (policy) => existing.inc({ policy: known.size === 0 || known.has(policy) ? policy : OTHER }),
    bypassed: (reason) => bypasses.inc({ reason: BYPASSES.has(reason) ? reason : OTHER }),
    reloaded: (outcome) => reloads.inc({ outcome }),
    called: (verb, outcome) => calls.inc({ verb: VERBS.has(verb) ? verb : OTHER, outcome: knownOutcome(outcome) }),
    observe: (more) => void Object.assign(sources, more),
    text: () => registry.metrics(),
  };
}

/** The namespaces with the most violations, and the rest as one. */
function bounded(violations: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  if (violations.size <= MOST_NAMESPACES) return violations;
  const sorted = [...violations].sort(([, one], [, other]) => other - one);
  const rest = sorted.slice(MOST_NAMESPACES).reduce((sum, [, count]) => sum + count, 0);
  return new Map([...sorted.slice(0, MOST_NAMESPACES), [OTHER, rest]]);
}
