import type { Clock, Logger } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Artifacts, Db, SecretStore } from '../store/index.ts';
import type { Delivery, Members, Probe } from './port.ts';
import type { Source } from './source/index.ts';

export interface ReleasesDependencies {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly source: Source;
  readonly artifacts: Artifacts;
  readonly secrets: Pick<SecretStore, 'pin' | 'resolve'>;
  readonly sandbox: Sandbox;
  readonly delivery: Delivery;
  readonly members: Members;
  readonly probe: Probe;
  /** Directory for checkouts; one folder per run, removed when the run ends. */
  readonly workspaces: string;
  /** Directories that pipeline commands must not read. */
  readonly hidden: readonly string[];
  /** PATH of pipeline commands. */
  readonly path: string;
}

export interface RunDependencies extends ReleasesDependencies {
  readonly driver: Driver;
}
