import { type Clock, sleep } from '../../kernel/index.ts';
import type { ApiLimits } from './limits.ts';

/** Lets the requests of one client through: so many at a time, and writes one after the other. */
export interface Gate {
  pass<T>(kind: 'read' | 'write', request: () => Promise<T>): Promise<T>;
}

export function createGate(limits: Pick<ApiLimits, 'concurrency' | 'writeGapMs'>, clock: Clock): Gate {
  const waiting: (() => void)[] = [];
  let free = limits.concurrency;
  let lastWrite: Promise<void> = Promise.resolve();
  let wroteAt: number | null = null;

  async function slot<T>(request: () => Promise<T>): Promise<T> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await request();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }

  async function writeInTurn<T>(gapMs: number, request: () => Promise<T>): Promise<T> {
    const before = lastWrite;
    const turn = Promise.withResolvers<void>();
    lastWrite = turn.promise;
    await before;
    try {
      if (wroteAt !== null) await sleep(Math.min(gapMs, Math.max(0, wroteAt + gapMs - clock.now())));
      return await slot(request);
    } finally {
      wroteAt = clock.now();
      turn.resolve();
    }
  }

  return {
    pass: (kind, request) =>
      kind === 'write' && limits.writeGapMs !== null ? writeInTurn(limits.writeGapMs, request) : slot(request),
  };
}
