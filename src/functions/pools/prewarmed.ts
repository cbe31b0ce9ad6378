import type { RuntimeProcess } from './runtime-process.ts';

/** Processes that were started before anybody knew for which function: loading one takes milliseconds where a start takes many. */
export interface Prewarmed {
  /** One that is up, or undefined; its successor is started. `key` names what all of its kind have in common. */
  take(key: string, start: () => RuntimeProcess): RuntimeProcess | undefined;
  stop(): Promise<void>;
}

interface Shelf {
  readonly start: () => RuntimeProcess;
  readonly ready: RuntimeProcess[];
  starting: number;
}

/** Kept of each kind, from its first use on. */
const KEPT = 2;
/** Milliseconds after a use: its own work goes first. */
const REFILL_AFTER = 100;

export function createPrewarmed(kept = KEPT): Prewarmed {
  const shelves = new Map<string, Shelf>();
  const all = new Set<RuntimeProcess>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  function refill(shelf: Shelf): void {
    while (!stopped && shelf.ready.length + shelf.starting < kept) {
      const process = shelf.start();
      all.add(process);
      shelf.starting += 1;
      const arrived = () => {
        shelf.starting -= 1;
      };
      const up = process.booted.then(process.settle).then(() => {
        arrived();
        process.freeze();
        shelf.ready.push(process);
      });
      up.catch(arrived); // the next use tries again; whoever starts one for itself hears why
      void process.ended.then(() => {
        all.delete(process);
        const place = shelf.ready.indexOf(process);
        if (place >= 0) shelf.ready.splice(place, 1);
      });
    }
  }

  function refillLater(shelf: Shelf): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      refill(shelf);
    }, REFILL_AFTER);
    timers.add(timer);
  }

  return {
    take: (key, start) => {
      if (stopped || kept === 0) return undefined;
      const shelf = shelves.get(key) ?? { start, ready: [], starting: 0 };
      shelves.set(key, shelf);
      const process = shelf.ready.shift();
      refillLater(shelf);
      if (process === undefined) return undefined;
      all.delete(process);
      process.thaw();
      return process;
    },
    stop: async () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      for (const process of all) process.kill();
      await Promise.all([...all].map((process) => process.ended));
    },
  };
}
