import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { componentView } from './contract/index.ts';

export type ComponentHealth = z.infer<typeof componentView>;

export interface Readiness {
  readonly ready: boolean;
  /** Why not, one sentence each; empty when ready. */
  readonly reasons: readonly string[];
}

/** What the health routes ask the running rooms; `compose.ts` fills it. Neither method may throw. */
export interface HealthSource {
  /** Whether the engine makes progress and the database answers: not only "HTTP is up". */
  ready(): Promise<Readiness>;
  components(): Promise<readonly ComponentHealth[]>;
}

/**
 * A handler that gets the bare request, before any routing, body parsing or hook: it reads the body, answers, and answers
 * for its own failures. What it throws all the same becomes a 500.
 */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
