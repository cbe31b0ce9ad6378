import type { PolledApplication, SourceDirectory } from '../intake/index.ts';
import { type AppRow, listApps, remoteOf } from '../releases/index.ts';
import type { Db } from '../store/index.ts';

/** Names of the repositories on a forge's host that applications come from. */
export async function repositoriesOn(db: Db, host: string): Promise<readonly string[]> {
  const apps = await listApps(db);
  return [...new Set(apps.filter((app) => remoteOf(app.source)?.host === host).map(nameOf))];
}

/** Applications whose forge can be asked what became of their branches and tags. */
export async function applicationsOf(
  db: Db,
  sources: Pick<SourceDirectory, 'homeOf'>,
): Promise<readonly PolledApplication[]> {
  const apps = await listApps(db);
  return apps.flatMap((app) => {
    const remote = remoteOf(app.source);
    const source = remote === undefined ? null : sources.homeOf(remote.host);
    if (source === null) return [];
    const { branches, tags } = app.triggers;
    return [{ source, repository: { id: null, fullName: nameOf(app) }, address: app.source, refs: { branches, tags } }];
  });
}

/** As its address writes it; without one that fits, as it was registered. */
function nameOf(app: AppRow): string {
  const path = remoteOf(app.source)?.path ?? '';
  return path.toLowerCase() === app.repository ? path : app.repository;
}
