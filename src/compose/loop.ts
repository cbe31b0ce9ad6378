import { Counter, type Registry } from 'prom-client';
import { type FailedRollout, type Failure, type LoopMetrics, type LoopPorts, FAILURES } from '../loop/index.ts';
import { type Catalog, readApp, readRelease, remoteOf } from '../releases/index.ts';
import { isFunadeError } from '../kernel/index.ts';
import type { SourceDirectory } from '../intake/index.ts';
import { type RolloutRow, readRollout } from '../rollouts/index.ts';
import type { Db, Trx } from '../store/index.ts';
import { type EvidenceMeans, evidenceOf, partsOf } from './evidence.ts';

const AUTOMATION = 'automation';

/**
 * What the end of a rollout is to the loop; null where it is nobody's failure: a person who aborts or takes back knows why, and says
 * so. What automation decides because of evidence is told, also when the way back itself failed.
 */
export async function failureOf(
  trx: Trx,
  rolloutId: string,
): Promise<(FailedRollout & { readonly outcome: Failure | 'succeeded' }) | null> {
  const row = await readRollout(trx, rolloutId);
  if (row === undefined) return null;
  const { app, environment } = row;
  if (row.kind === 'deploy' && row.phase === 'succeeded')
    return { rolloutId, app, environment, releaseId: row.release_id, outcome: 'succeeded' };
  const outcome = FAILURES.find((each) => each === row.phase);
  if (outcome === undefined || !isByEvidence(row)) return null;
  return { rolloutId, app, environment, releaseId: partsOf(row).failed, outcome };
}

/** A deployment was turned back by its analysis, deadlines or target; a rollback was asked for by a stage that verifies. */
function isByEvidence({ kind, state, initiator, stable_id: before, release_id: brought }: RolloutRow): boolean {
  if (kind === 'deploy') return state.back?.by === AUTOMATION;
  return initiator.user === AUTOMATION && before !== null && before !== brought;
}

export interface LoopMeans extends EvidenceMeans {
  readonly sources: Pick<SourceDirectory, 'homeOf' | 'forgeOf'>;
  readonly catalog: Pick<Catalog, 'isOlder'>;
}

export function loopPorts(means: LoopMeans): LoopPorts {
  const { db, sources, catalog } = means;
  return {
    wantsIssue: async (trx, { releaseId, environment }) =>
      (await readRelease(trx, releaseId))?.config.environments[environment]?.onFailure === 'issue',
    evidence: (rolloutId) => evidenceOf(means, rolloutId),
    repositoryOf: (app) => repositoryOf(db, sources, app),
    forgeOf: (source) => sources.forgeOf(source),
    nameOf: async (releaseId) => {
      const release = await readRelease(db, releaseId);
      return release === undefined ? releaseId : `v${release.number}`;
    },
    isSince: (failed, release) => isSince(db, catalog, failed, release),
  };
}

async function repositoryOf(
  db: Db,
  sources: Pick<SourceDirectory, 'homeOf'>,
  name: string,
): ReturnType<LoopPorts['repositoryOf']> {
  const app = await readApp(db, name);
  if (app === undefined) return null;
  const remote = remoteOf(app.source);
  const host = remote?.host ?? app.project_host;
  const source = host === null ? null : sources.homeOf(host);
  if (source === null) return null;
  const id = app.project_host === host ? app.project_id : null;
  return { source, repository: { id, fullName: remote?.path ?? app.repository } };
}

/** By the history of the repository; where the two have parted, or the mirror lacks one, by the order in which they were made. */
async function isSince(
  db: Db,
  { isOlder }: Pick<Catalog, 'isOlder'>,
  failed: string,
  release: string,
): Promise<boolean> {
  if (failed === release) return true;
  const [first, second] = [await readRelease(db, failed), await readRelease(db, release)];
  if (first === undefined || second === undefined) return false;
  try {
    if (await isOlder(failed, release)) return true;
    if (await isOlder(release, failed)) return false;
  } catch (thrown) {
    if (!isFunadeError(thrown) || thrown.code !== 'FUN_GIT_REF_MISSING') throw thrown;
  }
  return second.number > first.number;
}

/** What became of the issues of failed releases. */
export function loopMetrics(registry: Registry): LoopMetrics {
  const issues = new Counter({
    name: 'loop_issues_total',
    help: 'Issues of failed releases, by what happened to them.',
    labelNames: ['what'],
    registers: [registry],
  });
  return { happened: (what) => issues.inc({ what }) };
}
