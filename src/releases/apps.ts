import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FunadeError, newId } from '../kernel/index.ts';
import { type Trx, appendEvent, transaction } from '../store/index.ts';
import type { ReleasesDependencies, RunDependencies } from './dependencies.ts';
import { CONFIG_FILE, readConfig } from './planning.ts';
import { remoteOf } from './remote.ts';
import { type AppRow, insertApp, markAppRemoved, readApp, readOpenRuns } from './store.ts';

export interface NewApp {
  /** Folder on the server's machine, or git URL. */
  readonly source: string;
  readonly ref: string | null;
  /** `owner/name` on the forge; read from the URL when null. */
  readonly repository: string | null;
  readonly by: string;
}

/** Registers a repository: it must be reachable, and its `funade.yaml` must be without faults. */
export async function addApp(
  { db, source, clock }: Pick<ReleasesDependencies, 'db' | 'source' | 'clock'>,
  request: NewApp,
): Promise<AppRow> {
  const address = await absolute(request.source);
  let name = '';
  const probe = newId('adding', clock.now());
  try {
    await source.fetchMirror(probe, address, {});
    const { sha } = await source.resolveRef(probe, request.ref ?? undefined);
    const config = await readConfig({ source }, probe, sha);
    name = config.app;
    const { forge, repository } = forgeOf(address, request.repository);
    const app = {
      name: config.app,
      source: address,
      forge,
      repository: forge === 'local' ? repository : repository.toLowerCase(),
      triggers: config.on,
      added_by: request.by,
    };
    await transaction(db, async (trx) => {
      if (!(await insertApp(trx, app))) throw await taken(trx, app.name);
      await appendEvent(trx, {
        kind: 'app.added',
        app: app.name,
        subject: app.name,
        actor: request.by,
        data: { source: address, repository },
      });
    });
  } finally {
    await source.removeMirror(probe);
  }
  const added = await readApp(db, name);
  if (added === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: name, list: 'funade app list' });
  return added;
}

async function taken(trx: Trx, name: string): Promise<FunadeError> {
  const existing = await readApp(trx, name);
  const reason = `an application of that name comes from ${existing?.source ?? 'another source'}`;
  return new FunadeError('FUN_CONFLICT', {
    action: `add ${name}`,
    reason: `${reason}; rename \`app\` in ${CONFIG_FILE} or remove the other`,
    look: 'funade app list',
  });
}

/** A path that exists here is made absolute, so that it means the same from any folder. */
export async function absolute(source: string): Promise<string> {
  const path = resolve(source);
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isFolder ? path : source;
}

function forgeOf(
  address: string,
  given: string | null,
): { readonly forge: AppRow['forge']; readonly repository: string } {
  const remote = remoteOf(address);
  const host = remote?.host ?? '';
  const repository = given ?? remote?.path ?? address;
  if (host.includes('gitlab')) return { forge: 'gitlab', repository };
  if (host.includes('github') || given !== null) return { forge: 'github', repository };
  return { forge: 'local', repository };
}

/** Forgets a repository. Its open runs are ended as cancelled; what was deployed stays up. */
export async function removeApp(
  { db, driver }: Pick<RunDependencies, 'db' | 'driver'>,
  name: string,
  by: string,
): Promise<void> {
  await transaction(db, async (trx) => {
    if ((await readApp(trx, name)) === undefined)
      throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: name, list: 'funade app list' });
    await markAppRemoved(trx, name);
    for (const run of await readOpenRuns(trx, name)) await driver.schedule(trx, run);
    await appendEvent(trx, { kind: 'app.removed', app: name, subject: name, actor: by });
  });
}
