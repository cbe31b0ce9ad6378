import { sql } from 'kysely';
import pg from 'pg';
import type { Connection, Db } from '../../src/store/index.ts';

/** What the peer keeps of a webhook: one row in a table of its own. */
export interface HookStore {
  insert(id: string, body: Buffer): Promise<void>;
}

export async function openHookStore(connection: Connection): Promise<HookStore> {
  const pool = new pg.Pool({ ...connection, max: 10 });
  await pool.query(
    'create table if not exists bench_hooks (id text primary key, body bytea not null, at timestamptz not null default now())',
  );
  await pool.query('alter table bench_hooks alter column body set storage external');
  return {
    insert: async (id, body) => {
      await pool.query('insert into bench_hooks (id, body) values ($1, $2)', [id, body]);
    },
  };
}

export interface RunTimes {
  /** Epoch milliseconds. */
  readonly started: number;
  readonly ended: number;
  readonly state: string;
  /** Ends of the stages in order. */
  readonly stages: readonly { readonly started: number; readonly ended: number }[];
}

/** Times of an application's nth run (0 = the first); undefined while it has not ended. */
export async function readRunTimes(db: Db, app: string, nth: number): Promise<RunTimes | undefined> {
  const { rows } = await sql<RunTimes>`
    select extract(epoch from started_at)::float8 * 1000 as started, extract(epoch from finished_at)::float8 * 1000 as ended, state,
      (select json_agg(json_build_object('started', extract(epoch from s.started_at) * 1000,
        'ended', extract(epoch from s.finished_at) * 1000) order by s.index) from stages s where s.run_id = runs.id) as stages
    from (select * from runs where app = ${app} order by sequence offset ${nth} limit 1) runs
    where finished_at is not null`.execute(db);
  return rows[0];
}

/** Deliveries and what they caused, to see that nothing was answered without being stored. */
export async function countStored(
  db: Db,
): Promise<{ readonly deliveries: number; readonly runs: number; readonly work: number }> {
  const { rows } = await sql<{ deliveries: number; runs: number; work: number }>`
    select (select count(*)::int from deliveries where outcome = 'queued') as deliveries, (select count(*)::int from runs) as runs,
      (select count(*)::int from work where kind = 'run') as work`.execute(db);
  return rows[0] ?? { deliveries: 0, runs: 0, work: 0 };
}

/** Deliveries of labelled issues: how many are stored, how many with the whole body that was sent, and how many tasks they became. */
export async function countLabelled(
  db: Db,
): Promise<{ readonly deliveries: number; readonly whole: number; readonly tasks: number }> {
  const { rows } = await sql<{ deliveries: number; whole: number; tasks: number }>`
    select count(*)::int as deliveries, count(*) filter (where sha256(body) = body_hash)::int as whole,
      (select count(distinct number)::int from tasks) as tasks
    from deliveries where event = 'issues' and outcome = 'queued'`.execute(db);
  return rows[0] ?? { deliveries: 0, whole: 0, tasks: 0 };
}

/** When the task of an issue was claimed, in epoch milliseconds; undefined while it was not. */
export async function readClaim(db: Db, number: number): Promise<{ readonly claimedAt: number } | undefined> {
  const { rows } = await sql<{ claimedAt: number }>`
    select extract(epoch from claimed_at)::float8 * 1000 as "claimedAt"
    from tasks where number = ${number} and claimed_at is not null`.execute(db);
  return rows[0];
}
