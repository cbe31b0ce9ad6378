import { sleep } from '../../src/kernel/index.ts';
import type { Chance } from './chance.ts';
import type { ChaosOptions } from './options.ts';
import { type Seen, isRunning } from './processes.ts';
import { type Progress, readProgress, readStuck } from './store.ts';
import type { World } from './world.ts';

/** One SIGKILL and what followed it. */
export interface Kill {
  /** Epoch milliseconds. */
  readonly at: number;
  /** What was moving: rollouts that had an environment, runs that were due or worked on. */
  readonly interrupted: number;
  /** Milliseconds from the restart until it was ready and all of that had moved on; null when it was killed before. */
  readonly recovery: number | null;
  /** Where that time went. */
  readonly detail: string;
  /** Processes that the killed server had started and that still ran some seconds after the restart. */
  readonly orphans: readonly string[];
}

export interface Killer {
  readonly kills: readonly Kill[];
  /** Lets the last recovery finish. */
  stop(): Promise<void>;
}

/** The longest time that a restart may take until everything moves again, in milliseconds. */
export const RECOVERY_LIMIT = 15_000;
/** Share of the kills that hit a server that has not recovered from the last one. */
const AGAIN = 0.2;
/** Share of the kills that wait for a change of the router, to hit the moment between an effect and its record. */
const AIMED = 0.6;
const AIM_WITHIN = 2000;
const LONGEST_START = 1500;
const READY_WITHIN = 120_000;
const MOVED_WITHIN = 120_000;
const LEFTOVERS_WITHIN = 5000;
const LOOK_EVERY = 50;

export interface KillerOptions {
  readonly world: World;
  readonly chance: Chance;
  readonly pause: ChaosOptions['pause'];
  /** Told when the control plane does not come back; nothing is killed afterwards. */
  readonly giveUp: (reason: unknown) => void;
}

/** Kills the control plane again and again, restarts it at once, and measures how long it takes to go on. */
export function startKiller({ world, chance, pause, giveUp }: KillerOptions): Killer {
  const { control, db } = world;
  const kills: Kill[] = [];
  const stopping = new AbortController();

  /** Kills and restarts, sometimes once more before it has recovered, and waits until it has. */
  async function killAndRecover(): Promise<void> {
    const left: Seen[] = [];
    for (;;) {
      const at = Date.now();
      left.push(...(await control.kill()));
      const before = await readProgress(db);
      const interrupted = before.active.length + before.dueRuns.length;
      const restarted = performance.now();
      control.start();
      if (chance.happens(AGAIN) && !stopping.signal.aborted) {
        kills.push({ at, interrupted, recovery: null, detail: 'killed again', orphans: [] });
        await sleep(chance.between(0, LONGEST_START));
        continue;
      }
      await control.ready(READY_WITHIN);
      const ready = performance.now() - restarted;
      const leaving = leftovers(left);
      const last = await moved(before);
      const recovery = performance.now() - restarted;
      const detail = `ready after ${Math.round(ready)} ms, then waited for ${last.join(', ') || 'nothing'}`;
      const orphans = (await leaving).map(({ pid, command }) => `${pid} ${command}`);
      kills.push({ at, interrupted, recovery, detail, orphans });
      return;
    }
  }

  /** Answers what moved last. */
  async function moved(before: Progress): Promise<readonly string[]> {
    const deadline = performance.now() + MOVED_WITHIN;
    let last: readonly string[] = [];
    for (;;) {
      const stuck = await readStuck(db, before);
      if (stuck.length === 0) return last;
      last = stuck;
      if (performance.now() > deadline) throw new Error(`${stuck.join(', ')} did not move on after a restart`);
      await sleep(LOOK_EVERY);
    }
  }

  async function run(): Promise<void> {
    try {
      while (!stopping.signal.aborted) {
        await sleep(chance.between(pause.min, pause.max), stopping.signal);
        if (chance.happens(AIMED)) await world.router.nextWrite(AIM_WITHIN, stopping.signal);
        if (!stopping.signal.aborted) await killAndRecover();
      }
    } catch (thrown) {
      giveUp(thrown);
    }
  }

  const done = run();
  return {
    kills,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

/** Those of the processes that still run after some seconds. */
async function leftovers(seen: readonly Seen[]): Promise<readonly Seen[]> {
  const deadline = performance.now() + LEFTOVERS_WITHIN;
  while (seen.some(isRunning) && performance.now() < deadline) await sleep(LOOK_EVERY);
  return seen.filter(isRunning);
}
