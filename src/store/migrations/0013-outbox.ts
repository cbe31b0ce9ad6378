import { type Kysely, sql } from 'kysely';

/**
 * Messages for a broker, written in the transaction of what they tell of; a row goes when the broker has confirmed its message. While
 * `claimed_until` lies ahead, one process is at it. A key is for rows that nobody has begun with: what is sent later may be news.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox (
      position bigint generated always as identity primary key,
      id text not null,
      queue text not null,
      data jsonb not null,
      singleton text,
      tries integer not null default 0,
      send_at timestamptz not null,
      created_at timestamptz not null default clock_timestamp(),
      claimed_until timestamptz,
      failures integer not null default 0
    )`.execute(db);
  await sql`create index outbox_due on outbox (send_at, position)`.execute(db);
  await sql`
    create unique index outbox_waiting on outbox (queue, singleton)
      where singleton is not null and claimed_until is null`.execute(db);
}
