import type { RefUpdate } from '../admission.ts';
import { isOnHost, remoteOf } from '../remote.ts';
import type { AppRow } from '../store.ts';

type Told = Pick<RefUpdate, 'source' | 'forge' | 'host' | 'repository'>;

type Registered = Pick<AppRow, 'source' | 'repository' | 'project_host' | 'project_id'>;

/**
 * Whether an application comes from the repository that an update tells of. Everybody may have a repository of any name on a forge of
 * his own, so names, addresses and ids count on the application's own host only, and the update's host is that of the source that
 * delivered it, whatever its payload says.
 */
export function comesFrom(app: Registered, told: Told): boolean {
  return mayTellOf(app, told) && (isProjectOf(app, told) || hasNameOf(app, told));
}

/** Whether only the host, or the source, keeps an application of that name from being the one that is meant. */
export function isNamesake(app: Registered, told: Told): boolean {
  return !mayTellOf(app, told) && hasNameOf(app, told);
}

/** A folder names no host: it stands for a repository of the configured `github` or `gitlab`, never of a source that was added. */
function mayTellOf(app: Registered, { source, forge, host }: Told): boolean {
  const remote = remoteOf(app.source);
  return remote === undefined ? source === forge : isOnHost(remote, host);
}

/** Names change, ids do not. */
function isProjectOf(app: Registered, { host, repository: { id } }: Told): boolean {
  return id !== null && app.project_id === id && app.project_host === host;
}

function hasNameOf(app: Registered, { repository: { fullName, addresses } }: Told): boolean {
  if (app.repository === fullName.toLowerCase()) return true;
  return remoteOf(app.source) !== undefined && addresses.includes(app.source);
}

/** A repository's id, as it is remembered of an application. */
export interface ProjectOfApp {
  readonly app: string;
  readonly host: string;
  readonly id: string;
}

/**
 * The id to remember when a name or address fits: after a rename it still finds the application. Where another repository has the name
 * now, its id takes the place of the old one, since the address leads to it.
 */
export function newProjectOf(app: Registered & Pick<AppRow, 'name'>, told: Told): ProjectOfApp | null {
  const { id } = told.repository;
  if (id === null || isProjectOf(app, told) || !hasNameOf(app, told)) return null;
  return { app: app.name, host: told.host, id };
}
