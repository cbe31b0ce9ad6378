import { childrenOf, ownMemory } from './processes.ts';

const PERIOD = 25;
/** A look at a tree of thousands of processes takes long: the next one comes so late that nine tenths of the time are left to others. */
const REST = 9;

export interface TreeLimits {
  /** Bytes of all processes together; null: not looked at. */
  readonly memory: number | null;
  /** Processes, without their threads; null: not looked at. */
  readonly processes: number | null;
}

/** Looks at boxes forty times a second, where no control group counts for them; above a limit it tells once. */
export interface TreeWatch {
  /** Watches processes and their descendants; returns what ends the watch. */
  add(roots: () => readonly number[], limits: TreeLimits, exceeded: Exceeded): () => void;
}

type Exceeded = (what: 'memory' | 'processes', used: number) => void;

interface Watched {
  readonly roots: () => readonly number[];
  readonly limits: TreeLimits;
  readonly exceeded: Exceeded;
}

export function createTreeWatch(): TreeWatch {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const began = performance.now();
    for (const entry of watched) judge(entry);
    const rest = Math.max(PERIOD, (performance.now() - began) * REST);
    timer = watched.size === 0 ? undefined : setTimeout(look, rest).unref();
  }

  function judge(entry: Watched): void {
    const { limits, exceeded } = entry;
    const { memory, processes } = measure(entry.roots());
    const isTooLarge = limits.memory !== null && memory > limits.memory;
    if (!isTooLarge && (limits.processes === null || processes <= limits.processes)) return;
    watched.delete(entry);
    if (isTooLarge) exceeded('memory', memory);
    else exceeded('processes', processes);
  }

  return {
    add: (roots, limits, exceeded) => {
      const entry = { roots, limits, exceeded };
      watched.add(entry);
      timer ??= setTimeout(look, PERIOD).unref();
      return () => void watched.delete(entry);
    },
  };
}

function measure(roots: readonly number[]): { readonly memory: number; readonly processes: number } {
  const seen = new Set<number>(roots);
  let memory = 0;
  for (const pid of seen) {
    memory += ownMemory(pid);
    for (const child of childrenOf(pid)) seen.add(child); // a set is walked to its end as it grows
  }
  return { memory, processes: seen.size };
}
