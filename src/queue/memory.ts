import { type Logger, messageOf, newId, sleep } from '../kernel/index.ts';
import { afterCommit } from '../store/index.ts';
import type { Job, NewJob, Queue, WorkOptions, Worker } from './port.ts';
import { DEAD_LETTER, STOP_PATIENCE_MS, TRIED_AGAIN, isDead, retryPause } from './retries.ts';

interface Waiting {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly id: string;
  readonly data: object;
  readonly singleton: string | undefined;
  readonly failures: number;
}

interface Hand {
  readonly capacity: number;
  readonly room: () => number;
  readonly handler: (job: Job<never>) => Promise<void>;
  running: number;
}

/**
 * Jobs in this process only, for tests and tools: they exist from the commit until the process ends. `queues`: the only ones there
 * are; any name will do without it.
 */
export function createMemoryQueue(
  logger: Logger,
  options: { readonly queues?: readonly string[]; readonly retryPauseMs?: (failures: number) => number } = {},
): Queue {
  const waiting = new Map<string, Waiting[]>();
  const hands = new Map<string, Hand[]>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const pauseOf = options.retryPauseMs ?? retryPause;

  function know(queue: string): void {
    if (options.queues?.includes(queue) === false) throw new Error(`there is no queue ${queue}`);
  }

  function add(queue: string, job: Waiting): void {
    const jobs = waiting.get(queue) ?? [];
    const same = jobs.findIndex((other) => job.singleton !== undefined && other.singleton === job.singleton);
    const earlier = jobs[same];
    if (earlier === undefined) jobs.push(job);
    else jobs[same] = { ...earlier, at: Math.min(earlier.at, job.at) };
    waiting.set(queue, jobs);
    setTimeout(() => pump(queue), Math.max(0, job.at - Date.now())).unref();
  }

  function pump(queue: string): void {
    const jobs = waiting.get(queue) ?? [];
    while (!stopping.signal.aborted) {
      const hand = hands.get(queue)?.find(({ running: busy, capacity, room }) => busy < capacity && room() > 0);
      const next = jobs.findIndex(({ at }) => at <= Date.now());
      if (hand === undefined || next === -1) return;
      const [job] = jobs.splice(next, 1);
      if (job === undefined) return;
      const run = handle(queue, hand, job);
      running.add(run);
      void run.finally(() => {
        running.delete(run);
        pump(queue);
      });
    }
  }

  async function handle(queue: string, hand: Hand, job: Waiting): Promise<void> {
    hand.running += 1;
    try {
      await hand.handler({ id: job.id, data: job.data as never, signal: stopping.signal });
    } catch (thrown) {
      const told = { queue, job: job.id, reason: messageOf(thrown) };
      if (isDead(thrown, job.failures)) return logger.error(told, DEAD_LETTER);
      logger.warn(told, TRIED_AGAIN);
      const at = Date.now() + pauseOf(job.failures);
      add(queue, { ...job, at, singleton: undefined, failures: job.failures + 1 });
    } finally {
      hand.running -= 1;
    }
  }

  function accept(queue: string, sent: readonly NewJob[]): void {
    for (const { data, singleton, startAfter } of sent) {
      add(queue, { at: startAfter?.getTime() ?? Date.now(), id: newId('job'), data, singleton, failures: 0 });
    }
  }

  return {
    start: () => Promise.resolve(),
    stop: async () => {
      stopping.abort();
      await Promise.race([Promise.allSettled(running), sleep(STOP_PATIENCE_MS)]);
    },
    send: (trx, queue, jobs) => {
      know(queue);
      if (!afterCommit(trx, () => accept(queue, jobs))) throw new Error('jobs are sent in a transaction of the store');
      return Promise.resolve();
    },
    work: <T extends object>(
      queue: string,
      { concurrency = 1, batch = 1, room = anyNumber }: WorkOptions,
      handler: (job: Job<T>) => Promise<void>,
    ): Promise<Worker> => {
      know(queue);
      const hand = { capacity: concurrency * batch, room, handler: handler as Hand['handler'], running: 0 };
      hands.set(queue, [...(hands.get(queue) ?? []), hand]);
      pump(queue);
      return Promise.resolve({ roomChanged: () => pump(queue) });
    },
  };
}

function anyNumber(): number {
  return Number.POSITIVE_INFINITY;
}
