import type { DeliveryView, TaskView } from '../../src/api/contract/index.ts';
import { type IntakeSituation, makeDelivery, makeTask } from '../../web/fixtures/intake.ts';

/** What Funade answers to a read of the intake; undefined where there is nothing. */
export function answerIntake(intake: IntakeSituation, path: string, query: URLSearchParams): unknown {
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

/** What a replay or a retry makes; undefined when the path is another command's. */
export function takeIntakeCommand(intake: IntakeSituation, path: string): Taken | undefined {
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
