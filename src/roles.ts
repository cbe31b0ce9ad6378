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
  /** Works on agent tasks. */
  readonly agent: boolean;
  /** Asks forges for what their webhooks did not tell. */
  readonly polling: boolean;
}

const NOTHING: Duties = {
  webhook: false,
  engine: false,
  functions: false,
  api: false,
  agent: false,
  polling: false,
};
const ALL: Duties = { webhook: true, engine: true, functions: true, api: true, agent: true, polling: true };

/** What each role runs in this process; `guard` is a server of its own (see `cli/commands/serve.ts`). */
export const roles: ReadonlyMap<ServerRole, Duties> = new Map([
  ['all', ALL],
  ['control', { ...ALL, functions: false }],
  ['webhook', { ...NOTHING, webhook: true }],
  ['consumer', { ...NOTHING, agent: true }],
  ['producer', { ...NOTHING, polling: true }],
  ['releases', { ...NOTHING, engine: true }],
  ['functions', { ...NOTHING, functions: true }],
  ['web', { ...NOTHING, api: true }],
]);
