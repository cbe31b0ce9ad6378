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
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary'): unknown =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', () => {}); // an idle connection that breaks is replaced by the pool; the next query reports it
  // A connection that breaks while a transaction holds it fails that transaction; its own event has nothing to add.
  pool.on('connect', (client) => client.on('error', () => {}));
  return new Kysely<CoreTables>({ dialect: new PostgresDialect({ pool }) });
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

/** Runs `work` in one transaction; whatever throws inside rolls all of it back. */
export async function transaction<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  const acts: (() => void)[] = [];
  const result = await db.transaction().execute((trx) => {
    afterCommits.set(trx, acts);
    return work(trx);
  });
  for (const act of acts) act();
  return result;
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
