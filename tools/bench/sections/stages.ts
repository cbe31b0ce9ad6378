import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sleep } from '../../../src/kernel/index.ts';
import type { BenchOptions } from '../options.ts';
import type { Figure } from '../report.ts';
import { median } from '../statistics.ts';
import { type RunTimes, readRunTimes } from '../store.ts';
import { APP, STAGES, type World, withWorld } from '../world.ts';

const RUN_WITHIN = 60_000;
const PUSHES_PER_ROUND = 3;

/** Pushes one after the other, each through a pipeline of stages that run `true`, with bare spawns in between. */
export async function measureStages({ rounds }: BenchOptions): Promise<readonly Figure[]> {
  return withWorld('all', async (world) => {
    await observeRun(world, 0); // the first fetches the mirror and loads what is loaded once
    const stageTimes: number[] = [];
    const spawnTimes: number[] = [];
    const waits: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare: number[] = [];
      const stages: number[] = [];
      const started: number[] = [];
      for (let push = 1; push <= PUSHES_PER_ROUND; push += 1) {
        for (let count = 0; count < STAGES; count += 1) bare.push(await bareSpawn());
        const { answered, run } = await observeRun(world, round * PUSHES_PER_ROUND + push);
        stages.push(...stageDurations(run));
        started.push(Math.max(0, run.started - answered));
      }
      stageTimes.push(median(stages));
      spawnTimes.push(median(bare));
      waits.push(median(started));
    }
    const overhead = stageTimes.map((time, round) => time - (spawnTimes[round] ?? 0));
    const peer = { name: 'sh -c true', rounds: spawnTimes };
    return [
      {
        section: 'stages',
        name: 'a stage that runs `true`',
        unit: 'ms',
        rounds: stageTimes,
        peer,
        ratio: median(stageTimes) / median(spawnTimes),
        note: 'from the end of one stage to the end of the next; the peer is the bare spawn',
      },
      {
        section: 'stages',
        name: 'overhead of a stage',
        unit: 'ms',
        rounds: overhead,
        target: { limit: 60, kind: 'at_most' },
      },
      {
        section: 'stages',
        name: 'webhook answered → run started',
        unit: 'ms',
        rounds: waits,
        target: { limit: 50, kind: 'at_most' },
      },
    ];
  });
}

async function observeRun(world: World, nth: number): Promise<{ readonly answered: number; readonly run: RunTimes }> {
  const answered = await world.push();
  const deadline = Date.now() + RUN_WITHIN;
  for (;;) {
    const run = await readRunTimes(world.db, APP, nth);
    if (run !== undefined && run.state !== 'succeeded') throw new Error(`run ${nth} ended as ${run.state}`);
    if (run !== undefined) return { answered, run };
    if (Date.now() > deadline) throw new Error(`run ${nth} did not end within ${RUN_WITHIN} ms`);
    await sleep(100);
  }
}

/** Without the first, which makes the checkout, and without the deployment after the last. */
function stageDurations(run: RunTimes): readonly number[] {
  const ends = run.stages.slice(0, STAGES).map(({ ended }) => ended);
  return ends.slice(1).map((end, index) => end - (ends[index] ?? end));
}

async function bareSpawn(): Promise<number> {
  const begun = performance.now();
  await once(spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore' }), 'close');
  return performance.now() - begun;
}
