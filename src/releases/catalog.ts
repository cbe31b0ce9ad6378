import type { AppConfig, EnvironmentConfig } from '../config/index.ts';
import { FunadeError } from '../kernel/index.ts';
import type { Artifacts } from '../store/index.ts';
import type { ReleasesDependencies } from './dependencies.ts';
import { secretTrouble } from './pinning.ts';
import type { ReleaseForDelivery } from './port.ts';
import { type ReleaseRow, readRelease } from './store.ts';

/** What rollouts ask about releases. */
export interface Catalog {
  get(releaseId: string, environment: string): Promise<ReleaseForDelivery>;
  isOlder(a: string, b: string): Promise<boolean>;
  preflight(
    releaseId: string,
    environment: string,
  ): Promise<{ readonly ready: boolean; readonly reason: string | null }>;
}

export function createCatalog({
  db,
  artifacts,
  source,
  secrets,
}: Pick<ReleasesDependencies, 'db' | 'artifacts' | 'source' | 'secrets'>): Catalog {
  return {
    get: async (releaseId, environment) => deliverable(artifacts, await find(db, releaseId), environment),
    isOlder: async (a, b) => {
      if (a === b) return false;
      const [first, second] = [await find(db, a), await find(db, b)];
      return (
        first.commit_sha !== second.commit_sha && source.isAncestor(first.app, first.commit_sha, second.commit_sha)
      );
    },
    preflight: async (releaseId, environment) => {
      const release = await find(db, releaseId);
      if (release.config.environments[environment] === undefined)
        return { ready: false, reason: `v${release.number} knows no environment ${environment}` };
      if ((await artifacts.locate(release.artifact_digest)) === null)
        return { ready: false, reason: `the artifact of v${release.number} is gone` };
      const reason = await secretTrouble(secrets, release.app, release.secrets[environment] ?? {});
      return { ready: reason === null, reason };
    },
  };
}

async function find(db: ReleasesDependencies['db'], releaseId: string): Promise<ReleaseRow> {
  const release = await readRelease(db, releaseId);
  if (release === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'release', id: releaseId, list: 'funade release list' });
  return release;
}

/** A release as rollouts and targets see it, for one of its environments. */
export async function deliverable(
  artifacts: Artifacts,
  row: ReleaseRow,
  environment: string,
): Promise<ReleaseForDelivery> {
  const config = environmentOf(row.config, environment);
  const artifact = (await artifacts.locate(row.artifact_digest)) ?? '';
  const variables = {
    ...config.environment,
    FUNADE_ENVIRONMENT: environment,
    FUNADE_RELEASE: row.id,
    FUNADE_COMMIT: row.commit_sha,
  };
  const release = {
    id: row.id,
    digest: row.artifact_digest,
    artifact,
    functions: row.config.functions,
    variables,
    secrets: row.secrets[environment] ?? {},
  };
  return { release, number: row.number, commit: row.commit_sha, config };
}

function environmentOf(config: AppConfig, environment: string): EnvironmentConfig {
  const found = config.environments[environment];
  if (found === undefined)
    throw new FunadeError('FUN_NOT_FOUND', {
      kind: 'environment',
      id: `${config.app}/${environment}`,
      list: 'funade status',
    });
  // What was released before the setting existed lacks it.
  return { ...found, onFailure: found.onFailure === 'issue' ? 'issue' : null };
}
