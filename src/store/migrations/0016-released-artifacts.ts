import { type Kysely, sql } from 'kysely';

/** Whether an artifact came out of a release is asked with each image that the guard of a cluster meets for the first time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index releases_artifact on releases (artifact_digest, created_at desc)`.execute(db);
}
