import { createHash } from 'node:crypto';
import { configHash } from '../config/index.ts';
import { type Trx, appendEvent } from '../store/index.ts';
import type { RunDependencies } from './dependencies.ts';
import { type ReleaseSecrets, pinSecrets } from './pinning.ts';
import { type ReleaseRow, type RunRow, readPreviousRelease, setRunRelease, upsertRelease } from './store.ts';

const RANGE_LIMIT = 50;

interface Sealing {
  readonly dependencies: RunDependencies;
  readonly run: RunRow;
}

/** A release whose artifact is stored, but which nobody knows of yet. */
export interface SealedRelease {
  readonly id: string;
  readonly digest: string;
  /** Makes it the run's release, with the next number or, for content that was released before, with its old one. */
  keep(trx: Trx): Promise<ReleaseRow>;
}

/** Same application, commit, artifact, configuration and versions of secrets: same id. */
export function releaseIdOf(content: {
  readonly app: string;
  readonly commit: string;
  readonly digest: string;
  readonly configHash: string;
  readonly secrets: ReleaseSecrets;
}): string {
  const secrets = Object.keys(content.secrets).length === 0 ? [] : [JSON.stringify(content.secrets)];
  const text = [content.app, content.commit, content.digest, content.configHash, ...secrets].join('\n');
  return `rel_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/**
 * Stores `directory` as the artifact. The release is written by `keep`, together with what depends on it: a process that dies
 * in between leaves an artifact that nobody names, and no release that no run ships.
 */
export async function sealRelease({ dependencies, run }: Sealing, directory: string): Promise<SealedRelease> {
  const { db, artifacts, source } = dependencies;
  if (run.config === null || run.commit === null) throw new Error(`run ${run.id} has no plan yet`);
  const { config, commit } = run;
  const secrets = await pinSecrets(dependencies.secrets, config);
  const { digest } = await artifacts.seal(directory);
  const hash = configHash(config);
  const id = releaseIdOf({ app: run.app, commit: commit.sha, digest, configHash: hash, secrets });
  const previous = await readPreviousRelease(db, run.app);
  const range = await source.commitsBetween(run.app, previous?.commit_sha ?? null, commit.sha, RANGE_LIMIT);
  const row = {
    id,
    app: run.app,
    commit_sha: commit.sha,
    commit,
    range,
    artifact_digest: digest,
    config_hash: hash,
    config,
    secrets,
  };
  return {
    id,
    digest,
    keep: async (trx) => {
      const { release, isNew } = await upsertRelease(trx, row);
      await setRunRelease(trx, run.id, release.id);
      await tell(trx, { release, run, kind: isNew ? 'release.sealed' : 'release.reused' });
      return release;
    },
  };
}

function tell(
  trx: Trx,
  { release, run, kind }: { readonly release: ReleaseRow; readonly run: RunRow; readonly kind: string },
): Promise<void> {
  const data = { number: release.number, commit: release.commit_sha, artifact: release.artifact_digest, runId: run.id };
  return appendEvent(trx, { kind, app: release.app, subject: release.id, actor: run.trigger.actor, data });
}
