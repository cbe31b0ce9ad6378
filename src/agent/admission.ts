import type { AgentLabels } from '../config/index.ts';
import type { ForgeWebhook } from '../forges/index.ts';
import { type Clock, assertNever, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type NewEvent, type Trx, afterCommit, appendEvents, together } from '../store/index.ts';
import type { AgentMetrics, PlannedTasks, TaskAdmitted, TaskArrival } from './port.ts';
import { type PastTask, type Verdict, type Wish, decide, wishOf } from './sift.ts';
import {
  type HistoryRow,
  type NewTask,
  type SubjectId,
  cancelQueued,
  insertTasks,
  lockSubjects,
  nameOf,
  readHistories,
  tellTasks,
} from './store.ts';

export interface AdmissionMeans {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly forges: ReadonlyMap<string, Pick<ForgeWebhook, 'labelKey'>>;
  readonly labels: AgentLabels;
  readonly metrics?: AgentMetrics | undefined;
}

type Wanted = Exclude<Wish, { readonly kind: 'ignored' }>;

/** What the batch has decided of a subject so far. */
interface Course {
  readonly history: readonly PastTask[];
  /** Place of the arrival that changed it last; null while it is as it was read. */
  readonly restsOn: number | null;
}

interface Decided {
  readonly admitted: TaskAdmitted;
  /** The decision is only right when the arrival at that place is written as well. */
  readonly restsOn: number | null;
  readonly task?: NewTask;
  readonly cancel?: string;
  readonly tell?: string;
}

/** Decisions of one batch rest on each other, and not all are to be written: each has to be decided alone. */
class Entangled extends Error {}

/**
 * Decides what arrivals become. Their subjects are locked until the transaction ends, so that what was decided is still right
 * when it is written, however many deliveries tell of the same subject at the same time. What many become is read and written
 * together.
 */
export async function planAdmission(
  means: AdmissionMeans,
  trx: Trx,
  arrivals: readonly TaskArrival[],
): Promise<PlannedTasks> {
  const wishes = arrivals.map((arrival) =>
    wishOf(arrival, { trigger: means.labels.trigger, labelKey: keyOf(means, arrival) }),
  );
  const courses = await readCourses(trx, wishes);
  const decided = wishes.map((wish, place): Decided => {
    const arrival = arrivals[place];
    if (wish.kind === 'ignored' || arrival === undefined)
      return { admitted: { kind: 'ignored', reason: reasonOf(wish) }, restsOn: null };
    return follow(means, courses, { wish, arrival, place });
  });
  return {
    decisions: decided.map(({ admitted }) => admitted),
    write: async (places) => write(means, trx, chosen(decided, places)),
  };
}

function reasonOf(wish: Wish): string {
  return wish.kind === 'ignored' ? wish.reason : 'nothing_to_do';
}

function keyOf({ forges }: AdmissionMeans, { forge }: TaskArrival): (label: string) => string {
  const known = forges.get(forge);
  if (known === undefined) throw new RangeError(`no forge ${forge}`);
  return known.labelKey;
}

async function readCourses(trx: Trx, wishes: readonly Wish[]): Promise<Map<string, Course>> {
  const subjects = new Map<string, SubjectId>();
  for (const wish of wishes) if (wish.kind !== 'ignored') subjects.set(nameOf(wish.subject), wish.subject);
  if (subjects.size === 0) return new Map();
  const all = [...subjects.values()];
  await lockSubjects(trx, all);
  const rows = await readHistories(trx, all);
  return new Map(
    all.map((subject, place) => {
      const history = rows.filter((row) => row.place === place).map(pastOf);
      return [nameOf(subject), { history, restsOn: null }];
    }),
  );
}

function pastOf(row: HistoryRow): PastTask {
  return {
    id: row.id,
    state: row.state,
    reason: row.reason,
    generation: row.generation,
    via: row.via,
    triggeredBy: row.triggered_by,
    triggeredAt: row.triggered_at?.getTime() ?? null,
    queuedAt: row.queued_at.getTime(),
    tookLabel: row.took_label,
  };
}

/** Decides on one arrival, and notes what that changes for those after it. */
function follow(
  means: AdmissionMeans,
  courses: Map<string, Course>,
  { wish, arrival, place }: { readonly wish: Wanted; readonly arrival: TaskArrival; readonly place: number },
): Decided {
  const name = nameOf(wish.subject);
  const { history, restsOn } = courses.get(name) ?? { history: [], restsOn: null };
  const now = means.clock.now();
  const verdict: Verdict = decide(wish, arrival, history, now);
  switch (verdict.kind) {
    case 'ignored':
      return { admitted: verdict, restsOn };
    case 'cancel': {
      const after = history.map((task) =>
        task.id === verdict.task ? { ...task, state: 'cancelled' as const, reason: 'subject_closed' } : task,
      );
      courses.set(name, { history: after, restsOn: place });
      return { admitted: { kind: 'ignored', reason: 'task_cancelled' }, restsOn, cancel: verdict.task };
    }
    case 'tell':
      return { admitted: { kind: 'ignored', reason: 'task_told' }, restsOn, tell: verdict.task };
    case 'queue': {
      const task = taskFor(means, wish, arrival, { generation: verdict.generation, now });
      courses.set(name, {
        history: [pastOf({ ...task, state: 'queued', reason: null, took_label: false, place }), ...history],
        restsOn: place,
      });
      return { admitted: { kind: 'queued', taskIds: [task.id] }, restsOn, task };
    }
    default:
      return assertNever(verdict);
  }
}

function taskFor(
  { labels }: AdmissionMeans,
  { subject, ...wish }: Wanted,
  { event, source, deliveryId, via }: TaskArrival,
  { generation, now }: { readonly generation: number; readonly now: number },
): NewTask {
  return {
    id: newId('task', now),
    source,
    forge: subject.forge,
    host: subject.host,
    project_id: subject.projectId,
    project: event.repository.fullName,
    kind: subject.kind,
    number: subject.number,
    generation,
    title: event.subject.title,
    url: event.subject.url,
    label: labels.trigger,
    actor: event.actor.login,
    actor_id: event.actor.id,
    via,
    triggered_by: wish.kind === 'task' ? wish.by : 'label_added',
    delivery_id: deliveryId,
    triggered_at: event.at === null ? null : new Date(event.at),
    queued_at: new Date(now),
  };
}

function chosen(decided: readonly Decided[], places: readonly number[]): readonly Decided[] {
  const wanted = new Set(places);
  const own = decided.filter((_, place) => wanted.has(place));
  if (own.some(({ restsOn }) => restsOn !== null && !wanted.has(restsOn))) throw new Entangled();
  return own;
}

async function write(means: AdmissionMeans, trx: Trx, decided: readonly Decided[]): Promise<void> {
  const cancels = new Set(decided.flatMap(({ cancel }) => cancel ?? []));
  const tasks = decided.flatMap(({ task }) => task ?? []);
  const told = new Set(decided.flatMap(({ tell }) => tell ?? []));
  const [dead, alive] = [tasks.filter(({ id }) => cancels.has(id)), tasks.filter(({ id }) => !cancels.has(id))];
  const now = means.clock.now();
  const end = { reason: 'subject_closed', now };
  // First the old ones, since a subject has one task that is alive.
  const cancelled = await cancelQueued(trx, [...cancels], end);
  const ended = [...cancelled, ...dead.map(({ id }) => id)];
  await together(
    insertTasks(trx, alive),
    insertTasks(trx, dead, end),
    tellTasks(trx, [...told], now),
    appendEvents(trx, [...tasks.map(queuedEvent), ...ended.map((id) => cancelledEvent(id, end.reason))]),
    // One that is being worked on gets another round after it: news that came as it ended are not lost.
    means.driver.schedule(trx, [...alive.map(({ id }) => id), ...told]),
  );
  afterCommit(trx, () => {
    for (const { forge, kind, via } of tasks) means.metrics?.queued(forge, kind, via);
    ended.forEach(() => means.metrics?.ended('cancelled'));
  });
}

function cancelledEvent(subject: string, reason: string): NewEvent {
  return { kind: 'task.cancelled', subject, actor: 'automation', data: { reason } };
}

/** The event that tells of a new task. */
export function queuedEvent(task: NewTask): NewEvent {
  const { source, project, kind, number, generation, via, label } = task;
  return {
    kind: 'task.queued',
    subject: task.id,
    actor: task.actor,
    data: { source, project, kind, number, generation, via, label, deliveryId: task.delivery_id },
  };
}
