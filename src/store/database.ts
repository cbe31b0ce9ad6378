import { AsyncLocalStorage } from 'node:async_hooks';
import { type Generated, Kysely, PostgresDialect, type Transaction, sql } from 'kysely';
import pg from 'pg';
import { type Clock, FunadeError, type Logger, messageOf, sleep } from '../kernel/index.ts';
import { isUnreachable } from './pg-errors.ts';
import { PreparingClient } from './preparing-client.ts';

/** Tables of the store room itself; every room adds its own with `db.withTables<…>()`. */
export interface CoreTables {
  events: {
    position: Generated<number>;
    transaction: Generated<string>;
    at: Generated<Date>;
    kind: string;
    app: string | null;
    environment: string | null;
    subject: string;
    actor: string;
    data: unknown;
  };
}

export type Db = Kysely<CoreTables>;
export type Trx = Transaction<CoreTables>;

/** Where PostgreSQL is: a `postgres://` URL, or a unix socket directory with user and password. */
export interface Connection {
  readonly connectionString?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
}

const INT8 = 20;

/** A process that stopped in the middle of a transaction must not keep its locks from the others for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** What can be cut off while a transaction runs. */
interface Cuttable {
  cut: (() => void) | undefined;
}

/** The transaction with a limit that the asynchronous context belongs to: it learns so which connection it was given. */
const limited = new AsyncLocalStorage<Cuttable>();

/** Opens a pool. 64-bit integers arrive as numbers: positions, fences and counters stay below 2^53. */
export function connect(connection: Connection, options: { readonly max?: number; readonly name?: string } = {}): Db {
  const pool = new pg.Pool({
    ...connection,
    Client: PreparingClient,
    pipeline: true, // a statement is sent without waiting for the answer to the one before
    max: options.max ?? 12,
    application_name: options.name ?? 'funade',
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary'): unknown =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', () => {}); // an idle connection that breaks is replaced by the pool; the next query reports it
  // A connection that breaks while a transaction holds it fails that transaction; its own event has nothing to add.
  pool.on('connect', (client) => {
    client.on('error', () => {});
    // Not a start-up option: poolers in front of PostgreSQL refuse those. Travels with the first statement.
    client.query(`set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`).catch(() => {});
  });
  watchForCuts(pool);
  return new Kysely<CoreTables>({ dialect: new PostgresDialect({ pool }) });
}

/** When a connection is cut because the other side is silent, those that lie idle are most likely dead too and go with it. */
function watchForCuts(pool: pg.Pool): void {
  const idle = new Set<pg.PoolClient>();
  pool.on('release', (_, client) => void idle.add(client));
  pool.on('remove', (client) => void idle.delete(client));
  pool.on('acquire', (client) => {
    idle.delete(client);
    const holder = limited.getStore();
    if (holder === undefined || holder.cut !== undefined) return;
    holder.cut = () => {
      destroy(client);
      for (const each of idle) {
        each.emit('error', new Error('cut off')); // has the pool forget it now; its stream tells of its end only later
        destroy(each);
      }
    };
  });
}

/** Not `end`, which waits for what was asked before. Whoever waits for an answer learns that the connection is gone. */
function destroy(client: pg.PoolClient): void {
  client.connection.stream.destroy();
}

/**
 * Waits for what was begun without waiting for each other, such as statements of one transaction. Throws what the first of
 * them threw that failed, and only when all have ended: none is left behind for the connection's next user.
 */
export async function together(...statements: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(statements);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    const reason: unknown = result.reason;
    throw reason;
  }
}

const afterCommits = new WeakMap<Trx, (() => void)[]>();

/**
 * Runs `work` in one transaction; whatever throws inside rolls all of it back. When `until` is aborted, its connection is cut
 * off: a database that went silent holds nobody up, and this throws the signal's reason. Whether a commit that was under way
 * came through is then not known.
 */
export async function transaction<T>(db: Db, work: (trx: Trx) => Promise<T>, until?: AbortSignal): Promise<T> {
  const acts: (() => void)[] = [];
  const begin = () =>
    db.transaction().execute((trx) => {
      until?.throwIfAborted();
      afterCommits.set(trx, acts);
      return work(trx);
    });
  const result = until === undefined ? await begin() : await cutAt(until, begin);
  for (const act of acts) act();
  return result;
}

async function cutAt<T>(until: AbortSignal, begin: () => Promise<T>): Promise<T> {
  until.throwIfAborted();
  const holder: Cuttable = { cut: undefined };
  const cut = (): void => holder.cut?.();
  until.addEventListener('abort', cut);
  try {
    return await limited.run(holder, begin);
  } catch (thrown) {
    until.throwIfAborted();
    throw thrown;
  } finally {
    until.removeEventListener('abort', cut);
  }
}

/**
 * Has `act` called in this process once the transaction has committed, never when it rolls back; it must not throw. False
 * for a transaction that `transaction` did not begin: then nothing will be called. Nobody calls it after a crash either, so
 * it is for what some later look would find as well.
 */
export function afterCommit(trx: Trx, act: () => void): boolean {
  const acts = afterCommits.get(trx);
  acts?.push(act);
  return acts !== undefined;
}

/** The database's time in epoch milliseconds. */
export async function databaseNow(db: Db): Promise<number> {
  const { rows } = await sql<{
    now: number;
  }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`.execute(db);
  return rows[0]?.now ?? 0;
}

export interface DatabaseClock extends Clock {
  /** Measures the offset to the database's time again. */
  refresh(): Promise<void>;
}

/**
 * A clock that shows the database's time as it was last measured plus what has passed since on this machine's monotonic
 * clock: durations survive a wrong host clock and several processes agree. Until the first `refresh` it shows the host's time.
 */
export function databaseClock(db: Db): DatabaseClock {
  let origin = Date.now() - performance.now();
  return {
    now: () => Math.round(origin + performance.now()),
    refresh: async () => {
      const before = performance.now();
      const database = await databaseNow(db);
      origin = database - (before + performance.now()) / 2;
    },
  };
}

/** Waits until PostgreSQL answers; every failed try is logged with its reason, other faults end the wait. */
export async function waitForDatabase(
  db: Db,
  options: {
    readonly address: string;
    readonly logger: Logger;
    readonly signal?: AbortSignal;
    readonly onWait?: (reason: string) => void;
  },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await checkVersion(db);
      return;
    } catch (thrown) {
      if (!isUnreachable(thrown)) throw thrown;
      const error = new FunadeError('FUN_DATABASE_UNREACHABLE', {
        address: options.address,
        reason: messageOf(thrown),
      });
      if (options.signal?.aborted === true) throw error;
      options.onWait?.(error.message);
      options.logger.warn({ attempt, code: error.code }, `${error.message} Trying again.`);
      await sleep(Math.min(500 * 2 ** Math.min(attempt, 4), 5000), options.signal);
    }
  }
}

async function checkVersion(db: Db): Promise<void> {
  const { rows } = await sql<{ version: number; text: string }>`
    select current_setting('server_version_num')::int as version, current_setting('server_version') as text`.execute(
    db,
  );
  const row = rows[0];
  if (row !== undefined && row.version < 150_000) throw new FunadeError('FUN_DATABASE_TOO_OLD', { version: row.text });
}
