import type { Db } from '../../store/index.ts';
import type { ReleaseRow } from '../store.ts';

/** Releases that have this artifact, newest first. A release exists from its build on, before anything of it is deployed. */
export function listReleasesOfArtifact(db: Db, digest: string, limit: number): Promise<readonly ReleaseRow[]> {
  return db
    .withTables<{ releases: ReleaseRow }>()
    .selectFrom('releases')
    .selectAll()
    .where('artifact_digest', '=', digest)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute() as Promise<ReleaseRow[]>;
}
