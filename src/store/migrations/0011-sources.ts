import { type Kysely, sql } from 'kysely';

/**
 * Where changes come from: a source is one forge, one host, one account, with its hooks' secrets (in `app_secrets`) and the
 * repositories that are polled. Sources of the configuration get a row when something is noted on them. What polling found is a
 * delivery too, so that one place tells why something did or did not happen. A repository that nobody added (`added_by` is null) is one
 * of the configuration or of an application: its row only remembers.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sources (
      name text primary key,
      forge text not null check (forge in ('github', 'gitlab')),
      api_url text,
      added_by text not null,
      created_at timestamptz not null,
      last_failure_at timestamptz,
      last_failure_reason text,
      last_failure_client text,
      failures bigint not null default 0
    )`.execute(db);
  await sql`
    create table source_repositories (
      source text not null,
      full_name text not null,
      project_id text,
      added_by text,
      created_at timestamptz not null default clock_timestamp(),
      hook_id text,
      hook_url text,
      hook_troubles text[] not null default '{}',
      hook_checked_at timestamptz,
      redelivered_until timestamptz,
      poll_at timestamptz,
      polling_until timestamptz,
      polled_at timestamptz,
      etags jsonb not null default '{}',
      poll_failures integer not null default 0,
      poll_failure text,
      primary key (source, full_name)
    )`.execute(db);
  await sql`
    create table source_refs (
      source text not null,
      full_name text not null,
      ref text not null,
      sha text not null,
      seen_at timestamptz not null,
      primary key (source, full_name, ref)
    )`.execute(db);
  await sql`
    alter table deliveries
      add column forge text not null default 'github',
      add column via text not null default 'webhook' check (via in ('webhook', 'poll')),
      add column task_ids text[] not null default '{}'`.execute(db);
  // Only GitHub signs the body alone. GitLab tells of one event once for each of its hooks, with the same body and ids of their own.
  await sql`drop index deliveries_body`.execute(db);
  await sql`
    create unique index deliveries_body on deliveries (body_hash, source)
      where body is not null and forge = 'github'`.execute(db);
  await sql`create index deliveries_of_source on deliveries (source, id desc)`.execute(db);
  // A repository keeps its id when it is renamed; the id is learnt from the first delivery whose name fits.
  await sql`alter table apps add column project_host text, add column project_id text`.execute(db);
  // What a ref was released as last tells whether a push that polling found is news.
  await sql`create index runs_of_ref on runs (app, (trigger ->> 'ref'), sequence desc)`.execute(db);
}
