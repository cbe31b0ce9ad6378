import { type AppConfig, parseAppConfig } from '../config/index.ts';
import { FunadeError } from '../kernel/index.ts';
import type { ReleasesDependencies } from './dependencies.ts';
import { type Commit, type RunRow, readApp } from './store.ts';

export const CONFIG_FILE = 'funade.yaml';

type PlanningDependencies = Pick<ReleasesDependencies, 'db' | 'source'>;

/** The run's commit and its configuration, fetched from the application's repository. */
export async function planOf(
  { db, source }: PlanningDependencies,
  run: RunRow,
  signal: AbortSignal,
): Promise<{ readonly commit: Commit; readonly config: AppConfig }> {
  const app = await readApp(db, run.app);
  if (app === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: run.app, list: 'funade app list' });
  await source.fetchMirror(run.app, app.source, { ...(run.sha === null ? {} : { sha: run.sha }), signal });
  const sha = run.sha ?? (await source.resolveRef(run.app, run.trigger.ref)).sha;
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
  return { commit: { ...facts, ref: run.trigger.ref }, config };
}

/** `funade.yaml` at a commit; all its faults are thrown at once. */
export async function readConfig(
  { source }: Pick<PlanningDependencies, 'source'>,
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
