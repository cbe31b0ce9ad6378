import { matchesPattern } from '../config/index.ts';
import { type Clock, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type Trx, appendEvents, together } from '../store/index.ts';
import { type LastRelease, knownAlready, lastReleaseBy, lastReleaseOf } from './admission/known.ts';
import { type ProjectOfApp, comesFrom, isNamesake, newProjectOf } from './admission/repository.ts';
import { type RefOfApp, hasRecentTagRun, lockApps, noteProjects, readNewestRuns } from './admission/store.ts';
import { type AppRow, type Trigger, findApps, insertRuns } from './store.ts';

/** A push or tag as intake hands it over, in the transaction that stores its delivery. */
export interface RefUpdate {
  readonly kind: 'push' | 'tag';
  /** Branch or tag name. */
  readonly ref: string;
  /** What it points at now; null when the forge does not say (a new tag). */
  readonly sha: string | null;
  /** What it pointed at before, by the forge or, of what polling found, when it was last looked at; null when it is new. */
  readonly before: string | null;
  /** Name of the source that it came from; `github` and `gitlab` are those of the configuration. */
  readonly source: string;
  /** Id of the forge's implementation. */
  readonly forge: string;
  /** Host of the source's pages: the repository is one of that forge. */
  readonly host: string;
  /** `id` is null where it was not told. */
  readonly repository: { readonly id: string | null; readonly fullName: string; readonly addresses: readonly string[] };
  readonly actor: string;
  readonly commit: { readonly message: string; readonly author: string; readonly at: number } | null;
  readonly deliveryId: string;
  readonly via: 'webhook' | 'poll';
  /** A person's wish, not news of the forge. */
  readonly isReplay: boolean;
  /** Which hook told of it, where that is known. */
  readonly hook?: string | null;
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

/** An update, and the applications that it is for. */
interface Asked {
  readonly update: RefUpdate;
  readonly own: readonly AppRow[];
  readonly matching: readonly AppRow[];
  /** Applications of that name belong to another host or source. */
  readonly hasNamesake: boolean;
}

/**
 * Plans a run for every application of an update's repository whose patterns match; says why when there is none. What many
 * updates become is read and written together. Holds the applications' rows until the transaction ends: of a webhook and a poll
 * that tell of one push at the same moment, the second sees what the first made.
 */
export async function planAdmission(means: Means, trx: Trx, updates: readonly RefUpdate[]): Promise<PlannedAdmission> {
  const repositories = updates.map(({ repository }) => repository);
  const apps = await findApps(trx, {
    names: [...new Set(repositories.map(({ fullName }) => fullName.toLowerCase()))],
    addresses: [...new Set(repositories.flatMap(({ addresses }) => addresses))],
    ids: [...new Set(repositories.flatMap(({ id }) => id ?? []))],
  });
  const asked = updates.map((update): Asked => {
    const own = apps.filter((app) => comesFrom(app, update));
    const hasNamesake = apps.some((app) => isNamesake(app, update));
    return { update, own, matching: own.filter((app) => isWanted(app, update)), hasNamesake };
  });
  const names = asked.flatMap(({ matching }) => matching).map(({ name }) => name);
  await lockApps(trx, [...new Set([...names, ...projectsOf(asked).map(({ app }) => app)])]);
  const last = await lastReleases(trx, asked);
  const planned: PlannedRun[] = [];
  const decisions: Admitted[] = [];
  for (const each of asked) {
    const { decision, runs } = await plan(means, trx, { ...each, planned, last });
    for (const { app, update } of runs) last.set(keyOf(app, update), lastReleaseBy(update, means.clock.now()));
    planned.push(...runs);
    decisions.push(decision);
  }
  return {
    decisions,
    write: async (places) => {
      const wanted = new Set(places.map((place) => updates[place]));
      const isWritten = ({ update }: { readonly update: RefUpdate }) => wanted.has(update);
      await noteProjects(trx, projectsOf(asked.filter(isWritten)));
      await queueRuns(means, trx, planned.filter(isWritten));
    },
  };
}

/** Ids of repositories that are not remembered yet: one for each application, the last that was told. */
function projectsOf(asked: readonly Asked[]): readonly ProjectOfApp[] {
  const told = asked.flatMap(({ update, own }) => own.flatMap((app) => newProjectOf(app, update) ?? []));
  return [...new Map(told.map((project) => [project.app, project])).values()];
}

/** What each ref was released as last, as it stands until this transaction ends. */
async function lastReleases(trx: Trx, asked: readonly Asked[]): Promise<Map<string, LastRelease>> {
  const refs = new Map<string, RefOfApp>();
  for (const { update, matching } of asked) {
    for (const { name } of matching) {
      refs.set(keyOf(name, update), { app: name, kind: update.kind, ref: update.ref });
    }
  }
  if (refs.size === 0) return new Map();
  const runs = await readNewestRuns(trx, [...refs.values()]);
  return new Map(runs.map((run) => [keyOf(run.app, run), lastReleaseOf(run)]));
}

function keyOf(app: string, { kind, ref }: Pick<RefUpdate, 'kind' | 'ref'>): string {
  return `${app} ${kind} ${ref}`;
}

async function plan(
  { clock }: Means,
  trx: Trx,
  facts: Asked & { readonly planned: readonly PlannedRun[]; readonly last: ReadonlyMap<string, LastRelease> },
): Promise<{ readonly decision: Admitted; readonly runs: readonly PlannedRun[] }> {
  const { own, matching, hasNamesake, planned, update, last } = facts;
  if (own.length === 0) return ignored(hasNamesake ? 'other_host' : 'unknown_repository');
  if (matching.length === 0) return ignored('ref_not_matched');
  const runs: PlannedRun[] = [];
  const reasons: string[] = [];
  for (const { name } of matching) {
    const known = knownAlready(update, last.get(keyOf(name, update)), clock.now());
    if (known !== null) {
      reasons.push(known);
      continue;
    }
    const isTold = planned.some((run) => run.app === name && isSameTag(run.update, update));
    if (isTold || (update.kind === 'tag' && (await hasRecentTagRun(trx, name, update.ref, update.sha)))) {
      reasons.push('tag_has_run');
      continue;
    }
    runs.push({ id: newId('run', clock.now()), app: name, update });
  }
  if (runs.length === 0) return ignored(reasons[0] ?? 'already_handled');
  return { decision: { kind: 'queued', runIds: runs.map(({ id }) => id) }, runs };
}

function ignored(reason: string): { readonly decision: Admitted; readonly runs: readonly PlannedRun[] } {
  return { decision: { kind: 'ignored', reason }, runs: [] };
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
    trigger: triggerOf(update),
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

function triggerOf({ kind, actor, ref, deliveryId, via, hook = null, sha }: RefUpdate): Trigger {
  return {
    kind,
    actor,
    ref,
    deliveryId,
    ...(via === 'poll' ? { via } : {}),
    ...(hook === null ? {} : { hook }),
    ...(kind === 'tag' ? { pointsAt: sha } : {}),
  };
}
