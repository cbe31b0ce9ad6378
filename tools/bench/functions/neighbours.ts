import { setTimeout as sleep } from 'node:timers/promises';
import { openAsker } from '../connection.ts';
import type { RoundResult } from '../generator.ts';
import type { Figure } from '../report.ts';
import { jsonRequest } from '../requests.ts';
import { median, quantile } from '../statistics.ts';
import { type Bench, OWN_PROCESS, SECTION, available } from './bench.ts';
import type { Platform } from './platform.ts';
import { ECHOES, ENDLESS, FORK_BOMB, type FunctionSource, HEAP_HOG } from './sources.ts';

const CONNECTIONS = 16;
/** Requests a second. */
const PACE = 200;
/** Milliseconds that the others have to get going, and to be gone. */
const SETTLED = 1000;
const BAD: readonly { readonly name: string; readonly source: FunctionSource }[] = [
  { name: 'endless', source: ENDLESS },
  { name: 'fork-bomb', source: FORK_BOMB },
  { name: 'heap-hog', source: HEAP_HOG },
];

/** A function at an even pace, alone and beside functions that take whatever they get. */
export async function measureNeighbours({ platform, generator, rounds, round }: Bench): Promise<readonly Figure[]> {
  const path = await platform.deploy('echo', ECHOES.nodejs, { instances: { min: 2, max: 2 } });
  const there = available(
    platform,
    BAD.map(({ source }) => source),
  );
  const bad: Bully[] = [];
  for (const { name, source } of BAD.filter(({ source: each }) => there.includes(each))) {
    const config = { ...OWN_PROCESS, timeout: '1s', instances: { min: 0, max: 1 } };
    bad.push({ name, path: await platform.deploy(name, source, config) });
  }
  const requests = { kind: 'echo', path, bytes: 1024, headers: platform.headers } as const;
  const order = { port: platform.server.port, requests, connections: CONNECTIONS, duration: round, rate: PACE };
  const alone: RoundResult[] = [];
  const beside: RoundResult[] = [];
  const tally = new Map<string, number>();
  await generator.round({ ...order, duration: 1000 });
  for (let count = 0; count < rounds; count += 1) {
    alone.push(await generator.observe(order));
    const stop = await startBullies(platform, bad, tally);
    await sleep(SETTLED);
    beside.push(await generator.observe(order));
    await stop();
    await sleep(SETTLED);
  }
  return figuresOf({ alone, beside, tally, names: bad.map(({ name }) => name) });
}

interface Bully {
  readonly name: string;
  readonly path: string;
}

/** Calls each of them again and again; the answer ends that once the last calls are answered. */
async function startBullies(
  platform: Platform,
  bad: readonly Bully[],
  tally: Map<string, number>,
): Promise<() => Promise<void>> {
  let isOn = true;
  const callers = bad.map(async ({ name, path }) => {
    const request = jsonRequest('POST', { path, body: '{}', headers: platform.headers });
    while (isOn) {
      const asker = await openAsker(platform.server.port);
      const { status } = await asker.ask(request);
      asker.close();
      const key = `${name} ${status}`;
      tally.set(key, (tally.get(key) ?? 0) + 1);
    }
  });
  return async () => {
    isOn = false;
    await Promise.all(callers);
  };
}

interface Measured {
  readonly alone: readonly RoundResult[];
  readonly beside: readonly RoundResult[];
  readonly tally: ReadonlyMap<string, number>;
  readonly names: readonly string[];
}

function figuresOf({ alone, beside, tally, names }: Measured): readonly Figure[] {
  const answers = [...tally].map(([key, count]) => `${key} ${count} ×`).join(', ');
  const note = `beside ${names.join(', ')}, each called again and again; their answers: ${answers}`;
  const compared = [0.5, 0.99].map((share): Figure => {
    const own = beside.map(({ latencies }) => quantile(latencies, share));
    const quiet = alone.map(({ latencies }) => quantile(latencies, share));
    return {
      ...{ section: SECTION, name: `neighbours p${share * 100} at ${PACE}/s`, unit: 'ms' },
      rounds: own,
      peer: { name: 'alone', rounds: quiet },
      ratio: median(own) / median(quiet),
      ...(share === 0.99 ? { target: { limit: 50, kind: 'at_most' } as const, note } : {}),
    };
  });
  const failures: Figure = {
    ...{ section: SECTION, name: 'neighbours, requests that failed', unit: 'failed' },
    rounds: beside.map(failedOf),
    peer: { name: 'alone', rounds: alone.map(failedOf) },
    target: { limit: 0, kind: 'at_most' },
  };
  return [...compared, failures];
}

function failedOf({ statuses }: RoundResult): number {
  return Object.entries(statuses).reduce((total, [status, count]) => total + (status === '200' ? 0 : count), 0);
}
