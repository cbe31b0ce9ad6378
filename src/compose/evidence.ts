import type { Functions } from '../functions/index.ts';
import { type Logger, isFunadeError, messageOf } from '../kernel/index.ts';
import { type Evidence, FAILURES } from '../loop/index.ts';
import { type ReleaseRow, type Source, readApp, readRelease } from '../releases/index.ts';
import { type RolloutRow, readRollout } from '../rollouts/index.ts';
import { createMask } from '../sandbox/index.ts';
import type { Db, SecretStore } from '../store/index.ts';

const MOST_COMMITS = 20;
const MOST_LINES = 100;

export interface EvidenceMeans {
  readonly db: Db;
  readonly logger: Logger;
  readonly source: Pick<Source, 'fetchMirror' | 'commitsBetween' | 'readCommit'>;
  readonly logs: Functions['logs'];
  readonly secrets: Pick<SecretStore, 'openAll'>;
}

/** Why a rollout failed, from what rollouts, releases, git and functions know. Null when it is not known any more, or did not fail. */
export async function evidenceOf(means: EvidenceMeans, rolloutId: string): Promise<Evidence | null> {
  const { db } = means;
  const row = await readRollout(db, rolloutId);
  const outcome = FAILURES.find((each) => each === row?.phase);
  if (row === undefined || outcome === undefined) return null;
  const { failed, stable } = partsOf(row);
  const release = await readRelease(db, failed);
  if (release === undefined) return null;
  const before = stable === null ? undefined : await readRelease(db, stable);
  const [commits, logs] = await Promise.all([
    commitsOf(means, release, before?.commit_sha ?? null),
    linesOf(means, row, release.id),
  ]);
  return {
    app: row.app,
    environment: row.environment,
    rolloutId: row.id,
    runId: row.run_id,
    release: factsOf(release),
    stable: before === undefined ? null : factsOf(before),
    outcome,
    reason: (row.kind === 'rollback' ? row.reason : row.state.outcome?.reason) ?? '',
    findings: row.state.outcome?.evidence ?? [],
    metrics: row.metrics.map(({ name, finding, condition, verdict }) => ({
      name,
      value: finding,
      limit: condition,
      verdict,
    })),
    at: row.finished_at?.getTime() ?? row.created_at.getTime(),
    commits,
    logs,
  };
}

/** A rollback is itself the way back: what it replaces is what has failed. */
export function partsOf({ kind, release_id: brought, stable_id: before }: RolloutRow): {
  readonly failed: string;
  readonly stable: string | null;
} {
  if (kind === 'rollback' && before !== null) return { failed: before, stable: brought };
  return { failed: brought, stable: before === brought ? null : before };
}

function factsOf({ id, number, commit_sha: commit, commit: { message } }: ReleaseRow) {
  return { id, number, commit, message };
}

/** The release's own commit alone, where the repository can't be read now: the issue must not wait for it. */
async function commitsOf(
  { db, logger, source }: EvidenceMeans,
  release: ReleaseRow,
  from: string | null,
): Promise<Evidence['commits']> {
  const own = { sha: release.commit_sha, subject: release.commit.message, author: release.commit.author };
  if (from === null) return [own];
  try {
    const app = await readApp(db, release.app);
    if (app !== undefined) await source.fetchMirror(release.app, app.source, { sha: release.commit_sha });
    const range = await source.commitsBetween(release.app, from, release.commit_sha, MOST_COMMITS);
    return await Promise.all(
      range.map(async ({ sha, message }) => ({
        sha,
        subject: message,
        author: (await source.readCommit(release.app, sha)).author,
      })),
    );
  } catch (thrown) {
    if (!isFunadeError(thrown)) throw thrown;
    logger.warn({ app: release.app, reason: messageOf(thrown) }, 'Failed to read the commits of a failed release.');
    return [own];
  }
}

/** Without the values that the application itself was given as secrets. */
async function linesOf(
  { logs, secrets }: EvidenceMeans,
  { app, environment }: RolloutRow,
  version: string,
): Promise<readonly string[]> {
  const lines = await logs.list({ app, environment, version, limit: MOST_LINES });
  const known = await secrets.openAll([app]);
  const mask = createMask(known.flatMap(({ value }) => (value === null ? [] : [value])));
  const written = lines.flatMap(({ function: name, stream, text }) =>
    mask(text)
      .split('\n')
      .map((line) => `${name} ${stream}: ${line}`),
  );
  return written.slice(-MOST_LINES);
}
