import { type Kysely, sql } from 'kysely';

/** The append-only memory of everything that happened. Updates and deletions are refused by the database itself. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table events (
      position bigint generated always as identity primary key,
      transaction xid8 not null default pg_current_xact_id(),
      at timestamptz not null default clock_timestamp(),
      kind text not null,
      app text,
      environment text,
      subject text not null,
      actor text not null,
      data jsonb not null default '{}'
    )`.execute(db);
  await sql`create index events_order on events (transaction, position)`.execute(db);
  await sql`create index events_subject on events (subject, transaction, position)`.execute(db);
  await sql`create index events_app on events (app, transaction, position)`.execute(db);
  await sql`
    create function funade_refuse_change() returns trigger language plpgsql as $$
    begin raise exception 'events are append-only'; end $$`.execute(db);
  await sql`
    create trigger events_append_only before update or delete or truncate on events
    for each statement execute function funade_refuse_change()`.execute(db);
}
