import { spawn } from 'node:child_process';
import type { Ground, Server } from './compose/index.ts';
import type { ServerConfig } from './config/index.ts';
import { FunadeError, type Logger, createLogger } from './kernel/index.ts';
import { type Duties, roles } from './roles.ts';
import { openDataDir, startEmbeddedPostgres } from './store/index.ts';

export type { Server } from './compose/index.ts';

export interface ServeOptions {
  readonly config: ServerConfig;
  /** Opens the dashboard in the person's browser once it answers. */
  readonly openDashboard?: boolean;
  /** Whether the producer goes on asking forges; otherwise only `pollOnce` does. Other roles always go on. */
  readonly watch?: boolean;
  /** Ends the wait for a database that is not there, with `FUN_DATABASE_UNREACHABLE`. */
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** Starts a server. While PostgreSQL starts, the rooms are loaded. */
export async function serve({
  config,
  logger: given,
  signal,
  openDashboard = false,
  watch = false,
}: ServeOptions): Promise<Server> {
  const duties = dutiesOf(config);
  const logger = given ?? createLogger(config.logLevel);
  const dataDir = await openDataDir(config.dataDir);
  const laying = layGround(config, { duties, logger, dataDir, watch: watch || config.role !== 'producer', signal });
  try {
    const [ground, { startServer }] = await Promise.all([laying, import('./compose/index.ts')]);
    const server = await startServer(config, ground);
    if (openDashboard) openInBrowser(server.address);
    return server;
  } catch (thrown) {
    await laying.then(
      (ground) => ground.leave(),
      () => dataDir.release(),
    );
    throw thrown;
  }
}

async function layGround(
  { databaseUrl, role }: ServerConfig,
  base: Pick<Ground, 'duties' | 'logger' | 'dataDir' | 'watch' | 'signal'>,
): Promise<Ground> {
  const { logger, dataDir } = base;
  if (databaseUrl !== null) {
    const connection = { connectionString: databaseUrl };
    const database = withoutPassword(databaseUrl);
    return { ...base, connection, database, alone: false, leave: () => dataDir.release() };
  }
  warnOfSolitude(role, base);
  const embedded = await startEmbeddedPostgres(dataDir, logger);
  let left: Promise<void> | undefined;
  return {
    ...base,
    connection: embedded.connection,
    database: embedded.directory,
    alone: true,
    leave: () => (left ??= embedded.stop().then(() => dataDir.release())),
  };
}

/** A role that works for or with others has nobody to do so on a database that only this process can use. */
function warnOfSolitude(role: string, { duties, logger }: Pick<Ground, 'duties' | 'logger'>): void {
  if (duties.api && duties.webhook && duties.engine) return;
  logger.warn(
    { role },
    'This role runs on an embedded database that no other process can use: set DATABASE_URL to the one of the others.',
  );
}

function dutiesOf(config: ServerConfig): Duties {
  const duties = roles.get(config.role);
  if (duties !== undefined) return duties;
  const known = [...roles.keys()].join(', ');
  throw new FunadeError('FUN_SETTING_INVALID', {
    setting: 'FUNADE_ROLE',
    value: config.role,
    reason: 'this version has no such role yet',
    expected: `one of ${known}`,
  });
}

function openInBrowser(address: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [address], { stdio: 'ignore', detached: true });
  child.on('error', () => {}); // no browser here; the address is printed anyway
  child.unref();
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/([^:@/]+):[^@]*@/, '//$1:***@');
}
