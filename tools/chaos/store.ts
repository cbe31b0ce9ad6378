import { type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import type { Connection, Db } from '../../src/store/index.ts';

/** Looks at the tables of a running Funade, as they are, without changing them. */

export interface Progress {
  /** Rollouts that have an environment, with the number of rounds that were written. */
  readonly active: readonly {
    readonly id: string;
    readonly place: string;
    readonly revision: number;
    readonly fence: number;
  }[];
  /** Runs that somebody works on, or should. */
  readonly dueRuns: readonly { readonly id: string; readonly fence: number }[];
}

const ACTIVE = sql`('preparing', 'shifting', 'holding', 'baking', 'aborting', 'rolling_back')`;

export async function readProgress(db: Db): Promise<Progress> {
  const active = await sql<Progress['active'][number]>`
    select r.id, r.app || '/' || r.environment as place, r.revision, w.fence from rollouts r
    join work w on w.kind = 'environment' and w.id = r.app || '/' || r.environment where r.phase in ${ACTIVE}`.execute(
    db,
  );
  const runs = await sql<Progress['dueRuns'][number]>`
    select id, fence from work where kind = 'run' and (lease_until is not null or wake_at <= clock_timestamp())`.execute(
    db,
  );
  return { active: active.rows, dueRuns: runs.rows };
}

/** What has not moved since `before`: rollouts without a new round by a new holder, runs that nobody has claimed since. */
export async function readStuck(db: Db, before: Progress): Promise<readonly string[]> {
  const now = await readProgress(db);
  const fences = await sql<{ id: string; fence: number }>`select id, fence from work where kind = 'run'`.execute(db);
  const rollouts = before.active.filter((old) => {
    const present = now.active.find(({ id }) => id === old.id);
    return present !== undefined && (present.revision <= old.revision || present.fence <= old.fence);
  });
  const runs = before.dueRuns.filter((old) => (fences.rows.find(({ id }) => id === old.id)?.fence ?? 0) <= old.fence);
  return [...rollouts.map(({ id }) => id), ...runs.map(({ id }) => id)];
}

export interface RouterWatch {
  /** Resolves at the next commit that changes the router; also after `within` milliseconds, or when aborted. */
  nextWrite(within: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Hears of a change of the router as its hosts do, at its commit. */
export async function watchRouter(connection: Connection): Promise<RouterWatch> {
  const client = new pg.Client({ ...connection, application_name: 'chaos' });
  await client.connect();
  await client.query('listen funade_functions');
  return {
    nextWrite: (within, signal) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          client.off('notification', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, within);
        client.on('notification', done);
        signal.addEventListener('abort', done);
      }),
    close: () => client.end(),
  };
}

export interface Overview {
  readonly openRuns: number;
  readonly openRollouts: number;
  /** Rollouts that were ever given production. */
  readonly begun: number;
  /** Releases that may be put back. */
  readonly succeeded: number;
}

export async function readOverview(db: Db): Promise<Overview> {
  const { rows } = await sql<Overview>`
    select (select count(*)::int from runs where finished_at is null) as "openRuns",
      (select count(*)::int from rollouts where finished_at is null) as "openRollouts",
      (select count(*)::int from rollouts where environment = 'production' and started_at is not null) as begun,
      (select count(distinct release_id)::int from deployments
        where environment = 'production' and kind = 'deploy' and status = 'succeeded') as succeeded`.execute(db);
  return rows[0] ?? { openRuns: 0, openRollouts: 0, begun: 0, succeeded: 0 };
}

/** Runs that one delivery made, whether they have ended, and where their release is in production. */
export async function readRunOf(
  db: Db,
  deliveryId: string,
): Promise<{ readonly ended: boolean; readonly rollout: string | null; readonly phase: string | null } | null> {
  const { rows } = await sql<{ ended: boolean; rollout: string | null; phase: string | null }>`
    select runs.finished_at is not null as ended, r.id as rollout, r.phase from runs
    left join rollouts r on r.run_id = runs.id and r.environment = 'production'
    where trigger ->> 'deliveryId' = ${deliveryId}`.execute(db);
  return rows[0] ?? null;
}

export async function readPendingApprovals(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select a.id from approvals a where a.state = 'pending'
      and not exists (select 1 from approval_decisions d where d.approval_id = a.id)`.execute(db);
  return rows.map(({ id }) => id);
}

export async function isDecided(db: Db, approvalId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from approval_decisions where approval_id = ${approvalId}`.execute(db);
  return rows.length > 0;
}

/** Rollback that was asked for with this reason. */
export async function readRollback(
  db: Db,
  reason: string,
): Promise<{ readonly id: string; readonly ended: boolean } | null> {
  const { rows } = await sql<{ id: string; ended: boolean }>`
    select id, finished_at is not null as ended from rollouts where kind = 'rollback' and reason = ${reason}`.execute(
    db,
  );
  return rows[0] ?? null;
}

export async function isHeld(db: Db): Promise<boolean> {
  const { rows } = await sql`select 1 from environments where hold is not null and name = 'production'`.execute(db);
  return rows.length > 0;
}

export async function hasCommand(db: Db, rolloutId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from rollout_commands where rollout_id = ${rolloutId}`.execute(db);
  return rows.length > 0;
}

// ---- the whole truth, when everything has come to rest ------------------------------------------------------------------

export interface DeliveryFact {
  readonly deliveryId: string;
  readonly outcome: string;
  readonly runIds: readonly string[];
}
export interface RunFact {
  readonly id: string;
  readonly deliveryId: string | null;
  readonly state: string;
  readonly ended: boolean;
  readonly releaseId: string | null;
  readonly stages: readonly {
    readonly name: string;
    readonly state: string;
    readonly attempt: number;
    readonly rollout: string | null;
  }[];
}
export interface RolloutFact {
  readonly id: string;
  readonly environment: string;
  readonly kind: 'deploy' | 'rollback';
  readonly releaseId: string;
  readonly stableId: string | null;
  readonly runId: string | null;
  readonly phase: string;
  readonly statePhase: string;
  readonly reason: string | null;
  readonly outcome: { readonly by: string; readonly reason: string } | null;
  readonly planned: readonly number[];
  readonly weightsSeen: readonly number[];
  /** Epoch milliseconds. */
  readonly endedAt: number | null;
  readonly ledger: string | null;
}
export interface IntentFact {
  readonly key: string;
  /** Whether it was recorded that the call had returned. */
  readonly sent: boolean;
}
export interface WriteFact {
  readonly environment: string;
  readonly act: 'publish' | 'weights' | 'retire';
  readonly key: string;
  readonly fence: number;
  readonly revision: number;
  readonly changed: boolean;
  readonly weights: readonly { readonly version: string; readonly weight: number }[];
}
export interface EventFact {
  readonly kind: string;
  readonly environment: string | null;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}
export interface PlaceFact {
  readonly environment: string;
  readonly live: string | null;
  readonly drift: string | null;
  readonly desired: WriteFact['weights'];
  readonly routed: WriteFact['weights'];
}
export interface Facts {
  readonly deliveries: readonly DeliveryFact[];
  readonly runs: readonly RunFact[];
  readonly releases: readonly { readonly id: string; readonly number: number; readonly sha: string }[];
  readonly rollouts: readonly RolloutFact[];
  readonly intents: readonly IntentFact[];
  readonly writes: readonly WriteFact[];
  readonly events: readonly EventFact[];
  readonly places: readonly PlaceFact[];
}

export async function readFacts(db: Db): Promise<Facts> {
  const rows = async <T>(query: RawBuilder<T>): Promise<readonly T[]> => (await query.execute(db)).rows;
  return {
    deliveries: await rows(sql<DeliveryFact>`
      select delivery_id as "deliveryId", outcome, run_ids as "runIds" from deliveries order by id`),
    runs: await rows(sql<RunFact>`
      select id, trigger ->> 'deliveryId' as "deliveryId", state, finished_at is not null as ended, release_id as "releaseId",
        coalesce((select jsonb_agg(jsonb_build_object('name', name, 'state', state, 'attempt', attempt, 'rollout', rollout_id) order by index)
          from stages where run_id = runs.id), '[]') as stages
      from runs order by sequence`),
    releases: await rows(sql<Facts['releases'][number]>`
      select id, number, commit_sha as sha from releases order by number`),
    rollouts: await rows(sql<RolloutFact>`
      select r.id, r.environment, r.kind, r.release_id as "releaseId", r.stable_id as "stableId", r.run_id as "runId", r.phase,
        r.state ->> 'phase' as "statePhase", r.reason, r.state -> 'outcome' as outcome, r.state -> 'weightsSeen' as "weightsSeen",
        coalesce((select jsonb_agg((step ->> 'weight')::int order by position)
          from jsonb_array_elements(r.plan -> 'steps') with ordinality as steps (step, position)
          where step ->> 'kind' = 'weight'), '[]') as planned,
        (extract(epoch from r.finished_at) * 1000)::float8 as "endedAt", d.status as ledger
      from rollouts r left join deployments d on d.rollout_id = r.id order by r.sequence`),
    intents: await rows(sql<IntentFact>`select key, sent_at is not null as sent from rollout_effects`),
    writes: await rows(sql<WriteFact>`
      select environment, act, key, fence, revision, changed, weights from function_alias_history order by position`),
    events: await rows(sql<EventFact>`select kind, environment, subject, data from events order by position`),
    places: await rows(sql<PlaceFact>`
      select e.name as environment, e.live_release as live, e.drift, coalesce(a.weights, '[]') as desired,
        coalesce(h.weights, '[]') as routed
      from environments e
      left join function_aliases a on a.app = e.app and a.environment = e.name
      left join function_host_aliases h on h.app = e.app and h.environment = e.name order by e.name`),
  };
}

/** Leases that are held. */
export async function readLeases(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select kind || ' ' || id as name from work where lease_until is not null or owner is not null`.execute(db);
  return rows.map(({ name }) => name);
}
