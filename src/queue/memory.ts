import { type Logger, messageOf, newId } from '../kernel/index.ts';
import type { Job, Queue } from './port.ts';

/**
 * Jobs in this process only, for tests and tools: nothing survives a restart, and a job sent in a transaction runs even when
 * that transaction rolls back. The driver's rows, not its jobs, are the truth, so both are allowed to it.
 */
export function createMemoryQueue(logger: Logger): Queue {
  type Handler = (job: Job<never>) => Promise<void>;
  const handlers = new Map<string, Handler>();
  const waiting = new Set<string>();
  const stopping = new AbortController();
  function deliver(queue: string, data: object, key: string | undefined): void {
    if (key !== undefined) waiting.delete(key);
    const handler = handlers.get(queue);
    if (handler === undefined || stopping.signal.aborted) return;
    handler({ id: newId('job'), data: data as never, signal: stopping.signal }).catch((thrown: unknown) =>
      logger.warn({ queue, reason: messageOf(thrown) }, 'Failed to run a job.'),
    );
  }
  return {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(stopping.abort()),
    send: (_trx, queue, jobs) => {
      for (const { data, singleton, startAfter } of jobs) {
        const key = singleton === undefined ? undefined : `${queue}:${singleton}`;
        if (key !== undefined && waiting.has(key)) continue;
        if (key !== undefined) waiting.add(key);
        const delay = startAfter === undefined ? 5 : Math.max(5, startAfter.getTime() - Date.now());
        setTimeout(() => deliver(queue, data, key), delay).unref();
      }
      return Promise.resolve();
    },
    work: (queue, _options, handler) => {
      handlers.set(queue, handler as Handler);
      return Promise.resolve();
    },
  };
}
