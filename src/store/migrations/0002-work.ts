import { type Kysely, sql } from 'kysely';

/**
 * Work that must go on after any crash: who may advance it (lease), when it wants to be looked at again, and the fence
 * that rises with every claim, so that a stale holder can be told from the present one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table work (
      kind text not null,
      id text not null,
      wake_at timestamptz,
      owner text,
      lease_until timestamptz,
      fence bigint not null default 0,
      failures integer not null default 0,
      last_error text,
      primary key (kind, id)
    )`.execute(db);
  await sql`create index work_due on work (wake_at) where wake_at is not null`.execute(db);
}
