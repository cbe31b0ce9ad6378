import type { Clock } from '../../kernel/index.ts';

/** What was learnt from a forge, for a while. Failures are not kept; callers of the same key at the same time share one question. */
export interface Memory<T> {
  get(key: string, learn: () => Promise<T>): Promise<T>;
  peek(key: string): T | undefined;
  put(key: string, value: T): void;
  forget(key: string): void;
}

const MOST = 1000;

/** `lifeMs` of a value, or how to tell it from the value; the oldest goes when there are more than a thousand. */
export function createMemory<T>(clock: Clock, lifeMs: number | ((value: T) => number)): Memory<T> {
  const known = new Map<string, { readonly value: T; readonly until: number }>();
  const learning = new Map<string, Promise<T>>();

  function put(key: string, value: T): void {
    const life = typeof lifeMs === 'number' ? lifeMs : lifeMs(value);
    known.delete(key);
    known.set(key, { value, until: clock.now() + life });
    const oldest = known.keys().next();
    if (known.size > MOST && oldest.done !== true) known.delete(oldest.value);
  }

  function peek(key: string): T | undefined {
    const entry = known.get(key);
    return entry !== undefined && entry.until > clock.now() ? entry.value : undefined;
  }

  async function learnOnce(key: string, learn: () => Promise<T>): Promise<T> {
    try {
      const value = await learn();
      put(key, value);
      return value;
    } finally {
      learning.delete(key);
    }
  }

  return {
    get: async (key, learn) => {
      const value = peek(key);
      if (value !== undefined) return value;
      const pending = learning.get(key) ?? learnOnce(key, learn);
      learning.set(key, pending);
      return pending;
    },
    peek,
    put,
    forget: (key) => void known.delete(key),
  };
}

/** Runs what has the same key one after the other. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function createTurns(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const mine = after(before, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}

async function after<T>(before: Promise<unknown> | undefined, work: () => Promise<T>): Promise<T> {
  try {
    await before;
  } catch {
    // Its own caller hears of it.
  }
  return work();
}
