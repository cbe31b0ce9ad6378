import { type Kysely, sql } from 'kysely';

/** Applications, the runs of their commits through the pipeline, the releases that come out, and the approvals they need. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table apps (
      name text primary key,
      source text not null,
      forge text not null,
      repository text not null,
      triggers jsonb not null,
      added_by text not null,
      created_at timestamptz not null default clock_timestamp(),
      removed_at timestamptz
    )`.execute(db);
  await sql`create index apps_repository on apps (repository) where removed_at is null`.execute(db);
  await sql`
    create table releases (
      id text primary key,
      app text not null references apps (name),
      number integer not null,
      commit_sha text not null,
      commit jsonb not null,
      range jsonb not null,
      artifact_digest text not null,
      config_hash text not null,
      config jsonb not null,
      created_at timestamptz not null default clock_timestamp(),
      unique (app, number)
    )`.execute(db);
  await sql`
    create table runs (
      sequence bigint generated always as identity unique,
      id text primary key,
      app text not null references apps (name),
      trigger jsonb not null,
      sha text,
      commit jsonb,
      config jsonb,
      release_id text references releases (id),
      state text not null,
      failure jsonb,
      created_at timestamptz not null default clock_timestamp(),
      started_at timestamptz,
      finished_at timestamptz
    )`.execute(db);
  await sql`create index runs_app on runs (app, sequence desc)`.execute(db);
  await sql`
    create table stages (
      run_id text not null references runs (id) on delete cascade,
      index integer not null,
      name text not null,
      config jsonb not null,
      state text not null,
      attempt integer not null default 0,
      started_at timestamptz,
      finished_at timestamptz,
      wait jsonb,
      failure jsonb,
      rollout_id text,
      primary key (run_id, index)
    )`.execute(db);
  await sql`
    create table stage_logs (
      position bigint generated always as identity primary key,
      run_id text not null references runs (id) on delete cascade,
      stage integer not null,
      at timestamptz not null default clock_timestamp(),
      text text not null
    )`.execute(db);
  await sql`create index stage_logs_run on stage_logs (run_id, position)`.execute(db);
  await sql`
    create table approvals (
      id text primary key,
      app text not null,
      run_id text not null references runs (id) on delete cascade,
      stage integer not null,
      release_id text not null,
      config_hash text not null,
      target text not null,
      plan_hash text not null,
      author text not null,
      allowed jsonb not null,
      quorum integer not null,
      self_approval boolean not null,
      state text not null default 'pending',
      void_reason text,
      requested_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create unique index approvals_open on approvals (run_id, stage) where state = 'pending'`.execute(db);
  await sql`create index approvals_state on approvals (state, requested_at)`.execute(db);
  await sql`
    create table approval_decisions (
      approval_id text not null references approvals (id) on delete cascade,
      user_name text not null,
      decision text not null check (decision in ('approve', 'reject')),
      comment text not null,
      at timestamptz not null default clock_timestamp(),
      primary key (approval_id, user_name)
    )`.execute(db);
}
