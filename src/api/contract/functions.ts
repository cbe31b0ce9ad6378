import { z } from 'zod';

const time = z.number();
const json = z.record(z.string(), z.unknown());

export const RUNTIME_NAMES = ['nodejs', 'python', 'rust', 'provided'] as const;
export const functionRuntime = z.enum(RUNTIME_NAMES);

/** What `PUT /functions/{name}` takes. Without code, the present code gets other settings. */
export const deployFunctionRequest = z
  .object({
    /** As under a function's name in `funade.yaml`. */
    config: json.default({}),
    code: z
      .union([
        z.object({ zip: z.base64() }).strict(),
        z.object({ files: z.record(z.string(), z.string()) }).strict(),
        /** One file, named after the runtime: `index.mjs`, `index.py`, `main.rs`. */
        z.object({ source: z.string() }).strict(),
      ])
      .optional(),
    description: z.string().max(1000).optional(),
    /** JSON Schema of `params`. */
    parameters: json.optional(),
    examples: z.array(z.unknown()).max(50).optional(),
  })
  .strict();
export type DeployFunctionRequest = z.infer<typeof deployFunctionRequest>;

export const functionVersionView = z.object({
  number: z.number(),
  digest: z.string(),
  form: z.enum(['module', 'script']),
  config: json,
  /** Why it did not come up when that was last tried; null when it did. */
  fault: z.string().nullable(),
  publishedAt: time,
  publishedBy: z.string(),
});
export type FunctionVersionView = z.infer<typeof functionVersionView>;

export const weightView = z.object({ version: z.string(), weight: z.number() });

export const functionAliasView = z.object({
  function: z.string(),
  name: z.string(),
  revision: z.number(),
  weights: z.array(weightView),
  sticky: z.union([z.object({ header: z.string() }), z.object({ cookie: z.string() })]).nullable(),
  updatedAt: time,
});
export type FunctionAliasView = z.infer<typeof functionAliasView>;

/** One version, or two whole percents that sum up to 100 with the candidate last. */
export const functionAliasRequest = z.object({
  version: z.coerce.string().optional(),
  weights: z.array(z.object({ version: z.coerce.string(), weight: z.number() })).optional(),
  sticky: z
    .union([z.object({ header: z.string().min(1) }).strict(), z.object({ cookie: z.string().min(1) }).strict()])
    .nullable()
    .optional()
    .describe('Left out: as it is'),
});

/** A standalone function, in the names that callers of sessions know it by. */
export const functionView = z.object({
  name: z.string(),
  /** Header `Language-Title` of sessions with it; null of a name that can't be one. */
  language_title: z.string().nullable(),
  language: functionRuntime,
  title: z.string(),
  /** `session`: came with a session as a script; `function`: was deployed. */
  type: z.enum(['session', 'function']),
  description: z.string(),
  /** JSON Schema of `params`, when its author gave one. */
  schema: json.nullable(),
  examples: z.array(z.unknown()),
  version: z.number(),
  user_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type FunctionView = z.infer<typeof functionView>;

export const functionListView = z.object({
  functions: z.array(functionView),
  page: z.number(),
  per_page: z.number(),
  total: z.number(),
  total_pages: z.number(),
});
export type FunctionListView = z.infer<typeof functionListView>;

export const deployFunctionAnswer = z.object({
  function: functionView,
  version: functionVersionView,
  /** False when the same content had been published before. */
  isNew: z.boolean(),
});

export const initializeRequest = z.object({
  context: json.default({}),
  script_content: z.string().optional(),
  /** All calls of the session go to one process for as long as it lives, one at a time. */
  affinity: z.boolean().default(false),
});
export const initializeAnswer = z.object({
  request_id: z.string(),
  status: z.literal('initialized'),
  expires_at: z.string(),
});

export const functionSessionView = z.object({
  request_id: z.string(),
  language_title: z.string(),
  version: z.number(),
  status: z.enum(['active', 'expired']),
  created_at: z.string(),
  expires_at: z.string(),
  last_used_at: z.string().nullable(),
  execution_count: z.number(),
  error_count: z.number(),
});

export const functionInvocationView = z.object({
  id: z.string(),
  name: z.string(),
  qualifier: z.string().nullable(),
  state: z.enum(['queued', 'succeeded', 'dead']),
  attempts: z.number(),
  payload: z.string(),
  failure: z.object({ code: z.string(), errorType: z.string().nullable(), message: z.string() }).nullable(),
  requestedBy: z.string(),
  requestedAt: time,
  finishedAt: time.nullable(),
});
export type FunctionInvocationView = z.infer<typeof functionInvocationView>;

/** One of a list: without its event, which may have 1 MB. */
export const listedInvocationView = functionInvocationView.omit({ payload: true });
export type ListedInvocationView = z.infer<typeof listedInvocationView>;

/** What a call in the background is answered with. */
export const acceptedInvocation = z.object({
  id: z.string(),
  state: z.literal('queued'),
  /** An earlier call had the same idempotency key, and this is that one. */
  duplicate: z.boolean(),
});
export type AcceptedInvocation = z.infer<typeof acceptedInvocation>;

export const functionLogView = z.object({
  position: z.number(),
  at: time,
  app: z.string(),
  environment: z.string(),
  version: z.string(),
  function: z.string(),
  stream: z.enum(['stdout', 'stderr', 'platform']),
  requestId: z.string().nullable(),
  text: z.string(),
});
export type FunctionLogView = z.infer<typeof functionLogView>;

export const functionMetricsView = z.object({
  versions: z.array(
    z.object({
      qualifier: z.string(),
      version: z.string(),
      invocations: z.number(),
      errors: z.number(),
      /** Milliseconds; null without invocations. */
      latencyP50: z.number().nullable(),
      latencyP95: z.number().nullable(),
    }),
  ),
});
export type FunctionMetricsView = z.infer<typeof functionMetricsView>;

export const layerView = z.object({
  name: z.string(),
  active: z.boolean(),
  detail: z.string(),
  fix: z.string().nullable(),
});

/** What this server runs functions with. */
export const runtimesView = z.object({
  isolation: z.object({ tier: z.enum(['A', 'B', 'C']), reason: z.string(), layers: z.array(layerView) }),
  untrusted: z.enum(['refuse', 'allow']),
  runtimes: z.array(
    z.object({
      name: functionRuntime,
      available: z.boolean(),
      version: z.string().nullable(),
      reason: z.string().nullable(),
      fix: z.string().nullable(),
    }),
  ),
  /** Megabytes. */
  memory: z.object({ used: z.number(), total: z.number() }),
});
export type RuntimesView = z.infer<typeof runtimesView>;
