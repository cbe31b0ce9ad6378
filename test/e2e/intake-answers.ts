import type { DeliveryView, TaskView } from '../../src/api/contract/index.ts';
import { type IntakeSituation, makeDelivery, makeTask } from '../../web/fixtures/intake.ts';

/** What Funade answers to a read of the intake; undefined where there is nothing. */
export function answerIntake(intake: IntakeSituation, path: string, query: URLSearchParams): unknown {
  const logged = /^\/api\/v1\/tasks\/([^/]+)\/log$/.exec(path)?.[1];
  if (logged !== undefined) return logOf(intake, logged, Number(query.get('after')));
  const fits = (name: string, value: string) => (query.get(name) ?? value) === value;
  const [, noun, id] = /^\/api\/v1\/(deliveries|tasks|sources)(?:\/([^/]+))?$/.exec(path) ?? [];
  switch (noun) {
    case 'deliveries': {
      if (id !== undefined) return intake.deliveries.find((delivery) => delivery.id === id);
      const fitting = intake.deliveries.filter(
        ({ source, outcome }) => fits('source', source) && fits('outcome', outcome),
      );
      // As the server does: bodies are only in the view of one delivery.
      return pageOf(
        fitting.map((delivery) => ({ ...delivery, body: null })),
        query,
      );
    }
    case 'tasks':
      if (id !== undefined) return intake.tasks.find((task) => task.id === id);
      return pageOf(
        intake.tasks.filter(({ state }) => fits('state', state)),
        query,
      );
    case 'sources':
      return { items: intake.sources, next: null };
    default:
      return undefined;
  }
}

/** Two pieces, whose text is that of others, for a task that somebody works on or worked on. */
function logOf(intake: IntakeSituation, id: string, after: number) {
  const task = intake.tasks.find((each) => each.id === id);
  if (task === undefined) return undefined;
  const pieces =
    task.attempts.length === 0 ? [] : ['reads <script>alert(1)</script>\n', '\u001B[31m1 test fails\u001B[0m\n'];
  const text = pieces[after] ?? '';
  return { text, next: text === '' ? after : after + 1, ended: task.endedAt !== null };
}

function pageOf<T extends { readonly id: string }>(items: readonly T[], query: URLSearchParams) {
  const start = items.findIndex(({ id }) => id === query.get('cursor')) + 1;
  const page = items.slice(start, start + Number(query.get('limit')));
  const last = page.at(-1);
  return { items: page, next: start + page.length < items.length && last !== undefined ? last.id : null };
}

interface Taken {
  readonly after: IntakeSituation;
  readonly answer: DeliveryView | TaskView;
}

const STEERED = { pause: 'pausing', resume: 'queued', stop: 'stopping', approve: 'queued' } as const;

function steered(intake: IntakeSituation, path: string): Taken | undefined {
  const [, id, act] = /^\/api\/v1\/tasks\/([^/]+)\/(pause|resume|stop|approve)$/.exec(path) ?? [];
  const task = intake.tasks.find((each) => each.id === id);
  if (task === undefined) return undefined;
  const answer: TaskView = { ...task, state: STEERED[act as keyof typeof STEERED], expiresAt: null };
  return { answer, after: { ...intake, tasks: intake.tasks.map((each) => (each === task ? answer : each)) } };
}

/** What a replay, a retry or an act on a task makes; undefined when the path is another command's. */
export function takeIntakeCommand(intake: IntakeSituation, path: string): Taken | undefined {
  const taken = steered(intake, path);
  if (taken !== undefined) return taken;
  const [, noun, id] = /^\/api\/v1\/(deliveries|tasks)\/([^/]+)\/(?:replay|retry)$/.exec(path) ?? [];
  const delivery = noun === 'deliveries' ? intake.deliveries.find((each) => each.id === id) : undefined;
  if (delivery !== undefined) {
    const answer = makeDelivery({
      ...delivery,
      id: 'dlv_replayed',
      deliveryId: 'replay:dlv_replayed',
      outcome: 'ignored',
      reason: 'task_alive',
      taskIds: [],
      duplicates: 0,
      lastDuplicateAt: null,
      replayOf: delivery.id,
      receivedAt: Date.now(),
    });
    return { answer, after: { ...intake, deliveries: [answer, ...intake.deliveries] } };
  }
  const task = noun === 'tasks' ? intake.tasks.find((each) => each.id === id) : undefined;
  if (task === undefined) return undefined;
  const answer = makeTask({
    ...task,
    id: 'task_retried',
    state: 'queued',
    reason: null,
    errorId: null,
    attempts: [],
    via: 'retry',
    generation: task.generation + 1,
    claimedAt: null,
    endedAt: null,
    queuedAt: Date.now(),
  });
  return { answer, after: { ...intake, tasks: [answer, ...intake.tasks] } };
}
