import { sleep } from '../../../src/kernel/index.ts';
import { startLoadGenerator, throughput } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import { startPeer } from '../peer-process.ts';
import type { Figure } from '../report.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { readRunTimes } from '../store.ts';
import { APP, type World, withWorld } from '../world.ts';

const BYTES = 1024;
const CONNECTIONS = 16;
const DEPLOY_WITHIN = 60_000;

/** A deployed function that answers what it was sent, in turns with a bare fastify that does the same. */
export async function measureEcho({ rounds, round }: BenchOptions): Promise<readonly Figure[]> {
  return withWorld('all', async (world) => {
    await deploy(world);
    const peer = await startPeer({ secret: world.secret, connection: null });
    const generator = startLoadGenerator();
    const own = {
      port: world.server.port,
      requests: { kind: 'echo', path: `/fn/production/${APP}/echo`, bytes: BYTES },
    } as const;
    const other = { port: peer.port, requests: { kind: 'echo', path: '/echo', bytes: BYTES } } as const;
    const single: { subject: number; peer: number }[] = [];
    const many: { subject: number; peer: number }[] = [];
    try {
      for (const target of [own, other])
        await generator.round({ ...target, connections: CONNECTIONS, duration: 2000, rate: null });
      for (let count = 0; count < rounds; count += 1) {
        const one = { connections: 1, duration: round, rate: null };
        single.push({
          subject: quantile((await generator.round({ ...own, ...one })).latencies, 0.5),
          peer: quantile((await generator.round({ ...other, ...one })).latencies, 0.5),
        });
        const all = { connections: CONNECTIONS, duration: round, rate: null };
        many.push({
          subject: throughput(await generator.round({ ...own, ...all })),
          peer: throughput(await generator.round({ ...other, ...all })),
        });
      }
    } finally {
      await generator.stop();
      await peer.stop();
    }
    return [
      {
        section: 'echo',
        name: 'p50, 1 connection',
        unit: 'ms',
        rounds: single.map(({ subject }) => subject),
        peer: { name: 'bare fastify', rounds: single.map((pair) => pair.peer) },
        ratio: median(single.map(({ subject }) => subject)) / median(single.map((pair) => pair.peer)),
        target: { limit: 1.5, kind: 'at_most' },
      },
      {
        section: 'echo',
        name: `throughput, ${CONNECTIONS} connections`,
        unit: '/s',
        rounds: many.map(({ subject }) => subject),
        peer: { name: 'bare fastify', rounds: many.map((pair) => pair.peer) },
        ratio: medianRatio(many),
        note: 'a function runs in a process of its own, behind one hop',
      },
    ];
  });
}

async function deploy(world: World): Promise<void> {
  await world.push();
  const deadline = Date.now() + DEPLOY_WITHIN;
  for (;;) {
    const run = await readRunTimes(world.db, APP, 0);
    if (run?.state === 'succeeded') return;
    if (run !== undefined) throw new Error(`the deployment of the echo ended as ${run.state}`);
    if (Date.now() > deadline) throw new Error(`the echo was not deployed within ${DEPLOY_WITHIN} ms`);
    await sleep(100);
  }
}
