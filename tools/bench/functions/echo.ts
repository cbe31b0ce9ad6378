import { withFolder } from '../folder.ts';
import type { RoundOrder, RoundResult } from '../generator.ts';
import { throughput } from '../load.ts';
import { type EchoPeers, PEER_NAMES, type PeerName, startEchoPeers } from '../peers/echo-peers.ts';
import { processorTime } from '../processes.ts';
import type { Comparison, Figure } from '../report.ts';
import { medianRatio, quantile } from '../statistics.ts';
import { type Bench, SECTION, available } from './bench.ts';
import { ECHOES, type FunctionSource } from './sources.ts';

const BYTES = 1024;
const MANY = 16;
const WARM_UP = 1500;
/** Processes of each function: two cores do not get more out of three or four. */
const INSTANCES = { min: 2, max: 2 } as const;
const RATIOS: Readonly<Partial<Record<PeerName, NonNullable<Comparison['target']>>>> = {
  'bare fastify': { limit: 0.4, kind: 'instead' },
  workerd: { limit: 1.2, kind: 'instead' },
  'express + node:vm': { limit: 10, kind: 'also' },
};

interface Subject {
  readonly source: FunctionSource;
  readonly label: string;
  readonly name: string;
  readonly config: object;
  /** Those that it is compared with a bare fastify at. */
  readonly connections: readonly number[];
  /** Answers a second that are wanted at 16 connections. */
  readonly least?: number;
}

/** Compared with every peer at 16 connections. */
const MAIN: Subject = {
  ...{ source: ECHOES.nodejs, label: 'Node.js', name: 'echo-nodejs' },
  ...{ config: { instances: INSTANCES }, connections: [1, 64], least: 12_000 },
};
const SUBJECTS: readonly Subject[] = [
  MAIN,
  {
    ...{ source: ECHOES.nodejs, label: 'Node.js, 16 calls at a time', name: 'echo-many' },
    ...{ config: { concurrency: 16, instances: { min: 1, max: 1 } }, connections: [MANY] },
  },
  {
    ...{ source: ECHOES.python, label: 'Python', name: 'echo-python' },
    ...{ config: { instances: INSTANCES }, connections: [1, MANY, 64], least: 10_000 },
  },
  {
    ...{ source: ECHOES.rust, label: 'Rust', name: 'echo-rust' },
    ...{ config: { instances: INSTANCES }, connections: [1, MANY, 64], least: 14_000 },
  },
];

type Target = Pick<RoundOrder, 'port' | 'requests'>;

/** Measured right after each other. */
interface Pair {
  readonly subject: RoundResult;
  readonly peer: RoundResult;
}

interface Comparing {
  readonly subject: Subject;
  readonly connections: number;
  readonly pairs: Pair[];
}

interface Measured {
  /** The main subject with each peer, at 16 connections. */
  readonly main: ReadonlyMap<PeerName, readonly Pair[]>;
  /** Everything else, with a bare fastify. */
  readonly others: readonly Comparing[];
  /** Milliseconds of the processor that the server and the load generator took for a request of the main subject. */
  readonly cost: { readonly server: number; readonly generator: number };
}

/** Functions that answer what they were sent, in turns with what else could be asked to. */
export async function measureFunctionEcho(bench: Bench): Promise<readonly Figure[]> {
  return withFolder(async (folder) => {
    const peers = await startEchoPeers(folder);
    for (const reason of peers.missing) console.error(`  without ${reason}`);
    try {
      return figuresOf(await measure(bench, peers), peers);
    } finally {
      await peers.stop();
    }
  });
}

async function measure(bench: Bench, peers: EchoPeers): Promise<Measured> {
  const { generator, rounds, round } = bench;
  const subjects = await deployAll(bench);
  const others = targetsOf(peers);
  const load = (target: Target, connections: number, duration = round) =>
    generator.round({ ...target, connections, duration, rate: null });
  for (const target of [...subjects.values(), ...others.values()]) await load(target, MANY, WARM_UP);
  const own = subjects.get(MAIN);
  const fastify = others.get('bare fastify');
  if (own === undefined || fastify === undefined) throw new Error('neither Node.js nor fastify may be missing');
  const main = new Map<PeerName, Pair[]>([...others.keys()].map((name) => [name, []]));
  const comparing = [...subjects.keys()].flatMap((subject) =>
    subject.connections.map((connections): Comparing => ({ subject, connections, pairs: [] })),
  );
  const spent = { server: 0, generator: 0, requests: 0 };
  for (let count = 0; count < rounds; count += 1) {
    for (const [name, target] of others) {
      const before = await processorTimes(bench);
      const subject = await load(own, MANY);
      const after = await processorTimes(bench);
      spent.server += after.server - before.server;
      spent.generator += after.generator - before.generator;
      spent.requests += subject.latencies.length;
      main.get(name)?.push({ subject, peer: await load(target, MANY) });
    }
    for (const { subject, connections, pairs } of comparing) {
      const target = subjects.get(subject) ?? own;
      pairs.push({ subject: await load(target, connections), peer: await load(fastify, connections) });
    }
  }
  const { server, generator: ours, requests } = spent;
  return { main, others: comparing, cost: { server: server / requests, generator: ours / requests } };
}

async function deployAll({ platform }: Bench): Promise<ReadonlyMap<Subject, Target>> {
  const { server, headers } = platform;
  const targets = new Map<Subject, Target>();
  const there = available(platform, Object.values(ECHOES));
  for (const subject of SUBJECTS.filter(({ source }) => there.includes(source))) {
    const path = await platform.deploy(subject.name, subject.source, subject.config);
    targets.set(subject, { port: server.port, requests: { kind: 'echo', path, bytes: BYTES, headers } });
  }
  return targets;
}

function targetsOf({ running }: EchoPeers): ReadonlyMap<PeerName, Target> {
  return new Map(
    PEER_NAMES.flatMap((name): readonly [PeerName, Target][] => {
      const port = running.get(name)?.port;
      return port === undefined ? [] : [[name, { port, requests: { kind: 'echo', path: '/echo', bytes: BYTES } }]];
    }),
  );
}

async function processorTimes({ platform, generator }: Bench) {
  return {
    server: await processorTime([platform.server.pid]),
    generator: await processorTime([generator.pid]),
  };
}

function p99({ latencies }: RoundResult): number {
  return quantile(latencies, 0.99);
}

function figuresOf({ main, others, cost }: Measured, peers: EchoPeers): readonly Figure[] {
  const own = [...main.values()].flat().map(({ subject }) => subject);
  const compare = (read: (result: RoundResult) => number, targets: typeof RATIOS): readonly Comparison[] =>
    [...main].map(([name, pairs]) => {
      const values = pairs.map(({ subject, peer }) => ({ subject: read(subject), peer: read(peer) }));
      const target = targets[name];
      const wanted = target === undefined ? {} : { target };
      return { name, rounds: values.map(({ peer }) => peer), ratio: medianRatio(values), ...wanted };
    });
  const micro = (milliseconds: number) => (milliseconds * 1000).toFixed(0);
  const left = peers.missing.length === 0 ? '' : `; left out: ${peers.missing.join('; ')}`;
  return [
    {
      ...{ section: SECTION, name: nameOf('echo', MAIN, MANY), unit: '/s' },
      rounds: own.map(throughput),
      target: { limit: MAIN.least ?? 0, kind: 'at_least' },
      comparisons: compare(throughput, RATIOS),
      note:
        `1 KB of JSON, called with a token; ${INSTANCES.max} instances with one call at a time each; a request takes ` +
        `${micro(cost.server)} µs of the processor in the server and ${micro(cost.generator)} µs in the load generator${left}`,
    },
    {
      ...{ section: SECTION, name: nameOf('echo p99', MAIN, MANY), unit: 'ms' },
      rounds: own.map(p99),
      target: { limit: 5, kind: 'at_most' },
      comparisons: compare(p99, {}),
    },
    ...others.flatMap(figuresOfOther),
  ];
}

function figuresOfOther({ subject: tried, connections, pairs }: Comparing): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], read: (result: RoundResult) => number): Figure => {
    const values = pairs.map(({ subject, peer }) => ({ subject: read(subject), peer: read(peer) }));
    return {
      ...{ section: SECTION, name: nameOf(what, tried, connections), unit },
      rounds: values.map(({ subject }) => subject),
      peer: { name: 'bare fastify', rounds: values.map(({ peer }) => peer) },
      ratio: medianRatio(values),
    };
  };
  const speed = figure('echo', '/s', throughput);
  if (connections !== MANY) return [speed];
  const target = tried.least === undefined ? {} : { target: { limit: tried.least, kind: 'at_least' } as const };
  return [{ ...speed, ...target }, figure('echo p99', 'ms', p99)];
}

function nameOf(what: string, { label }: Subject, connections: number): string {
  return `${what}, ${label}, ${connections} connection${connections === 1 ? '' : 's'}`;
}
