import { matchesPattern } from '../config/index.ts';
import { type Clock, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type Trx, appendEvents, together } from '../store/index.ts';
import { type AppRow, findApps, hasRecentTagRun, insertRuns } from './store.ts';

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

interface Means {
  readonly driver: Driver;
  readonly clock: Clock;
}

interface PlannedRun {
  readonly id: string;
  readonly app: string;
  readonly update: RefUpdate;
}

export interface PlannedAdmission {
  /** One for each update, in their order. */
  readonly decisions: readonly Admitted[];
  /** Writes the runs of the updates at these places. */
  write(places: readonly number[]): Promise<void>;
}

/**
 * Plans a run for every application of an update's repository whose patterns match; says why when there is none. What many
 * updates become is read and written together.
 */
export async function planAdmission(means: Means, trx: Trx, updates: readonly RefUpdate[]): Promise<PlannedAdmission> {
  const repositories = [...new Set(updates.map(({ repository }) => repository.fullName.toLowerCase()))];
  const addresses = [...new Set(updates.flatMap(({ repository }) => repository.addresses))];
  const apps = await findApps(trx, repositories, addresses);
  const planned: PlannedRun[] = [];
  const decisions: Admitted[] = [];
  for (const update of updates) {
    const own = apps.filter((app) => isOf(app, update.repository));
    const { decision, runs } = await plan(means, trx, { own, planned, update });
    planned.push(...runs);
    decisions.push(decision);
  }
  return {
    decisions,
    write: (places) => {
      const wanted = new Set(places.map((place) => updates[place]));
      return queueRuns(
        means,
        trx,
        planned.filter(({ update }) => wanted.has(update)),
      );
    },
  };
}

async function plan(
  { clock }: Means,
  trx: Trx,
  facts: { readonly own: readonly AppRow[]; readonly planned: readonly PlannedRun[]; readonly update: RefUpdate },
): Promise<{ readonly decision: Admitted; readonly runs: readonly PlannedRun[] }> {
  const { own, planned, update } = facts;
  if (own.length === 0) return ignored('unknown_repository');
  const matching = own.filter((app) => isWanted(app, update));
  if (matching.length === 0) return ignored('ref_not_matched');
  const runs: PlannedRun[] = [];
  for (const { name } of matching) {
    const isTold = planned.some((run) => run.app === name && isSameTag(run.update, update));
    if (isTold || (update.kind === 'tag' && (await hasRecentTagRun(trx, name, update.ref, update.sha)))) continue;
    runs.push({ id: newId('run', clock.now()), app: name, update });
  }
  if (runs.length === 0) return ignored('tag_has_run');
  return { decision: { kind: 'queued', runIds: runs.map(({ id }) => id) }, runs };
}

function ignored(reason: string): { readonly decision: Admitted; readonly runs: readonly PlannedRun[] } {
  return { decision: { kind: 'ignored', reason }, runs: [] };
}

function isOf(app: AppRow, { fullName, addresses }: RefUpdate['repository']): boolean {
  return app.repository === fullName.toLowerCase() || addresses.includes(app.source);
}

function isWanted(app: AppRow, update: RefUpdate): boolean {
  const patterns = update.kind === 'push' ? app.triggers.branches : app.triggers.tags;
  return patterns.some((pattern) => matchesPattern(pattern, update.ref));
}

/** A forge may tell of one tag twice, as a push and as its creation. */
function isSameTag(left: RefUpdate, right: RefUpdate): boolean {
  if (left.kind !== 'tag' || right.kind !== 'tag' || left.ref !== right.ref) return false;
  return left.sha === null || right.sha === null || left.sha === right.sha;
}

async function queueRuns({ driver }: Means, trx: Trx, planned: readonly PlannedRun[]): Promise<void> {
  if (planned.length === 0) return;
  const runs = planned.map(({ id, app, update }) => ({
    id,
    app,
    trigger: { kind: update.kind, actor: update.actor, ref: update.ref, deliveryId: update.deliveryId },
    sha: update.sha,
    commit:
      update.sha === null || update.commit === null ? null : { ...update.commit, sha: update.sha, ref: update.ref },
  }));
  const events = runs.map(({ id, app, trigger, sha }) => {
    return { kind: 'run.queued', app, subject: id, actor: trigger.actor, data: { trigger, sha } };
  });
  const ids = runs.map(({ id }) => id);
  await together(insertRuns(trx, runs), appendEvents(trx, events), driver.schedule(trx, ids));
}
