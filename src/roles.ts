import type { ServerRole } from './config/index.ts';

/** What a process of a role runs. Every process answers health and metrics. */
export interface Duties {
  /** Receives webhooks. */
  readonly webhook: boolean;
  /** Moves runs and rollouts. */
  readonly engine: boolean;
  /** Hosts functions and serves `/fn/…`. */
  readonly functions: boolean;
  /** Serves the API and the dashboard. */
  readonly api: boolean;
}

const NOTHING: Duties = { webhook: false, engine: false, functions: false, api: false };

/** Roles that this version can run; the others of the specification come with their rooms. */
export const roles: ReadonlyMap<ServerRole, Duties> = new Map([
  ['all', { webhook: true, engine: true, functions: true, api: true }],
  ['control', { webhook: true, engine: true, functions: false, api: true }],
  ['webhook', { ...NOTHING, webhook: true }],
  ['releases', { ...NOTHING, engine: true }],
  ['functions', { ...NOTHING, functions: true }],
  ['web', { ...NOTHING, api: true }],
]);
