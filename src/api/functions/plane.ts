import type { Functions } from '../../functions/index.ts';
import type { RateLimit } from '../rate-limit.ts';

/** What the resources of functions stand on: served by every process that hosts functions. */
export interface FunctionsPlane {
  readonly functions: Functions;
  /** Per token, of calls and of looking up. */
  readonly limits: { readonly execute: RateLimit; readonly read: RateLimit };
}
