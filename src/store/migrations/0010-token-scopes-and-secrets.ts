import { type Kysely, sql } from 'kysely';

/**
 * Tokens that may do only what their scopes say, and the secrets of applications and functions. Every version of a secret
 * stays, encrypted, until it is pruned: a rollback needs the one that its release was pinned to. The ciphertext of one that was
 * pruned is empty.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tokens add column scopes text[]`.execute(db);
  await sql`
    create table app_secrets (
      app text not null,
      environment text not null default '',
      name text not null,
      version integer not null check (version > 0),
      ciphertext bytea not null,
      created_by text not null,
      created_at timestamptz not null,
      removed_by text,
      removed_at timestamptz,
      primary key (app, environment, name, version)
    )`.execute(db);
  await sql`alter table releases add column secrets jsonb not null default '{}'`.execute(db);
  await sql`
    create table secrets_key (
      only_row boolean primary key default true check (only_row),
      key_check bytea not null
    )`.execute(db);
}
