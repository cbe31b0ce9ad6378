import { isDeepStrictEqual } from 'node:util';
import { type AppConfig, type TriggerConfig, parseAppConfig } from '../config/index.ts';
import { FunadeError, isFunadeError } from '../kernel/index.ts';
import type { ReleasesDependencies } from './dependencies.ts';
import type { AppRow, Commit, RunRow } from './store.ts';

export const CONFIG_FILE = 'funade.yaml';

export interface Planned {
  readonly commit: Commit;
  readonly config: AppConfig;
  /** Which pushes make a release from now on, where that changes: only the head of the default branch says so. */
  readonly triggers: TriggerConfig | null;
}

/** The run's commit and its configuration, fetched from the application's repository. */
export async function planOf({
  dependencies: { source },
  app,
  run,
  signal,
}: {
  readonly dependencies: Pick<ReleasesDependencies, 'source'>;
  readonly app: AppRow;
  readonly run: RunRow;
  readonly signal: AbortSignal;
}): Promise<Planned> {
  await source.fetchMirror(run.app, app.source, { ...(run.sha === null ? {} : { sha: run.sha }), signal });
  const sha = run.sha ?? (await source.resolveRef(run.app, refOf(run))).sha;
  const facts = await source.readCommit(run.app, sha);
  const config = await readConfig({ source }, run.app, sha);
  if (config.app !== run.app) {
    const faults = [
      {
        message: `app is ${config.app}, but this repository is registered as ${run.app}`,
        file: CONFIG_FILE,
        path: 'app',
      },
    ];
    throw new FunadeError('FUN_CONFIG_INVALID', { file: CONFIG_FILE, count: 1 }, { faults });
  }
  const isNew = !isDeepStrictEqual(config.on, app.triggers);
  const triggers = isNew && (await headOf(source, run.app)) === facts.sha ? config.on : null;
  return { commit: { ...facts, ref: run.trigger.ref }, config, triggers };
}

/** A branch of the same name must not take a tag's place. */
function refOf({ trigger }: RunRow): string {
  return trigger.kind === 'tag' ? `refs/tags/${trigger.ref}` : trigger.ref;
}

/** Head of the default branch; null in a repository without one. */
async function headOf(source: ReleasesDependencies['source'], app: string): Promise<string | null> {
  try {
    return (await source.resolveRef(app)).sha;
  } catch (thrown) {
    if (isFunadeError(thrown) && thrown.code === 'FUN_GIT_REF_MISSING') return null;
    throw thrown;
  }
}

/** `funade.yaml` at a commit; all its faults are thrown at once. */
export async function readConfig(
  { source }: Pick<ReleasesDependencies, 'source'>,
  mirror: string,
  sha: string,
): Promise<AppConfig> {
  const text = await source.readFile(mirror, sha, CONFIG_FILE);
  if (text === null)
    throw new FunadeError('FUN_CONFIG_MISSING', { file: CONFIG_FILE, where: `commit ${sha.slice(0, 7)}` });
  const parsed = parseAppConfig(text, CONFIG_FILE);
  if (parsed.ok) return parsed.value;
  throw new FunadeError(
    'FUN_CONFIG_INVALID',
    { file: CONFIG_FILE, count: parsed.error.length },
    { faults: parsed.error },
  );
}
