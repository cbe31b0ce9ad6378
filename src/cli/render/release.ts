import type { ReleaseView } from '../../api/contract/index.ts';
import { textOf } from '../locales/index.ts';
import { paragraph } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { ago } from './lists.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** One release: its commit, what it brings, and the digests that name its content. */
export function renderRelease(release: ReleaseView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const commit = release.commit;
  const lines: readonly Line[] = [
    spread([span(`${release.app} v${release.number}`, 'strong')], [span(release.id, 'dim')], screen),
    ...paragraph([span(`${commit.sha.slice(0, 7)} `, 'dim')], `${commit.message} (${commit.author})`, screen),
    [span(`${text('release.made')} ${ago(release.createdAt, screen)}`)],
    [span(`${text('release.artifact')} ${clean(release.artifactDigest)}`)],
    [span(`${text('release.config')} ${clean(release.configHash)}`)],
    ...commitLines(release.range, text('release.range'), screen),
  ];
  return lines.map((line) => print(line, screen));
}

export interface ReleaseDiff {
  readonly app: string;
  readonly live: readonly { readonly environment: string; readonly release: ReleaseView | null }[];
  readonly newest: ReleaseView;
  /** Commits that the newest release has and the environment's live one lacks, newest first. */
  readonly commits: Readonly<Record<string, readonly { readonly sha: string; readonly message: string }[]>>;
}

/** What shipping the newest release would change, environment by environment. */
export function renderDiff(diff: ReleaseDiff, screen: Screen): string[] {
  const text = textOf(screen.language);
  const lines = diff.live.flatMap(({ environment, release }): readonly Line[] => {
    const title = { app: diff.app, environment, newest: `v${diff.newest.number}` };
    if (release === null) return [[span(text('diff.first', title), 'strong')]];
    if (release.id === diff.newest.id) return [[span(text('diff.same', title), 'strong')]];
    const inner = { ...screen, width: screen.width - 2 };
    const changed = (before: string, after: string) => text(before === after ? 'diff.unchanged' : 'diff.changed');
    return [
      [span(text('diff.title', { ...title, live: `v${release.number}` }), 'strong')],
      [span(`  ${text('release.artifact')} ${changed(release.artifactDigest, diff.newest.artifactDigest)}`)],
      [span(`  ${text('release.config')} ${changed(release.configHash, diff.newest.configHash)}`)],
      ...commitLines(diff.commits[environment] ?? [], text('diff.commits'), inner).map((line): Line => [
        span('  '),
        ...line,
      ]),
    ];
  });
  return lines.map((line) => print(line, screen));
}

function commitLines(
  commits: readonly { readonly sha: string; readonly message: string }[],
  title: string,
  screen: Screen,
): readonly Line[] {
  if (commits.length === 0) return [];
  return [
    [span(title)],
    ...commits.flatMap(({ sha, message }) =>
      paragraph([span(`  ${sha.slice(0, 7)} `, 'dim')], message, { width: screen.width }),
    ),
  ];
}
