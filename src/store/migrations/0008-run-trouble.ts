import { type Kysely, sql } from 'kysely';

/** What a run is trying again because of, so that the wait is seen and ends even when the server is restarted in it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table runs add column trouble jsonb`.execute(db);
  await sql`create index approvals_run on approvals (run_id, stage)`.execute(db);
  await sql`create index runs_open on runs (app) where finished_at is null`.execute(db);
}
