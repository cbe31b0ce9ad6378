import { availableParallelism } from 'node:os';
import { FunadeError } from '../../kernel/index.ts';

export interface CompilerLimits {
  /** Compilers at the same time. Their memory does not count as that of instances: this bounds it. */
  readonly atOnce: number;
  /** Compilations that wait for one; new code beyond them is refused. */
  readonly waiting: number;
  /** Milliseconds that new code waits for its turn. */
  readonly turn: number;
}

export const COMPILER_LIMITS: CompilerLimits = {
  atOnce: Math.max(1, Math.floor(availableParallelism() / 2)),
  waiting: 32,
  turn: 60_000,
};

/**
 * `refusable`: somebody sent the code, waits for an answer, and may send it again. `patient`: a version needs it that was
 * accepted before; to refuse it would be to take that version down.
 */
export type Patience = 'refusable' | 'patient';

export interface CompileOrder {
  /** Who asks for one that is known waits for the same. */
  readonly key: string;
  readonly patience: Patience;
  /** Resolves with the program's file. */
  readonly work: () => Promise<string>;
}

/** Compilations in the order in which they were asked for. */
export interface Compilers {
  /** Settles as `work` does. Throws `FUN_UNAVAILABLE` where its turn can't come, or did not in time. */
  run(order: CompileOrder): Promise<string>;
  /** Refuses all that wait or come; those at work go on. */
  stop(): void;
}

interface Job {
  readonly key: string;
  readonly work: () => Promise<string>;
  readonly done: PromiseWithResolvers<string>;
  /** Who waits for it; without any it loses its place. */
  holders: number;
}

export function createCompilers(limits: CompilerLimits): Compilers {
  const jobs = new Map<string, Job>();
  const waiting = new Set<Job>();
  let working = 0;
  let isStopped = false;

  function add({ key, patience, work }: CompileOrder): Job {
    if (isStopped) throw stopping();
    const isFull = working >= limits.atOnce && waiting.size >= limits.waiting;
    if (isFull && patience === 'refusable')
      throw unavailable(`${waiting.size} compilations wait for their turn already`);
    const job = { key, work, done: Promise.withResolvers<string>(), holders: 0 };
    job.done.promise.catch(() => {}); // who waited may have left
    jobs.set(key, job);
    waiting.add(job);
    begin();
    return job;
  }

  function begin(): void {
    for (const job of waiting) {
      if (working >= limits.atOnce) return;
      waiting.delete(job);
      working += 1;
      void perform(job);
    }
  }

  async function perform({ key, work, done }: Job): Promise<void> {
    const settle = await work().then(
      (program) => () => done.resolve(program),
      (thrown: unknown) => () => done.reject(thrown),
    );
    working -= 1;
    jobs.delete(key);
    settle();
    begin();
  }

  function leave(job: Job): void {
    job.holders -= 1;
    if (job.holders > 0) return;
    waiting.delete(job);
    jobs.delete(job.key);
  }

  async function run(order: CompileOrder): Promise<string> {
    const job = jobs.get(order.key) ?? add(order);
    job.holders += 1;
    if (order.patience === 'patient') return job.done.promise;
    const missed = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      if (!waiting.has(job)) return; // it has begun, and has its own deadline
      leave(job);
      missed.reject(unavailable(`no compiler was free for it within ${limits.turn / 1000} s`));
    }, limits.turn);
    return Promise.race([job.done.promise, missed.promise]).finally(() => clearTimeout(timer));
  }

  return {
    run,
    stop: () => {
      isStopped = true;
      for (const job of waiting) {
        jobs.delete(job.key);
        job.done.reject(stopping());
      }
      waiting.clear();
    },
  };
}

function stopping(): FunadeError {
  return unavailable('this server stops');
}

function unavailable(reason: string): FunadeError {
  return new FunadeError('FUN_UNAVAILABLE', { reason });
}
