import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AppConfig } from '../config/index.ts';
import { FunadeError } from '../kernel/index.ts';
import { appendEvent, transaction } from '../store/index.ts';
import type { ReleasesDependencies } from './dependencies.ts';
import { CONFIG_FILE, readConfig } from './planning.ts';
import { type AppRow, insertApp, markAppRemoved, readApp } from './store.ts';

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
  { db, source }: Pick<ReleasesDependencies, 'db' | 'source'>,
  request: NewApp,
): Promise<AppRow> {
  const address = await absolute(request.source);
  let name = '';
  const probe = `adding-${process.pid}-${Date.now().toString(36)}`;
  try {
    await source.fetchMirror(probe, address, {});
    const { sha } = await source.resolveRef(probe, request.ref ?? undefined);
    const config = await readConfig({ source }, probe, sha);
    name = config.app;
    await refuseDuplicate({ db }, config, address);
    const { forge, repository } = forgeOf(address, request.repository);
    const app = {
      name: config.app,
      source: address,
      forge,
      repository: repository.toLowerCase(),
      triggers: config.on,
      added_by: request.by,
    };
    await transaction(db, async (trx) => {
      await insertApp(trx, app);
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

async function refuseDuplicate(
  { db }: Pick<ReleasesDependencies, 'db'>,
  config: AppConfig,
  address: string,
): Promise<void> {
  const existing = await readApp(db, config.app);
  if (existing === undefined || existing.source === address) return;
  const reason = `an application of that name comes from ${existing.source}`;
  throw new FunadeError('FUN_CONFLICT', {
    action: `add ${config.app}`,
    reason: `${reason}; rename \`app\` in ${CONFIG_FILE} or remove the other`,
    look: 'funade app list',
  });
}

/** A path that exists here is made absolute, so that it means the same from any folder. */
async function absolute(source: string): Promise<string> {
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
  const remote = /^(?:[a-z+]+:\/\/(?:[^@/]+@)?|[^@/]+@)([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/.exec(address);
  const host = remote?.[1] ?? '';
  const repository = given ?? remote?.[2] ?? address;
  if (host.includes('gitlab')) return { forge: 'gitlab', repository };
  if (host.includes('github') || given !== null) return { forge: 'github', repository };
  return { forge: 'local', repository };
}

export async function removeApp({ db }: Pick<ReleasesDependencies, 'db'>, name: string, by: string): Promise<void> {
  await transaction(db, async (trx) => {
    if ((await readApp(trx, name)) === undefined)
      throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: name, list: 'funade app list' });
    await markAppRemoved(trx, name);
    await appendEvent(trx, { kind: 'app.removed', app: name, subject: name, actor: by });
  });
}
