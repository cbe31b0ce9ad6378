import type { BenchOptions } from '../options.ts';
import { startLoadGenerator, throughput } from '../load.ts';
import { type PeerProcess, startPeer } from '../peer-process.ts';
import { familyOf, postmasterOf, processorTime } from '../processes.ts';
import type { Figure } from '../report.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { countStored } from '../store.ts';
import { REPOSITORY, type World, withWorld } from '../world.ts';

const CONNECTIONS = 32;
const PACE = 200;

/** Signed pushes that become runs, as fast as they are answered and at an even pace, in turns with the peer. */
export async function measurePushes(options: BenchOptions): Promise<readonly Figure[]> {
  return withWorld('webhook', async (world) => {
    const peer = await startPeer({ secret: world.secret, connection: world.connection });
    const generator = startLoadGenerator();
    try {
      return await compare(options, { world, peer, generator });
    } finally {
      await generator.stop();
      await peer.stop();
    }
  });
}

async function compare(
  { rounds, round }: BenchOptions,
  {
    world,
    peer,
    generator,
  }: { readonly world: World; readonly peer: PeerProcess; readonly generator: ReturnType<typeof startLoadGenerator> },
): Promise<readonly Figure[]> {
  const push = { kind: 'push', secret: world.secret, repository: REPOSITORY, sha: world.commit.sha } as const;
  const subject = { port: world.server.port, requests: { ...push, path: '/webhook/github' }, connections: CONNECTIONS };
  const other = { port: peer.port, requests: { ...push, path: '/hook' }, connections: CONNECTIONS };
  const postgres = await familyRoot(world);
  await generator.round({ ...subject, duration: 1000, rate: null }); // warms up
  await generator.round({ ...other, duration: 1000, rate: null });
  const fast: { subject: number; peer: number }[] = [];
  const paced: { subject: number; peer: number }[] = [];
  const cost = { node: 0, postgres: 0, requests: 0 };
  let answered = await storedBy(world);
  for (let count = 0; count < rounds; count += 1) {
    const before = await processorTimes(world, postgres);
    const own = await generator.round({ ...subject, duration: round, rate: null });
    const after = await processorTimes(world, postgres);
    cost.node += after.node - before.node;
    cost.postgres += after.postgres - before.postgres;
    cost.requests += own.latencies.length;
    const theirs = await generator.round({ ...other, duration: round, rate: null });
    fast.push({ subject: throughput(own), peer: throughput(theirs) });
    const ownPaced = await generator.round({ ...subject, duration: round, rate: PACE });
    const theirPaced = await generator.round({ ...other, duration: round, rate: PACE });
    paced.push({ subject: quantile(ownPaced.latencies, 0.99), peer: quantile(theirPaced.latencies, 0.99) });
    answered += own.latencies.length + ownPaced.latencies.length;
  }
  const stored = await storedBy(world);
  if (stored !== answered) throw new Error(`${answered} deliveries were answered and ${stored} stored with a run`);
  const each = (milliseconds: number) => (milliseconds / cost.requests).toFixed(2);
  return [
    {
      section: 'intake',
      name: `pushes, durable, ${CONNECTIONS} connections`,
      unit: '/s',
      rounds: fast.map((pair) => pair.subject),
      peer: { name: 'fastify + INSERT', rounds: fast.map((pair) => pair.peer) },
      ratio: medianRatio(fast),
      target: { limit: 800, kind: 'at_least' },
      note:
        `verified, stored, with run, event, work and job, role webhook; a delivery takes ${each(cost.node)} ms of the ` +
        `processor in Funade and ${each(cost.postgres)} ms in PostgreSQL; all ${stored} were found stored`,
    },
    {
      section: 'intake',
      name: `pushes, p99 at ${PACE}/s`,
      unit: 'ms',
      rounds: paced.map((pair) => pair.subject),
      peer: { name: 'fastify + INSERT', rounds: paced.map((pair) => pair.peer) },
      ratio: median(paced.map((pair) => pair.subject)) / median(paced.map((pair) => pair.peer)),
      target: { limit: 50, kind: 'at_most' },
    },
  ];
}

async function storedBy({ db }: World): Promise<number> {
  const { deliveries, runs, work } = await countStored(db);
  if (deliveries !== runs || runs !== work)
    throw new Error(`${deliveries} deliveries, ${runs} runs, ${work} rows of work`);
  return deliveries;
}

async function familyRoot({ server }: World): Promise<number> {
  const postmaster = await postmasterOf(server.dataDir);
  if (postmaster === undefined) throw new Error(`no PostgreSQL runs on ${server.dataDir}`);
  return postmaster;
}

async function processorTimes({ server }: World, postmaster: number) {
  return { node: await processorTime([server.pid]), postgres: await processorTime(await familyOf(postmaster)) };
}
