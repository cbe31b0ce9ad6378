import { z } from 'zod';
import { roleSchema } from './views.ts';

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
export const createTokenRequest = z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,38}$/), role: roleSchema });
export const createTokenAnswer = z.object({ id: z.string(), name: z.string(), role: roleSchema, token: z.string() });
export type CreateTokenAnswer = z.infer<typeof createTokenAnswer>;

/** `GET` lists answer `{items, next}`; `next` is the cursor of the following page or null. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
