import { childrenOf, ownMemory } from './processes.ts';

const PERIOD = 25;

/** Looks at the memory of workers forty times a second, where no control group counts it; above the limit it tells once. */
export interface MemoryWatch {
  /** Watches a process and its descendants; returns what ends the watch. */
  add(pid: number, limit: number, exceeded: (used: number) => void): () => void;
}

interface Watched {
  readonly pid: number;
  readonly limit: number;
  readonly exceeded: (used: number) => void;
}

export function createMemoryWatch(): MemoryWatch {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    for (const entry of watched) {
      const used = memoryOfTree(entry.pid);
      if (used <= entry.limit) continue;
      watched.delete(entry);
      entry.exceeded(used);
    }
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    add: (pid, limit, exceeded) => {
      const entry = { pid, limit, exceeded };
      watched.add(entry);
      timer ??= setInterval(look, PERIOD).unref();
      return () => void watched.delete(entry);
    },
  };
}

function memoryOfTree(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + memoryOfTree(child), ownMemory(pid));
}
