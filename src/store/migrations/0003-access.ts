import { type Kysely, sql } from 'kysely';

/**
 * Who may ask for what. Only SHA-256 hashes of tokens and session secrets are stored; a token belongs to the user of its
 * name, and the user carries the role. Rows are revoked, not deleted: the ledger names these users for years.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      name text primary key,
      role text not null check (role in ('viewer', 'deployer', 'approver', 'owner')),
      created_at timestamptz not null
    )`.execute(db);
  await sql`
    create table tokens (
      id text primary key,
      user_name text not null references users (name),
      hash text not null unique,
      created_at timestamptz not null,
      created_by text not null,
      last_used_at timestamptz,
      expires_at timestamptz,
      revoked_at timestamptz,
      revoked_by text
    )`.execute(db);
  await sql`create index tokens_user on tokens (user_name)`.execute(db);
  await sql`
    create table sessions (
      hash text primary key,
      token_id text not null references tokens (id),
      created_at timestamptz not null,
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index sessions_expiry on sessions (expires_at)`.execute(db);
}
