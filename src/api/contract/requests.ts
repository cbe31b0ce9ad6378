import { z } from 'zod';
import { roleSchema, scopeSchema } from './views.ts';

export const addAppRequest = z.object({
  /** Folder on the server's machine, or git URL. */
  source: z.string().min(1),
  /** Overrides the name in `funade.yaml`'s default branch; normally left out. */
  ref: z.string().optional(),
  /** Name as the forge knows it (`owner/name`), when it can't be read from the source. */
  repository: z.string().optional(),
});
export type AddAppRequest = z.infer<typeof addAppRequest>;

export const shipRequest = z.object({
  app: z.string().min(1),
  /** Branch, tag or commit; the default branch when left out. */
  ref: z.string().optional(),
  sha: z.string().optional(),
  source: z.string().optional(),
});
export type ShipRequest = z.infer<typeof shipRequest>;
export const shipAnswer = z.object({ runId: z.string() });

export const promoteRequest = z.object({ full: z.boolean().optional(), reason: z.string().optional() });
export const reasonRequest = z.object({ reason: z.string().optional() });
export const rollbackRequest = z.object({
  /** Release id or `v12`; the last release that succeeded there when left out. */
  to: z.string().optional(),
  reason: z.string().optional(),
});
export const rollbackAnswer = z.object({ rolloutId: z.string() });
export const decisionRequest = z.object({ decision: z.enum(['approve', 'reject']), comment: z.string().default('') });
export const createTokenRequest = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,38}$/),
  role: roleSchema,
  /** The only things that the token may do, whatever its role; what the role may when left out. */
  scopes: z
    .array(scopeSchema)
    .min(1)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice')
    .optional(),
  /** How long it is valid, for example `30d`; until it is revoked when left out. */
  expiresIn: z.string().optional(),
  /** Whether to answer the access key of the token too, for clients of AWS Lambda. */
  aws: z.boolean().optional(),
});
export const createTokenAnswer = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  scopes: z.array(scopeSchema).nullable(),
  expiresAt: z.number().nullable(),
  token: z.string(),
  /** With `aws: true`. */
  accessKeyId: z.string().optional(),
  secretAccessKey: z.string().optional(),
});
export type CreateTokenAnswer = z.infer<typeof createTokenAnswer>;

/** Names of applications, and of functions that stand alone. */
export const secretOwner = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,69}$/);
export const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a name of letters, digits and _, at most 64 long')
  .refine((name) => !name.startsWith('FUNADE_'), 'names that start with FUNADE_ are set by Funade');
const environmentName = z.string().regex(/^[a-z][a-z0-9-]{0,38}$/);
const MOST_SECRET_BYTES = 65_536;
export const setSecretRequest = z.object({
  value: z
    .string()
    .min(1, 'must not be empty')
    .refine((value) => new TextEncoder().encode(value).length <= MOST_SECRET_BYTES, 'must have at most 64 KB'),
  /** All environments that have none of their own when left out. */
  environment: environmentName.optional(),
});
export const secretQuery = z.object({ environment: environmentName.optional() });

/** `GET` lists answer `{items, next}`; `next` is the cursor of the following page or null. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
