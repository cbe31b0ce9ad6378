import type { AgentSettings } from '../../config/index.ts';
import type { Actor, Change, Forge } from '../../forges/index.ts';
import { recordChange, recordHead } from '../records/store.ts';
import type { Mask } from '../redaction.ts';
import type { TaskRow } from '../store.ts';
import type { Workspace } from '../workspace/port.ts';
import { bound } from './bound.ts';
import { changeBody, changeTitle, commitMessage } from './change-text.ts';
import { LONGEST_PATCH, faultOf } from './diff.ts';
import { StaleHolder, unlessInterrupted } from './interruption.ts';
import { type Place, ask, heldBy, keyOf } from './place.ts';
import type { Target } from './target.ts';

/** Work that is in a checkout, and what is needed to propose it. */
export interface Work {
  readonly place: Place;
  readonly forge: Forge;
  /** As it is now. */
  readonly task: TaskRow;
  readonly title: string;
  readonly workspace: Workspace;
  readonly target: Target;
  readonly settings: AgentSettings;
  readonly mask: Mask;
}

export type Refused = { readonly kind: 'refused'; readonly reason: string; readonly detail: string | null };
export type Pushed = { readonly kind: 'pushed'; readonly sha: string } | { readonly kind: 'nothing' } | Refused;
export type Published =
  | { readonly kind: 'proposed'; readonly isElsewhere: boolean }
  | { readonly kind: 'nothing' }
  | Refused;

const PUSH_MS = 5 * 60_000;

/** Commits what the tree has, looks whether it may leave this machine, and pushes it. */
export async function pushWork(work: Work, signal: AbortSignal): Promise<Pushed> {
  const { place, forge, settings, task } = work;
  const workspace = bound(work.workspace, signal);
  const files = await workspace.changes();
  if (files.length === 0) return { kind: 'nothing' };
  const fault = faultOf({ files, patch: await workspace.patch(LONGEST_PATCH + 1) }, settings, place.means.secrets());
  if (fault !== null) return { kind: 'refused', reason: fault.reason, detail: fault.detail };
  const self = await unlessInterrupted(signal, () => forge.self());
  const commit = await workspace.commit(work.mask(commitMessage(task, work.title)), authorOf(self, forge));
  if (commit === null) return { kind: 'nothing' };
  const end = await workspace.push(AbortSignal.any([signal, AbortSignal.timeout(PUSH_MS)]));
  if (end.kind === 'refused') return { kind: 'refused', reason: end.reason, detail: work.mask(end.detail) };
  if (!(await recordHead(place.means.db, heldBy(place), end.sha))) throw new StaleHolder();
  return { kind: 'pushed', sha: end.sha };
}

function authorOf({ login, id }: Actor, { host, id: kind }: Forge): { readonly name: string; readonly email: string } {
  const separator = kind === 'github' ? '+' : '-';
  const user = id === null ? login : `${id}${separator}${login}`;
  return { name: login, email: `${user}@users.noreply.${host}` };
}

/**
 * Brings the work to people: pushed, and in one change, whatever happened before. Each step looks first, so a process that comes after a crash
 * ends with the same one.
 */
export async function publish(work: Work, summary: string): Promise<Published> {
  const { place, target, task } = work;
  const pushed = await pushWork(work, place.lease.signal);
  if (pushed.kind !== 'pushed') return pushed;
  // Its branch had this commit before the task began.
  if (target.own !== null && target.own.headSha === pushed.sha && task.head_sha !== pushed.sha)
    return { kind: 'nothing' };
  const { change, adopted, isElsewhere } = await propose(work, summary);
  const { number, url } = change;
  if (!(await recordChange(place.means.db, heldBy(place), { number, url, adopted }))) throw new StaleHolder();
  return { kind: 'proposed', isElsewhere };
}

interface Proposed {
  readonly change: Change;
  readonly adopted: boolean;
  /** It is somebody else's, from another branch: the work is only on ours. */
  readonly isElsewhere: boolean;
}

async function propose(work: Work, summary: string): Promise<Proposed> {
  const { place, forge, target, task } = work;
  const { repository } = keyOf(task);
  if (target.own !== null) return updated(work, target.own, summary);
  const wanted = { head: target.branch, closes: task.kind === 'issue' ? task.number : null };
  const found = await ask(place, () => forge.findChange(repository, wanted));
  if (found !== null && found.head === target.branch) return updated(work, found, summary);
  if (found !== null) return { change: found, adopted: true, isElsewhere: true };
  const before = await closedBefore(work);
  if (before !== null) return { change: before, adopted: false, isElsewhere: true };
  const change = await ask(place, async () =>
    forge.createChange(repository, {
      head: target.branch,
      base: target.base,
      title: work.mask(changeTitle(task, work.title)),
      body: await bodyOf(work, summary, ''),
      draft: true,
    }),
  );
  return { change, adopted: false, isElsewhere: false };
}

/** The change that this very task has opened, and a person has closed since: they don't want to see it again. */
async function closedBefore({ place, forge, task }: Work): Promise<Change | null> {
  const { change_number: number } = task;
  if (number === null || task.change_adopted) return null;
  const change = await ask(place, () => forge.readChange(keyOf(task).repository, number));
  return change === null || change.open ? null : change;
}

/** Our part of its text is brought up to date; what people wrote around it stays, and so does whether it is a draft. */
async function updated(work: Work, change: Change, summary: string): Promise<Proposed> {
  const { place, forge, task } = work;
  const body = await bodyOf(work, summary, change.body);
  const isOurs = change.number === task.change_number ? !task.change_adopted : change.body.includes(task.id);
  const result =
    body === change.body
      ? change
      : await ask(place, () => forge.updateChange(keyOf(task).repository, change.number, { body }));
  return { change: result, adopted: !isOurs, isElsewhere: false };
}

async function bodyOf({ place, task, mask }: Work, summary: string, before: string): Promise<string> {
  const { means } = place;
  const isOwnIssue =
    task.kind === 'issue' &&
    (await means.isOwnIssue({ source: task.source, projectId: task.project_id, number: task.number }));
  return changeBody({ task, summary: mask(summary), before, isOwnIssue, language: means.language });
}
