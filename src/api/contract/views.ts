import { z } from 'zod';

/** Times are epoch milliseconds everywhere; weights and shares are percent (0–100) as people read them. */
const time = z.number();

export const ROLES = ['viewer', 'deployer', 'approver', 'owner'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.infer<typeof roleSchema>;

/** What a token may do with functions. `execute:all` covers every `execute:…`. */
export const SCOPES = [
  'execute:all',
  'execute:nodejs',
  'execute:python',
  'execute:rust',
  'execute:provided',
  'read:functions',
] as const;
export const scopeSchema = z.enum(SCOPES);
export type Scope = z.infer<typeof scopeSchema>;

export const commitView = z.object({
  sha: z.string(),
  message: z.string(),
  author: z.string(),
  at: time,
  ref: z.string().nullable(),
});

export const releaseView = z.object({
  id: z.string(),
  app: z.string(),
  /** Counts up per application; shown as `v12`. */
  number: z.number(),
  commit: commitView,
  /** Commits since the release that was live before, newest first. */
  range: z.array(z.object({ sha: z.string(), message: z.string() })),
  artifactDigest: z.string(),
  configHash: z.string(),
  createdAt: time,
});
export type ReleaseView = z.infer<typeof releaseView>;

export const releaseSummary = releaseView.pick({ id: true, app: true, number: true, commit: true });
export type ReleaseSummary = z.infer<typeof releaseSummary>;

/** A wait names its cause, since when, what ends it, when it gives up, and the commands that can end it now. */
export const waitView = z.object({
  cause: z.string(),
  since: time,
  until: time.nullable(),
  endedBy: z.string(),
  /** Nothing but a person ends it: an approval, a hold, a pause. */
  needsPerson: z.boolean().optional(),
  next: z.array(z.object({ command: z.string(), why: z.string().optional() })),
});
export type WaitView = z.infer<typeof waitView>;

export const failureView = z.object({
  code: z.string(),
  message: z.string(),
  fix: z.string(),
  retryable: z.boolean(),
  evidence: z.array(z.string()),
});

export const VERDICTS = ['pass', 'fail', 'inconclusive', 'no_data', 'provider_error'] as const;
export const metricView = z.object({
  name: z.string(),
  verdict: z.enum(VERDICTS),
  /** The condition in words, for example `error-rate ≤ 5%`. */
  condition: z.string(),
  /** The finding in words with its numbers, for example `19.4% (12 of 62)`. */
  finding: z.string(),
  value: z.number().nullable(),
  samples: z.number(),
  measurements: z.number(),
  failures: z.number(),
  tolerated: z.number(),
  dryRun: z.boolean(),
});
export type MetricView = z.infer<typeof metricView>;

export const ROLLOUT_PHASES = [
  'queued',
  'waiting_gate',
  'waiting_lock',
  'preparing',
  'shifting',
  'holding',
  'baking',
  'succeeded',
  'aborting',
  'aborted',
  'rolling_back',
  'rolled_back',
  'rollback_failed',
  'superseded',
  'cancelled',
] as const;
export const rolloutPhase = z.enum(ROLLOUT_PHASES);
export type RolloutPhase = z.infer<typeof rolloutPhase>;

export const stepView = z.object({
  label: z.string(),
  kind: z.enum(['weight', 'pause', 'analyse', 'bake']),
  weight: z.number().nullable(),
  state: z.enum(['pending', 'active', 'done', 'skipped']),
});

export const rolloutView = z.object({
  id: z.string(),
  app: z.string(),
  environment: z.string(),
  kind: z.enum(['deploy', 'rollback']),
  strategy: z.enum(['rolling', 'blueGreen', 'canary']),
  phase: rolloutPhase,
  paused: z.object({ by: z.string(), reason: z.string(), since: time }).nullable(),
  release: releaseSummary,
  stable: releaseSummary.nullable(),
  runId: z.string().nullable(),
  requestedBy: z.string(),
  reason: z.string().nullable(),
  steps: z.array(stepView),
  /** Percent of the traffic that the new version was last seen with. */
  weight: z.number(),
  weightsSeen: z.array(z.number()),
  metrics: z.array(metricView),
  wait: waitView.nullable(),
  /** Place in the environment's queue, 0 = running; and what it waits behind. */
  position: z.number(),
  blocker: z.string().nullable(),
  outcome: z.object({ reason: z.string(), evidence: z.array(z.string()) }).nullable(),
  notes: z.array(z.string()),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});
export type RolloutView = z.infer<typeof rolloutView>;

export const STAGE_STATES = [
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
  'skipped',
  'superseded',
] as const;
export const approvalView = z.object({
  id: z.string(),
  app: z.string(),
  runId: z.string(),
  stage: z.string(),
  releaseId: z.string(),
  releaseNumber: z.number(),
  /** Environment that the approval opens. */
  target: z.string(),
  configHash: z.string(),
  state: z.enum(['pending', 'approved', 'rejected', 'void', 'expired']),
  by: z.array(z.string()),
  quorum: z.number(),
  selfApproval: z.boolean(),
  decisions: z.array(
    z.object({ user: z.string(), decision: z.enum(['approve', 'reject']), comment: z.string(), at: time }),
  ),
  voidReason: z.string().nullable(),
  requestedAt: time,
  expiresAt: time,
});
export type ApprovalView = z.infer<typeof approvalView>;

export const stageView = z.object({
  index: z.number(),
  name: z.string(),
  kind: z.enum(['run', 'deploy', 'verify', 'approve']),
  /** What it works on: environment of a deploy or verify, commands of a run, approvers of an approve. */
  detail: z.string(),
  state: z.enum(STAGE_STATES),
  attempt: z.number(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  wait: waitView.nullable(),
  failure: failureView.nullable(),
  rollout: rolloutView.nullable(),
  approval: approvalView.nullable(),
});
export type StageView = z.infer<typeof stageView>;

export const RUN_STATES = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
  'superseded',
  'cancelled',
] as const;
export const runView = z.object({
  id: z.string(),
  app: z.string(),
  state: z.enum(RUN_STATES),
  release: releaseSummary.nullable(),
  commit: commitView.nullable(),
  trigger: z.object({
    kind: z.enum(['push', 'tag', 'ship', 'retry']),
    actor: z.string(),
    ref: z.string(),
    deliveryId: z.string().nullable(),
  }),
  stages: z.array(stageView),
  wait: waitView.nullable(),
  failure: failureView.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});
export type RunView = z.infer<typeof runView>;

export const holdView = z.object({
  releaseId: z.string(),
  releaseNumber: z.number(),
  by: z.string(),
  reason: z.string(),
  since: time,
});

export const environmentView = z.object({
  app: z.string(),
  name: z.string(),
  target: z.string(),
  strategy: z.enum(['rolling', 'blueGreen', 'canary']),
  /** Release that the ledger says is live, and whether the target agrees. */
  live: releaseSummary.nullable(),
  drift: z.string().nullable(),
  state: z.union([z.literal('idle'), rolloutPhase]),
  health: z.enum(['ok', 'degraded', 'unknown']),
  traffic: z.array(
    z.object({ releaseId: z.string(), releaseNumber: z.number().nullable(), weight: z.number(), ready: z.boolean() }),
  ),
  /** Over the last minute, all versions together. */
  requestsPerSecond: z.number(),
  errorShare: z.number().nullable(),
  latencyP95: z.number().nullable(),
  hold: holdView.nullable(),
  rollback: z.object({ ready: z.boolean(), to: releaseSummary.nullable(), reason: z.string().nullable() }),
  rolloutId: z.string().nullable(),
  waiting: z.array(
    z.object({ rolloutId: z.string(), releaseNumber: z.number(), position: z.number(), blocker: z.string() }),
  ),
  url: z.string(),
});
export type EnvironmentView = z.infer<typeof environmentView>;

export const appView = z.object({
  name: z.string(),
  repository: z.string(),
  forge: z.enum(['github', 'gitlab', 'local']),
  addedAt: time,
  environments: z.array(environmentView),
  /** Newest run, whatever its state. */
  lastRunId: z.string().nullable(),
});
export type AppView = z.infer<typeof appView>;

export const DEPLOYMENT_STATUSES = [
  'pending',
  'in_progress',
  'succeeded',
  'failed',
  'rolled_back',
  'aborted',
  'superseded',
] as const;
export const deploymentView = z.object({
  id: z.string(),
  app: z.string(),
  environment: z.string(),
  kind: z.enum(['deploy', 'rollback']),
  status: z.enum(DEPLOYMENT_STATUSES),
  release: releaseSummary,
  previous: releaseSummary.nullable(),
  by: z.string(),
  reason: z.string().nullable(),
  evidence: z.array(z.string()),
  startedAt: time,
  finishedAt: time.nullable(),
});
export type DeploymentView = z.infer<typeof deploymentView>;

export const DELIVERY_OUTCOMES = ['queued', 'ignored', 'pong', 'rejected'] as const;

export const deliveryView = z.object({
  id: z.string(),
  source: z.string(),
  forge: z.string(),
  /** Sent by the forge, or found by asking it. */
  via: z.enum(['webhook', 'poll']),
  deliveryId: z.string(),
  event: z.string(),
  outcome: z.enum(DELIVERY_OUTCOMES),
  reason: z.string().nullable(),
  receivedAt: time,
  runIds: z.array(z.string()),
  taskIds: z.array(z.string()),
  /** Label of the secret that its signature fitted. */
  secretLabel: z.string().nullable(),
  remoteAddress: z.string().nullable(),
  /** Id of the delivery that this one replays. */
  replayOf: z.string().nullable(),
  /** How often it came again, and when last. */
  duplicates: z.number(),
  lastDuplicateAt: time.nullable(),
  headers: z.record(z.string(), z.string()),
  /** Only in the single view, and only while it is kept. */
  body: z.string().nullable(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

export const eventView = z.object({
  position: z.number(),
  at: time,
  kind: z.string(),
  app: z.string().nullable(),
  environment: z.string().nullable(),
  subject: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type EventView = z.infer<typeof eventView>;

export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  /** The only things it may do; null: what its role may. */
  scopes: z.array(scopeSchema).nullable(),
  createdAt: time,
  lastUsedAt: time.nullable(),
  /** Null: valid until it is revoked. */
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
});
export type TokenView = z.infer<typeof tokenView>;

/** A secret as it may be shown: everything but its value. */
export const secretView = z.object({
  name: z.string(),
  /** Null: of every environment that has none of its own. */
  environment: z.string().nullable(),
  version: z.number().int(),
  setBy: z.string(),
  setAt: time,
});
export type SecretView = z.infer<typeof secretView>;

/** RFC 9457 problem details with our fields. */
export const problemView = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  fix: z.string(),
  errors: z.array(
    z.object({
      message: z.string(),
      file: z.string().optional(),
      line: z.number().optional(),
      column: z.number().optional(),
      path: z.string().optional(),
      fix: z.string().optional(),
    }),
  ),
  next: z.array(z.object({ command: z.string(), why: z.string().optional() })),
});
export type ProblemView = z.infer<typeof problemView>;

export const componentView = z.object({
  name: z.string(),
  status: z.enum(['ok', 'degraded', 'down']),
  detail: z.string(),
});
export const healthView = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  version: z.string(),
  components: z.array(componentView),
});
export type HealthView = z.infer<typeof healthView>;
