import { matchesPattern } from '../config/index.ts';
import { type Clock, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type Trx, appendEvent } from '../store/index.ts';
import { type AppRow, findApps, hasRecentTagRun, insertRun } from './store.ts';

/** A push or tag as intake hands it over, in the transaction that stores its delivery. */
export interface RefUpdate {
  readonly kind: 'push' | 'tag';
  /** Branch or tag name. */
  readonly ref: string;
  /** Null when the forge does not say (a new tag). */
  readonly sha: string | null;
  readonly repository: { readonly fullName: string; readonly addresses: readonly string[] };
  readonly actor: string;
  readonly commit: { readonly message: string; readonly author: string; readonly at: number } | null;
  readonly deliveryId: string;
}

export type Admitted =
  | { readonly kind: 'queued'; readonly runIds: readonly string[] }
  | { readonly kind: 'ignored'; readonly reason: string };

/** Makes a run for every application of the repository whose patterns match; says why when there is none. */
export async function admitUpdate(
  { driver, clock }: { readonly driver: Driver; readonly clock: Clock },
  trx: Trx,
  update: RefUpdate,
): Promise<Admitted> {
  const apps = await findApps(trx, update.repository.fullName, update.repository.addresses);
  if (apps.length === 0) return { kind: 'ignored', reason: 'unknown_repository' };
  const matching = apps.filter((app) => isWanted(app, update));
  if (matching.length === 0) return { kind: 'ignored', reason: 'ref_not_matched' };
  const runIds: string[] = [];
  for (const app of matching) {
    if (update.kind === 'tag' && (await hasRecentTagRun(trx, app.name, update.ref, update.sha))) continue;
    runIds.push(await queueRun(trx, { driver, clock, app: app.name, update }));
  }
  return runIds.length === 0 ? { kind: 'ignored', reason: 'tag_has_run' } : { kind: 'queued', runIds };
}

function isWanted(app: AppRow, update: RefUpdate): boolean {
  const patterns = update.kind === 'push' ? app.triggers.branches : app.triggers.tags;
  return patterns.some((pattern) => matchesPattern(pattern, update.ref));
}

async function queueRun(
  trx: Trx,
  {
    driver,
    clock,
    app,
    update,
  }: { readonly driver: Driver; readonly clock: Clock; readonly app: string; readonly update: RefUpdate },
): Promise<string> {
  const id = newId('run', clock.now());
  const commit =
    update.sha === null || update.commit === null ? null : { ...update.commit, sha: update.sha, ref: update.ref };
  const trigger = { kind: update.kind, actor: update.actor, ref: update.ref, deliveryId: update.deliveryId };
  await insertRun(trx, { id, app, trigger, sha: update.sha, commit });
  await appendEvent(trx, {
    kind: 'run.queued',
    app,
    subject: id,
    actor: update.actor,
    data: { trigger, sha: update.sha },
  });
  await driver.schedule(trx, id);
  return id;
}
