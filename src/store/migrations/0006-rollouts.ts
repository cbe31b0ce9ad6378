import { type Kysely, sql } from 'kysely';

/** Environments, the rollouts that move them, every call to a target with its key, and the ledger that explains what is live. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table environments (
      app text not null,
      name text not null,
      target text not null,
      live_release text,
      warm_release text,
      warm_until timestamptz,
      hold jsonb,
      drift text,
      created_at timestamptz not null default clock_timestamp(),
      primary key (app, name)
    )`.execute(db);
  await sql`
    create table rollouts (
      sequence bigint generated always as identity unique,
      id text primary key,
      app text not null,
      environment text not null,
      kind text not null check (kind in ('deploy', 'rollback')),
      release_id text not null,
      stable_id text,
      run_id text,
      initiator jsonb not null,
      reason text,
      phase text not null,
      wait jsonb,
      plan jsonb not null,
      state jsonb not null,
      metrics jsonb not null default '[]',
      revision bigint not null default 0,
      created_at timestamptz not null default clock_timestamp(),
      started_at timestamptz,
      finished_at timestamptz,
      foreign key (app, environment) references environments (app, name) on delete cascade
    )`.execute(db);
  await sql`
    create unique index rollouts_one_active on rollouts (app, environment)
    where phase in ('preparing', 'shifting', 'holding', 'baking', 'aborting', 'rolling_back')`.execute(db);
  await sql`create index rollouts_environment on rollouts (app, environment, sequence desc)`.execute(db);
  await sql`create index rollouts_run on rollouts (run_id)`.execute(db);
  await sql`
    create table rollout_effects (
      key text primary key,
      app text not null,
      environment text not null,
      rollout_id text,
      kind text not null,
      detail jsonb not null,
      fence bigint not null,
      intended_at timestamptz not null default clock_timestamp(),
      sent_at timestamptz,
      attempts integer not null default 0
    )`.execute(db);
  await sql`create index rollout_effects_rollout on rollout_effects (rollout_id)`.execute(db);
  await sql`
    create table rollout_commands (
      id bigint generated always as identity primary key,
      rollout_id text not null references rollouts (id) on delete cascade,
      kind text not null,
      by_user text not null,
      reason text not null,
      step integer,
      at timestamptz not null default clock_timestamp(),
      applied_at timestamptz
    )`.execute(db);
  await sql`create index rollout_commands_open on rollout_commands (rollout_id) where applied_at is null`.execute(db);
  await sql`
    create table deployments (
      id text primary key,
      rollout_id text not null unique references rollouts (id) on delete cascade,
      app text not null,
      environment text not null,
      kind text not null,
      status text not null,
      release_id text not null,
      previous_release_id text,
      by_user text not null,
      commit_sha text not null,
      reason text,
      evidence jsonb not null default '[]',
      started_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz
    )`.execute(db);
  await sql`create index deployments_environment on deployments (app, environment, started_at desc)`.execute(db);
}
