import { createHash } from 'node:crypto';
import { configHash } from '../config/index.ts';
import { transaction } from '../store/index.ts';
import type { RunDependencies } from './dependencies.ts';
import { type ReleaseRow, type RunRow, appendReleaseEvent, readPreviousRelease, upsertRelease } from './store.ts';

const RANGE_LIMIT = 50;

interface Sealing {
  readonly dependencies: RunDependencies;
  readonly run: RunRow;
}

/** Same application, commit, artifact and configuration: same id. */
export function releaseIdOf(content: {
  readonly app: string;
  readonly commit: string;
  readonly digest: string;
  readonly configHash: string;
}): string {
  const text = [content.app, content.commit, content.digest, content.configHash].join('\n');
  return `rel_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** Stores `directory` as the artifact and makes the release of it, or finds the one with the same content. */
export async function sealRelease({ dependencies, run }: Sealing, directory: string): Promise<ReleaseRow> {
  const { db, artifacts, source } = dependencies;
  if (run.config === null || run.commit === null) throw new Error(`run ${run.id} has no plan yet`);
  const { config, commit } = run;
  const artifact = await artifacts.seal(directory);
  const hash = configHash(config);
  const id = releaseIdOf({ app: run.app, commit: commit.sha, digest: artifact.digest, configHash: hash });
  const previous = await readPreviousRelease(db, run.app);
  const from = previous === undefined || previous.commit_sha === commit.sha ? null : previous.commit_sha;
  const range = await source.commitsBetween(run.app, from, commit.sha, RANGE_LIMIT);
  return transaction(db, async (trx) => {
    const release = await upsertRelease(trx, {
      id,
      app: run.app,
      commit_sha: commit.sha,
      commit,
      range,
      artifact_digest: artifact.digest,
      config_hash: hash,
      config,
    });
    await appendReleaseEvent(trx, release, run);
    return release;
  });
}
