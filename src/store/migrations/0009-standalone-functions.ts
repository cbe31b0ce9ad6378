import { type Kysely, sql } from 'kysely';

/**
 * Functions that are deployed by themselves, without an application: their versions have numbers and never change. Their aliases
 * are rows of `function_aliases`, so that hosts route them as they route releases.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table function_aliases
      add column identity bigint generated always as identity,
      add column kind text not null default 'release' check (kind in ('release', 'standalone'))`.execute(db);
  await sql`alter table function_versions
      add column form text not null default 'module',
      add column secrets jsonb not null default '{}'`.execute(db);
  await sql`
    create table standalone_functions (
      name text primary key,
      runtime text not null,
      description text not null default '',
      parameters jsonb,
      examples jsonb not null default '[]',
      latest integer not null default 0,
      created_at timestamptz not null default clock_timestamp(),
      created_by text not null,
      used_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp()
    )`.execute(db);
  await sql`
    create table standalone_versions (
      function text not null references standalone_functions on delete cascade,
      number integer not null,
      fingerprint text not null,
      digest text not null,
      form text not null check (form in ('module', 'script')),
      config jsonb not null,
      secrets jsonb not null default '{}',
      fault text,
      published_at timestamptz not null default clock_timestamp(),
      published_by text not null,
      primary key (function, number),
      unique (function, fingerprint)
    )`.execute(db);
  await sql`
    create table function_sessions (
      id text primary key,
      function text not null references standalone_functions on delete cascade,
      version integer not null,
      context text not null,
      affinity boolean not null,
      created_by text not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      ends_at timestamptz not null,
      last_used_at timestamptz,
      executions integer not null default 0,
      errors integer not null default 0
    )`.execute(db);
  await sql`create index function_sessions_expires on function_sessions (expires_at)`.execute(db);
  await sql`
    create table function_invocations (
      id text primary key,
      name text not null,
      qualifier text,
      payload bytea not null,
      client_context jsonb,
      idempotency_key text,
      state text not null default 'queued' check (state in ('queued', 'succeeded', 'dead')),
      attempts integer not null default 0,
      failure jsonb,
      requested_by text not null,
      requested_at timestamptz not null default clock_timestamp(),
      tried_since timestamptz not null default clock_timestamp(),
      finished_at timestamptz,
      unique (name, idempotency_key)
    )`.execute(db);
  await sql`create index function_invocations_of on function_invocations (name, state, requested_at)`.execute(db);
  await sql`
    create table function_results (
      name text not null,
      key text not null,
      request text not null,
      ending jsonb,
      body bytea,
      at timestamptz not null default clock_timestamp(),
      primary key (name, key)
    )`.execute(db);
  await sql`
    create table function_logs (
      position bigint generated always as identity primary key,
      at timestamptz not null,
      app text not null,
      environment text not null,
      version text not null,
      function text not null,
      stream text not null,
      request_id text,
      text text not null
    )`.execute(db);
  await sql`create index function_logs_of on function_logs (app, environment, position)`.execute(db);
  await sql`create index function_logs_at on function_logs (at)`.execute(db);
}
