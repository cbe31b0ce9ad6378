import { z } from 'zod';

const time = z.number();

export const TASK_STATES = [
  'queued',
  'claimed',
  'running',
  'pausing',
  'paused',
  'stopping',
  'stopped',
  'awaiting_approval',
  'succeeded',
  'failed',
  'dead',
  'cancelled',
  'expired',
] as const;

/** What a person may ask for while a task is alive. */
export const STEERING_ACTS = ['pause', 'resume', 'stop', 'approve'] as const;
export type SteeringAct = (typeof STEERING_ACTS)[number];

/** One handing over of an issue or change to the agent. */
export const taskView = z.object({
  id: z.string(),
  source: z.string(),
  forge: z.enum(['github', 'gitlab']),
  /** `owner/name` */
  project: z.string(),
  kind: z.enum(['issue', 'change']),
  number: z.number(),
  title: z.string(),
  url: z.string(),
  /** Counts the times this subject was handed over, from 1. */
  generation: z.number(),
  state: z.enum(TASK_STATES),
  /** Why it is in that state: a code (`actor_not_allowed`) or, for a wait, what is waited for. */
  reason: z.string().nullable(),
  /** To be looked up in the server's log. */
  errorId: z.string().nullable(),
  label: z.string(),
  /** Who put the label on, or who retried. */
  actor: z.string(),
  via: z.enum(['webhook', 'poll', 'retry']),
  deliveryId: z.string().nullable(),
  /** Process that works on it, or did last. */
  worker: z.string().nullable(),
  queuedAt: time,
  /** When the next attempt begins at the earliest. */
  notBefore: time.nullable(),
  claimedAt: time.nullable(),
  endedAt: time.nullable(),
  attempts: z.array(
    z.object({
      number: z.number(),
      worker: z.string(),
      startedAt: time,
      endedAt: time.nullable(),
      /** Null while it runs. */
      outcome: z.enum(['succeeded', 'failed', 'cancelled', 'lost']).nullable(),
      reason: z.string().nullable(),
      errorId: z.string().nullable(),
    }),
  ),
  /** What a person can do about it now, the gentlest first; an ended one can be handed over once more. */
  acts: z.array(z.enum([...STEERING_ACTS, 'retry'])),
  /** Branch with the work; null before something was pushed to it. */
  branch: z.string().nullable(),
  /** Pull or merge request with the work. */
  change: z.object({ number: z.number(), url: z.string(), adopted: z.boolean() }).nullable(),
  /** The agent's checklist. */
  plan: z.array(z.object({ text: z.string(), done: z.boolean() })),
  /** Markdown of the plan that waits for approval, or was approved. */
  planText: z.string().nullable(),
  planApprovedBy: z.string().nullable(),
  /** Last line that the agent said of its progress. */
  note: z.string().nullable(),
  /** What the agent says that it did: Markdown. */
  summary: z.string().nullable(),
  /** What its failure is about: the end of a check's output, lines of a faulty file, an exit code. Text of others. */
  detail: z.string().nullable(),
  usage: z.object({
    steps: z.number(),
    inputTokens: z.number(),
    outputTokens: z.number(),
    /** US dollars; null where no price is configured. */
    money: z.number().nullable(),
  }),
  pausedAt: time.nullable(),
  /** When a task that rests (paused, or its plan waits for approval) is given up. */
  expiresAt: time.nullable(),
  steeredBy: z.string().nullable(),
  steerReason: z.string().nullable(),
});
export type TaskView = z.infer<typeof taskView>;
export type TaskAct = TaskView['acts'][number];

export const steerTaskRequest = z.object({ reason: z.string().max(500).nullish() });

/** A piece of a task's log; ask again with `after: next` for what came since. */
export const taskLogView = z.object({ text: z.string(), next: z.number(), ended: z.boolean() });
export type TaskLogView = z.infer<typeof taskLogView>;

/** What works on tasks, and what is in its way. */
export const agentView = z.object({
  /** `none`: nothing does. */
  runner: z.string(),
  /** Why tasks would fail before anything was tried, as a code of tasks. */
  trouble: z.string().nullable(),
  isolation: z.object({ tier: z.enum(['A', 'B', 'C']), reason: z.string() }),
  /** Null where no model is configured. */
  model: z
    .object({
      name: z.string().nullable(),
      host: z.string().nullable(),
      /** Why it could not be used, as a code of tasks. */
      trouble: z.string().nullable(),
      /** What it answered, or why it did not. */
      detail: z.string(),
    })
    .nullable(),
});
export type AgentView = z.infer<typeof agentView>;

export const sourceView = z.object({
  name: z.string(),
  forge: z.enum(['github', 'gitlab']),
  apiUrl: z.string(),
  /** Path that its hooks deliver to. */
  webhookPath: z.string(),
  /** From the configuration, or added. */
  origin: z.enum(['config', 'added']),
  /** How the API is used: nothing but webhooks works without. */
  credentials: z.enum(['none', 'token', 'app']),
  /** What is wrong with the source itself, as codes: `plain_http`, `secret_unreadable=<label>` and the like. */
  troubles: z.array(z.string()).default([]),
  /** Labels of the secrets that are valid now, never the values. */
  secrets: z.array(z.object({ label: z.string(), kind: z.enum(['secret', 'signing']), since: time.nullable() })),
  lastDelivery: z
    .object({
      id: z.string(),
      at: time,
      event: z.string(),
      outcome: z.string(),
      reason: z.string().nullable(),
      secretLabel: z.string().nullable(),
    })
    .nullable(),
  /** Requests that could not be verified. */
  lastFailure: z.object({ at: time, reason: z.string(), client: z.string().nullable(), count: z.number() }).nullable(),
  repositories: z.array(
    z.object({
      fullName: z.string(),
      /** `application`: because an application comes from it. */
      origin: z.enum(['config', 'added', 'application']),
      hook: z
        .object({
          id: z.string().nullable(),
          url: z.string().nullable(),
          troubles: z.array(z.string()),
          checkedAt: time,
        })
        .nullable(),
      lastPollAt: time.nullable(),
      nextPollAt: time.nullable(),
      pollFailure: z.string().nullable(),
    }),
  ),
});
export type SourceView = z.infer<typeof sourceView>;

const repositoryName = z
  .string()
  .regex(/^[\w.-]+(?:\/[\w.-]+)+$/, 'must be `owner/name` as the forge shows it')
  .max(255);

export const addSourceRequest = z.object({
  /** `github` and `gitlab` are always there: adding to them adds repositories, secrets or a token. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/, 'must be a name of small letters, digits and -, at most 39 long'),
  /** Needed for a new name. */
  forge: z.enum(['github', 'gitlab']).optional(),
  /** The forge's public one when left out. */
  apiUrl: z.url({ protocol: /^https?$/ }).optional(),
  token: z.string().min(16).optional(),
  /** Webhook secret; one is made, and answered once, when left out. */
  secret: z.string().min(16).optional(),
  /** GitLab 19 and newer: key of Standard Webhooks signatures. */
  signingToken: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must begin with whsec_')
    .optional(),
  repositories: z.array(repositoryName).default([]),
});
export type AddSourceRequest = z.infer<typeof addSourceRequest>;

/** Of adding and of rotating. A secret that was made is answered this once. */
export const addSourceAnswer = z.object({
  source: sourceView,
  secret: z.object({ label: z.string(), value: z.string() }).nullable(),
});
export type AddSourceAnswer = z.infer<typeof addSourceAnswer>;

export const rotateSourceRequest = z.object({
  /** A new one is made when left out. */
  secret: z.string().min(16).optional(),
  /** Removes the secrets with these labels; the new one is made only when this is left out. */
  remove: z.array(z.string()).optional(),
});

export const removeSourceQuery = z.object({
  /** Only these repositories, given once or several times; the source itself when left out. */
  repository: z.preprocess(
    (given) => (typeof given === 'string' ? [given] : given),
    z.array(repositoryName).default([]),
  ),
});

export const installSourceRequest = z.object({
  /** Address that the forge reaches; `webhook.url` when left out. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** All of the source when left out. */
  repositories: z.array(repositoryName).optional(),
});
export const installSourceAnswer = z.object({
  hooks: z.array(
    z.object({
      repository: z.string(),
      url: z.string(),
      done: z.enum(['created', 'updated', 'unchanged', 'failed']),
      /** Why it failed, or what will hurt. */
      troubles: z.array(z.string()),
    }),
  ),
});
export type InstallSourceAnswer = z.infer<typeof installSourceAnswer>;
