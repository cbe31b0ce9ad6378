import { randomBytes } from 'node:crypto';
import { sleep } from '../../../src/kernel/index.ts';
import { withFolder } from '../folder.ts';
import type { BenchOptions } from '../options.ts';
import { familyOf, postmasterOf, proportionalMemory } from '../processes.ts';
import type { Figure } from '../report.ts';
import { type ServerProcess, startServer } from '../server-process.ts';

const IDLE_FOR = 10_000;

/** Time from the start of the process to "ready", on an empty data directory and on one that exists. */
export async function measureStart({ rounds }: BenchOptions): Promise<readonly Figure[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await withFolder(async (dataDir) => {
      const secret = randomBytes(24).toString('hex');
      for (const times of [first, later]) {
        const server = await startServer({ dataDir, secret, fresh: times === first });
        times.push(server.startedIn);
        await server.stop();
      }
    });
  }
  return [
    {
      section: 'start',
      name: 'first, on an empty data directory',
      unit: 'ms',
      rounds: first,
      target: { limit: 5000, kind: 'at_most' },
    },
    { section: 'start', name: 'later', unit: 'ms', rounds: later, target: { limit: 2000, kind: 'at_most' } },
  ];
}

/** Memory of a server that has nothing to do, ten seconds after its start. */
export async function measureMemory(): Promise<readonly Figure[]> {
  return withFolder(async (dataDir) => {
    const server = await startServer({ dataDir, secret: randomBytes(24).toString('hex') });
    try {
      await sleep(IDLE_FOR);
      const { funade, postgres, backends } = await memoryOf(server);
      const parts = `PSS after ${IDLE_FOR / 1000} s; Funade ${funade.toFixed(0)} MB, PostgreSQL ${postgres.toFixed(0)} MB in ${backends} processes`;
      const target = { limit: 250, kind: 'at_most' } as const;
      return [
        {
          section: 'memory',
          name: 'idle, with PostgreSQL',
          unit: 'MB',
          rounds: [funade + postgres],
          target,
          note: parts,
        },
      ];
    } finally {
      await server.stop();
    }
  });
}

async function memoryOf({ pid, dataDir }: ServerProcess) {
  const postmaster = await postmasterOf(dataDir);
  if (postmaster === undefined) throw new Error(`no PostgreSQL runs on ${dataDir}`);
  const family = await familyOf(postmaster);
  const own = (await familyOf(pid)).filter((each) => !family.includes(each));
  return { funade: await sum(own), postgres: await sum(family), backends: family.length };
}

async function sum(pids: readonly number[]): Promise<number> {
  const amounts = await Promise.all(pids.map(proportionalMemory));
  return amounts.reduce((total, amount) => total + amount, 0);
}
