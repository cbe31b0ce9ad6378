import { type Kysely, sql } from 'kysely';

/**
 * What functions should be (aliases, versions), what each host made of it (hosts, host_*), and what they counted.
 * Hosts follow the first by notification; whoever wants to know the truth reads the second.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table function_aliases (
      app text not null,
      environment text not null,
      revision bigint not null default 0,
      fence bigint not null default 0,
      weights jsonb not null default '[]',
      sticky jsonb,
      updated_at timestamptz not null default clock_timestamp(),
      primary key (app, environment)
    )`.execute(db);
  await sql`
    create table function_alias_history (
      position bigint generated always as identity primary key,
      app text not null,
      environment text not null,
      act text not null,
      key text not null,
      fence bigint not null,
      revision bigint not null,
      weights jsonb not null,
      changed boolean not null,
      at timestamptz not null default clock_timestamp(),
      unique (app, environment, key)
    )`.execute(db);
  await sql`
    create table function_versions (
      app text not null,
      environment text not null,
      version text not null,
      digest text not null,
      artifact text not null,
      functions jsonb not null,
      variables jsonb not null,
      published_at timestamptz not null default clock_timestamp(),
      primary key (app, environment, version),
      foreign key (app, environment) references function_aliases on delete cascade
    )`.execute(db);
  await sql`
    create table function_hosts (
      id text primary key,
      started timestamptz not null default clock_timestamp(),
      heartbeat timestamptz not null default clock_timestamp(),
      counted_until timestamptz not null
    )`.execute(db);
  await sql`
    create table function_host_aliases (
      host text not null references function_hosts on delete cascade,
      app text not null,
      environment text not null,
      revision bigint not null,
      weights jsonb not null,
      primary key (host, app, environment)
    )`.execute(db);
  await sql`
    create table function_host_versions (
      host text not null references function_hosts on delete cascade,
      app text not null,
      environment text not null,
      version text not null,
      status text not null check (status in ('starting', 'ready', 'failed')),
      failure text,
      instances integer not null,
      primary key (host, app, environment, version)
    )`.execute(db);
  await sql`
    create table function_metrics (
      app text not null,
      environment text not null,
      version text not null,
      start timestamptz not null,
      host text not null,
      requests integer not null,
      errors integer not null,
      latency integer[] not null,
      primary key (app, environment, start, version, host)
    )`.execute(db);
  await sql`create index function_metrics_start on function_metrics (start)`.execute(db);
}
