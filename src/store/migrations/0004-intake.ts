import { type Kysely, sql } from 'kysely';

/**
 * Every authentic webhook delivery and what became of it. The forge's id is unique for ever; the body's hash as long as the
 * body is kept, since GitHub signs only the body and an id can be made up. A replay has no body of its own.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table deliveries (
      id text collate "C" primary key,
      source text not null,
      delivery_id text not null,
      event text not null,
      outcome text not null check (outcome in ('queued', 'ignored', 'pong', 'rejected')),
      reason text,
      run_ids text[] not null default '{}',
      headers jsonb not null,
      body bytea,
      body_hash bytea not null,
      received_at timestamptz not null,
      secret_label text,
      remote_address text,
      replay_of text references deliveries,
      duplicates integer not null default 0,
      last_duplicate_at timestamptz,
      constraint deliveries_delivery_id unique (delivery_id, source)
    )`.execute(db);
  // Compressing a body costs more than the rest of its insert; bodies are kept for days, not for ever.
  await sql`alter table deliveries alter column body set storage external`.execute(db);
  await sql`
    create unique index deliveries_body on deliveries (body_hash, source) where body is not null`.execute(db);
}
