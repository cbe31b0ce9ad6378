import { z } from 'zod';
import { roleSchema } from './views.ts';

/** Exchanges a token for the dashboard's session cookie. */
export const sessionRequest = z.object({ token: z.string().min(1) });
/** Who asks, by cookie or by token. */
export const sessionView = z.object({ user: z.string(), role: roleSchema });
export type SessionView = z.infer<typeof sessionView>;

export const livenessView = z.object({ status: z.literal('ok') });
export const readinessView = z.object({
  status: z.enum(['ready', 'not_ready']),
  /** Why not, in words; empty when ready. */
  reasons: z.array(z.string()),
});
export type ReadinessView = z.infer<typeof readinessView>;
export const healthSummary = z.object({ status: z.enum(['ok', 'degraded', 'down']), version: z.string() });
