import type { RoundOrder, RoundResult } from '../generator.ts';
import { type LoadGenerator, startLoadGenerator, throughput } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import { type PeerProcess, startPeerProgram } from '../peer-process.ts';
import type { Comparison, Figure } from '../report.ts';
import { medianRatio, quantile } from '../statistics.ts';
import { type Receiver, SECTION, withReceiver } from './receiver.ts';

const CONNECTIONS = 64;
const PACE = 300;
const WARM_UP = 1500;
const PEERS = [
  { name: '@octokit/webhooks', program: new URL('../peers/octokit-webhooks.ts', import.meta.url), least: 0.2 },
  { name: 'fastify, JSON only', program: new URL('../peers/fastify-json.ts', import.meta.url), least: null },
] as const;

interface Means {
  readonly receiver: Receiver;
  readonly generator: LoadGenerator;
  /** In the order of `PEERS`. */
  readonly peers: readonly PeerProcess[];
}

/** What was measured right after each other, the peers in the order of `PEERS`. */
interface Row {
  readonly subject: RoundResult;
  readonly peers: readonly RoundResult[];
  /** Milliseconds of the processor that the subject took. */
  readonly cost: { readonly node: number; readonly postgres: number };
}

interface Measured {
  readonly fast: readonly Row[];
  readonly paced: readonly Row[];
  readonly answered: number;
}

/** Signed labels on issues, as fast as they are answered and at an even pace, in turns with receivers that keep nothing. */
export async function measureDeliveries(options: BenchOptions): Promise<readonly Figure[]> {
  return withReceiver(options.profile, async (receiver) => {
    const peers: PeerProcess[] = [];
    const generator = startLoadGenerator();
    try {
      for (const { program } of PEERS) peers.push(await startPeerProgram(program, { secret: receiver.secret }));
      const measured = await measure(options, { receiver, generator, peers });
      await receiver.expectStored(measured.answered);
      return figuresOf(measured);
    } finally {
      await generator.stop();
      for (const peer of peers) await peer.stop();
    }
  });
}

async function measure({ rounds, round }: BenchOptions, { receiver, generator, peers }: Means): Promise<Measured> {
  async function row(order: Pick<RoundOrder, 'duration' | 'rate'>): Promise<Row> {
    const requests = receiver.newIssues();
    const shape = { connections: CONNECTIONS, ...order };
    const before = await receiver.processorTimes();
    const subject = await generator.round({ ...shape, port: receiver.server.port, requests });
    const after = await receiver.processorTimes();
    const others: RoundResult[] = [];
    for (const { port } of peers) {
      others.push(await generator.round({ ...shape, port, requests: { ...requests, path: '/hook', repeats: true } }));
    }
    return {
      ...{ subject, peers: others },
      cost: { node: after.node - before.node, postgres: after.postgres - before.postgres },
    };
  }

  const first = await row({ duration: WARM_UP, rate: null });
  const fast: Row[] = [];
  const paced: Row[] = [];
  for (let count = 0; count < rounds; count += 1) {
    fast.push(await row({ duration: round, rate: null }));
    paced.push(await row({ duration: round, rate: PACE }));
  }
  return { fast, paced, answered: sum([first, ...fast, ...paced], answersOf) };
}

function answersOf({ subject }: Row): number {
  return subject.latencies.length;
}

function sum(rows: readonly Row[], read: (row: Row) => number): number {
  return rows.reduce((total, row) => total + read(row), 0);
}

function figuresOf({ fast, paced, answered }: Measured): readonly Figure[] {
  const each = (read: (row: Row) => number) => (sum(fast, read) / sum(fast, answersOf)).toFixed(2);
  return [
    {
      ...{ section: SECTION, name: `labels, durable, ${CONNECTIONS} connections`, unit: '/s' },
      rounds: fast.map(({ subject }) => throughput(subject)),
      target: { limit: 2000, kind: 'at_least' },
      comparisons: PEERS.map(({ name, least }, place) => {
        const wanted = least === null ? {} : { target: { limit: least, kind: 'also' } as const };
        return { ...comparisonOf(fast, { name, place, read: throughput }), ...wanted };
      }),
      note:
        'each a labelled issue of its own (12 kB), stored with task, event and job, role webhook; the peers keep nothing; a ' +
        `delivery takes ${each(({ cost }) => cost.node)} ms of the processor in Funade and ` +
        `${each(({ cost }) => cost.postgres)} ms in PostgreSQL; all ${answered} were found stored, with their whole bodies`,
    },
    {
      ...{ section: SECTION, name: `labels, p99 at ${PACE}/s`, unit: 'ms' },
      rounds: paced.map(({ subject }) => p99(subject)),
      target: { limit: 30, kind: 'at_most' },
      comparisons: PEERS.map(({ name }, place) => comparisonOf(paced, { name, place, read: p99 })),
    },
  ];
}

function comparisonOf(
  rows: readonly Row[],
  peer: { readonly name: string; readonly place: number; readonly read: (result: RoundResult) => number },
): Comparison {
  const { name, place, read } = peer;
  const pairs = rows.flatMap(({ subject, peers }) => {
    const other = peers[place];
    return other === undefined ? [] : [{ subject: read(subject), peer: read(other) }];
  });
  return { name, rounds: pairs.map((pair) => pair.peer), ratio: medianRatio(pairs) };
}

function p99({ latencies }: RoundResult): number {
  return quantile(latencies, 0.99);
}
