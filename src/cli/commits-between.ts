import type { ReleaseView } from '../api/contract/index.ts';

type Commit = ReleaseView['range'][number];

/**
 * Commits that came with the releases after `live`, newest first, each once. Releases tell the commits since the release
 * that was live when they were made, so the ones between are added up and the list ends at the live commit.
 */
export function commitsBetween(live: ReleaseView, releases: readonly ReleaseView[]): readonly Commit[] {
  const commits = new Map<string, Commit>();
  const newer = releases.filter((release) => release.number > live.number).toSorted((a, b) => b.number - a.number);
  for (const release of newer) {
    const own = { sha: release.commit.sha, message: release.commit.message };
    for (const commit of [own, ...release.range]) {
      if (commit.sha === live.commit.sha) break;
      if (!commits.has(commit.sha)) commits.set(commit.sha, commit);
    }
  }
  return [...commits.values()];
}
