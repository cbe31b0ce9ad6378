import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { FunadeError, type Logger, messageOf, sleep } from '../kernel/index.ts';
import type { Connection } from './database.ts';
import type { DataDir } from './data-dir.ts';
import { type Placement, placeCluster } from './embedded-placement.ts';

const run = promisify(execFile);

/** Small for a laptop, durable for real: fsync and synchronous commit stay on. */
const SETTINGS = {
  listen_addresses: '',
  shared_buffers: '32MB',
  max_connections: '80',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  autovacuum_naptime: '30s',
  log_min_messages: 'warning',
} as const;

export interface EmbeddedPostgres {
  readonly connection: Connection;
  /** Directory of the cluster's files, for people. */
  readonly directory: string;
  /** Whether a server that survived the previous process was taken over instead of started. */
  readonly adopted: boolean;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL from the binaries that npm installed, or takes over the one that a killed predecessor left running on
 * this data directory. It listens on a unix socket only. As root it runs as an unprivileged user.
 */
export async function startEmbeddedPostgres(dataDir: DataDir, logger: Logger): Promise<EmbeddedPostgres> {
  const log = join(await dataDir.folder('logs'), 'postgres.log');
  let placement: Placement | undefined;
  try {
    placement = await placeCluster(dataDir.path);
    const password = await readPassword(dataDir);
    await initialise(placement, password);
    const survivor = await findRunning(placement.cluster);
    if (survivor === undefined) launch(placement, log);
    else logger.info({ pid: survivor }, 'PostgreSQL of the previous process is still running; taking it over.');
    const connection = { host: placement.socket, port: 5432, user: 'funade', password, database: 'funade' };
    await ensureDatabase(connection, placement.cluster);
    const { cluster } = placement;
    return { connection, directory: cluster, adopted: survivor !== undefined, stop: () => stop(cluster) };
  } catch (thrown) {
    const dir = placement?.cluster ?? dataDir.path;
    throw new FunadeError('FUN_DATABASE_START_FAILED', { dir, log, reason: messageOf(thrown) }, { cause: thrown });
  }
}

async function readPassword(dataDir: DataDir): Promise<string> {
  const file = join(await dataDir.folder('secrets'), 'postgres-password');
  try {
    return await readFile(file, 'utf8');
  } catch {
    const password = randomBytes(24).toString('base64url');
    await writeFile(file, password, { mode: 0o600 });
    return password;
  }
}

async function initialise(placement: Placement, password: string): Promise<void> {
  const done = join(placement.cluster, 'funade-initialised');
  if (await exists(done)) return;
  await rm(placement.cluster, { recursive: true, force: true }); // what an interrupted first start left behind
  await mkdir(placement.cluster, { recursive: true, mode: 0o700 });
  await placement.own(placement.cluster);
  const passwordFile = `${placement.cluster}.pw`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await placement.own(passwordFile);
  try {
    await run(
      placement.program('initdb'),
      [
        '-D',
        placement.cluster,
        '-U',
        'funade',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
        '--no-sync',
      ],
      { ...placement.identity, cwd: '/', env: placement.environment },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(done, '');
  await placement.own(done);
}

/** The postmaster's pid, when the one in `postmaster.pid` is alive and is a PostgreSQL on this very directory. */
async function findRunning(cluster: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 0);
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => cluster);
    return commandLine.includes(cluster) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function launch(placement: Placement, log: string): void {
  const output = openSync(log, 'a', 0o600);
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: placement.socket });
  const child = spawn(
    placement.program('postgres'),
    ['-D', placement.cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...placement.identity,
      cwd: '/',
      env: placement.environment,
      detached: true,
      stdio: ['ignore', output, output],
    },
  );
  child.on('error', () => {}); // told by ensureDatabase, with the reason from the log
  child.unref();
  closeSync(output);
}

async function ensureDatabase(connection: Connection, cluster: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ ...connection, database: 'postgres' });
    try {
      await client.connect();
      const found = await client.query('select 1 from pg_database where datname = $1', [connection.database]);
      if (found.rowCount === 0) await client.query(`create database ${connection.database}`);
      return;
    } catch (thrown) {
      const starting = ['ENOENT', 'ECONNREFUSED', '57P03'].includes((thrown as { code?: string }).code ?? '');
      const alive = Date.now() < deadline - 55_000 || (await findRunning(cluster)) !== undefined;
      if (!starting || !alive || Date.now() > deadline) throw thrown;
      await sleep(15);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function stop(cluster: string): Promise<void> {
  const pid = await findRunning(cluster);
  if (pid === undefined) return;
  process.kill(pid, 'SIGINT'); // fast shutdown: ends connections, writes a checkpoint
  const deadline = Date.now() + 20_000;
  while ((await findRunning(cluster)) !== undefined && Date.now() < deadline) await sleep(15);
}

async function exists(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}
