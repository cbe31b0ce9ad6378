import { assertNever } from '../kernel/index.ts';
import { asksForRetry, hasMarker } from './commands.ts';
import type { TaskArrival, TaskState } from './port.ts';
import type { SubjectId, TriggeredBy } from './store.ts';
import { hasTaskEnded } from './steering.ts';

/** What an arrival asks for, before the tasks of its subject were looked at. */
export type Wish =
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'task'; readonly subject: SubjectId; readonly by: Exclude<TriggeredBy, 'retry'> }
  | { readonly kind: 'close'; readonly subject: SubjectId }
  /** News for a task that is alive; `asksForRetry`: or for one that has ended. */
  | { readonly kind: 'tell'; readonly subject: SubjectId; readonly asksForRetry: boolean };

export interface TriggerRule {
  /** Label that hands a subject over. */
  readonly trigger: string;
  /** Two labels are the same where their keys are. */
  readonly labelKey: (label: string) => string;
}

/** Reads an arrival. The trigger is a label that was put on now, or at creation; never one that is just there. */
export function wishOf(arrival: TaskArrival, rule: TriggerRule): Wish {
  const { event } = arrival;
  switch (event.kind) {
    case 'label_added':
      if (!includesLabel(event.added, rule)) return ignored('not_target_label');
      break;
    case 'opened':
      if (!includesLabel(event.subject.labels, rule)) return ignored('not_target_label');
      break;
    case 'closed': {
      const subject = subjectIn(arrival);
      return subject === null ? ignored('payload_mismatch') : { kind: 'close', subject };
    }
    case 'assigned':
    case 'unassigned':
    case 'comment':
      return newsIn(arrival);
    default:
      return assertNever(event);
  }
  const subject = subjectIn(arrival);
  if (subject === null) return ignored('payload_mismatch');
  if (!event.subject.open) return ignored('subject_closed');
  return { kind: 'task', subject, by: event.kind };
}

/** Only a hint: who may say what is decided when the forge is asked. What programs write, Funade among them, is never news. */
function newsIn(arrival: TaskArrival): Wish {
  const { event } = arrival;
  if (event.kind === 'comment' && (event.actor.isBot || hasMarker(event.comment.body))) return ignored('nothing_to_do');
  const subject = subjectIn(arrival);
  if (subject === null) return ignored('payload_mismatch');
  return { kind: 'tell', subject, asksForRetry: event.kind === 'comment' && asksForRetry(event.comment.body) };
}

function ignored(reason: string): { readonly kind: 'ignored'; readonly reason: string } {
  return { kind: 'ignored', reason };
}

function includesLabel(labels: readonly string[], { trigger, labelKey }: TriggerRule): boolean {
  return labels.some((label) => labelKey(label) === labelKey(trigger));
}

/**
 * Null when the payload does not say which one it is: names change, ids do not. The host is the source's: a payload names the address
 * that people use, which may be another one than that of the API, and polling must find the same subject.
 */
function subjectIn({ event: { repository, subject }, forge, host }: TaskArrival): SubjectId | null {
  if (repository.id === null) return null;
  return { forge, host, projectId: repository.id, kind: subject.kind, number: subject.number };
}

/** An earlier task of the subject. */
export interface PastTask {
  readonly id: string;
  readonly state: TaskState;
  /** Why it ended, for those that were cancelled. */
  readonly reason: string | null;
  readonly generation: number;
  readonly via: 'webhook' | 'poll' | 'retry';
  readonly triggeredBy: TriggeredBy;
  /** By the forge's clock. */
  readonly triggeredAt: number | null;
  readonly queuedAt: number;
  readonly tookLabel: boolean;
}

export type Verdict =
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'queue'; readonly generation: number }
  | { readonly kind: 'cancel'; readonly task: string }
  /** Whoever works on it, or is next, looks at the forge. */
  | { readonly kind: 'tell'; readonly task: string };

const HOUR = 3_600_000;

/** Tasks of one subject within an hour; more of them are a loop. A person's retries are not counted. */
const MOST_TASKS = 5;

/** Decides on an arrival with the tasks that its subject has had, newest first. */
export function decide(
  wish: Exclude<Wish, { readonly kind: 'ignored' }>,
  arrival: TaskArrival,
  history: readonly PastTask[],
  now: number,
): Verdict {
  const alive = history.find(({ state }) => !hasTaskEnded(state));
  if (wish.kind === 'tell') {
    const told = alive ?? (wish.asksForRetry ? history[0] : undefined);
    return told === undefined ? ignored('nothing_to_do') : { kind: 'tell', task: told.id };
  }
  if (wish.kind === 'close') {
    if (alive === undefined) return ignored('nothing_to_do');
    // What has begun is not cancelled here: its work is kept, and its labels have to move as well.
    const hasBegun = alive.state !== 'queued' || alive.tookLabel;
    return { kind: hasBegun ? 'tell' : 'cancel', task: alive.id };
  }
  if (alive !== undefined) return ignored('task_alive');
  if (wasHandled(arrival, history)) return ignored('already_handled');
  const recent = history.filter(({ via, queuedAt }) => via !== 'retry' && queuedAt > now - HOUR);
  if (recent.length >= MOST_TASKS) return ignored('too_many_tasks');
  return { kind: 'queue', generation: (history[0]?.generation ?? 0) + 1 };
}

/** Clocks of a forge show seconds, and not every part of it the same one. */
const SAME = 1000;

/**
 * Whether this act of labelling has led to a task that has ended. A subject's creation is told as `opened` and `labeled`, one event may
 * come through the hooks of project and group, and polling finds what a webhook tells of as well. Where the task took the label
 * off, a needless one would be cancelled when it is claimed; these rules keep it from being made at all.
 */
function wasHandled({ event, via, isReplay }: TaskArrival, history: readonly PastTask[]): boolean {
  if (isReplay || history.length === 0) return false;
  const { at } = event;
  if (via === 'poll') {
    const counted = history.filter((task) => !wasLeftUndone(task));
    return at === null || counted.some(({ triggeredAt }) => isSince(triggeredAt, at - SAME));
  }
  if (event.kind === 'opened' && !event.again) return true;
  if (at === null) return false;
  return history.some(
    (task) =>
      (task.via === 'poll' && isSince(task.triggeredAt, at - SAME)) ||
      (task.triggeredBy === 'opened' && isNear(task.triggeredAt, at)) ||
      (!task.tookLabel && task.triggeredAt === at),
  );
}

/**
 * Cancelled because its subject was closed, before it took the label. A poll only finds what is open: it was opened again since.
 * Whoever was not allowed to start a task is not asked about again.
 */
function wasLeftUndone({ state, reason, tookLabel }: PastTask): boolean {
  return state === 'cancelled' && reason === 'subject_closed' && !tookLabel;
}

function isSince(time: number | null, since: number): boolean {
  return time !== null && time >= since;
}

function isNear(time: number | null, at: number): boolean {
  return time !== null && Math.abs(time - at) <= 2 * SAME;
}
