import { type ReleaseRow, readReleases } from '../../releases/index.ts';
import type { Db } from '../../store/index.ts';
import type { ReleaseSummary, ReleaseView } from '../contract/index.ts';

export function releaseViewOf(row: ReleaseRow): ReleaseView {
  return {
    id: row.id,
    app: row.app,
    number: row.number,
    commit: row.commit,
    range: [...row.range],
    artifactDigest: row.artifact_digest,
    configHash: row.config_hash,
    createdAt: row.created_at.getTime(),
  };
}

/** Releases by id, for views that only mention them. */
export type Summaries = (id: string | null) => ReleaseSummary | null;

export async function summariesOf(db: Db, ids: readonly (string | null)[]): Promise<Summaries> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  const rows = new Map((await readReleases(db, wanted)).map((row) => [row.id, row]));
  return (id) => {
    const row = id === null ? undefined : rows.get(id);
    return row === undefined ? null : { id: row.id, app: row.app, number: row.number, commit: row.commit };
  };
}

/** A release that a foreign key or the ledger guarantees; its absence is a fault of ours. */
export function requireSummary(summaries: Summaries, id: string): ReleaseSummary {
  const summary = summaries(id);
  if (summary === null) throw new Error(`release ${id} is mentioned but gone`);
  return summary;
}
