import { setTimeout as sleep } from 'node:timers/promises';
import { boxesOf, familyOf, postmasterOf, proportionalMemory } from '../processes.ts';
import type { Figure } from '../report.ts';
import { type Bench, OWN_PROCESS, SECTION } from './bench.ts';
import { SLOW } from './sources.ts';

const INSTANCES = 20;
/** Milliseconds after which they are frozen, and the server has nothing left to do. */
const IDLE = 5000;

/** Memory of instances that each had one call and are idle. */
export async function measureInstances({ platform, generator }: Bench): Promise<readonly Figure[]> {
  const { server } = platform;
  const before = await memoryOf([server.pid]);
  const config = { ...OWN_PROCESS, instances: { min: INSTANCES, max: INSTANCES } };
  const path = await platform.deploy('idle', SLOW, config);
  await untilUp(server.pid);
  const requests = { kind: 'json', path, body: '{}', headers: platform.headers } as const;
  await generator.round({ port: server.port, requests, connections: INSTANCES, duration: 200, rate: null });
  await sleep(IDLE);
  const boxes = await boxesOf(server.pid);
  if (boxes.length !== INSTANCES) throw new Error(`${boxes.length} boxes are up, not ${INSTANCES}`);
  const sizes = await Promise.all(boxes.flat().map(proportionalMemory));
  const all = sizes.reduce((total, size) => total + size, 0);
  const runtimes = await Promise.all(boxes.map(largestOf));
  const within = runtimes.reduce((total, size) => total + size, 0);
  const postmaster = await postmasterOf(server.dataDir);
  const database = postmaster === undefined ? [] : await familyOf(postmaster);
  const own = await memoryOf([server.pid]);
  return [
    {
      ...{ section: SECTION, name: `memory of ${INSTANCES} idle Node.js instances`, unit: 'MB' },
      rounds: [all],
      target: { limit: 300, kind: 'at_most' },
      note:
        `PSS of all processes of their boxes; ${(all / INSTANCES).toFixed(1)} MB for each instance, ` +
        `of which ${(within / INSTANCES).toFixed(1)} MB are Node.js and the rest is the sandbox`,
    },
    {
      ...{ section: SECTION, name: 'memory of the server beside them', unit: 'MB' },
      rounds: [own],
      note:
        `PSS of its process, ${before.toFixed(0)} MB before it had functions; ` +
        `PostgreSQL takes ${(await memoryOf(database)).toFixed(0)} MB in ${database.length} processes`,
    },
  ];
}

const UP_WITHIN = 60_000;

async function untilUp(server: number): Promise<void> {
  const deadline = performance.now() + UP_WITHIN;
  while ((await boxesOf(server)).length < INSTANCES) {
    if (performance.now() > deadline) throw new Error(`${INSTANCES} instances were not up within ${UP_WITHIN} ms`);
    await sleep(50);
  }
  await sleep(2000); // the last of them boot
}

async function memoryOf(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(proportionalMemory));
  return sizes.reduce((total, size) => total + size, 0);
}

async function largestOf(box: readonly number[]): Promise<number> {
  return Math.max(0, ...(await Promise.all(box.map(proportionalMemory))));
}
