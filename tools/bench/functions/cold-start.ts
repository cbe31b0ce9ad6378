import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Asker, openAsker } from '../connection.ts';
import type { Figure } from '../report.ts';
import { median, medianRatio } from '../statistics.ts';
import { type Bench, OWN_PROCESS, SECTION, available } from './bench.ts';
import type { Platform } from './platform.ts';
import { END_EVENT, type FunctionSource, MORTALS, type Runtime, unique } from './sources.ts';
import { findProgram } from './toolchain.ts';

const STARTS_PER_ROUND = 3;
/** Milliseconds after the end of an instance: nothing of it is left, and the pre-warmed processes are complete again. */
const QUIET = 800;
const LIMITS: Readonly<Record<Runtime, number>> = { nodejs: 60, python: 45, rust: 15 };
const FROM_POOL = 5;
const ON_DEMAND = { instances: { min: 0, max: 1 } } as const;

/** Calls of versions that have no instance, in turns with the start of the bare runtime. */
export async function measureColdStarts({ platform, rounds }: Bench): Promise<readonly Figure[]> {
  const asker = await openAsker(platform.server.port);
  try {
    const figures: Figure[] = [];
    for (const source of available(platform, Object.values(MORTALS))) {
      figures.push(await measureCold({ platform, asker, rounds }, source));
    }
    for (const source of available(platform, [MORTALS.nodejs, MORTALS.python])) {
      figures.push(await measurePool({ platform, asker, rounds }, source));
    }
    return figures;
  } finally {
    asker.close();
  }
}

interface Starts {
  readonly platform: Platform;
  readonly asker: Asker;
  readonly rounds: number;
}

async function measureCold(starts: Starts, source: FunctionSource): Promise<Figure> {
  const { rounds, platform } = starts;
  const bare = await bareCommand(source.runtime);
  const name = `cold-${source.runtime}`;
  const config = { ...OWN_PROCESS, ...ON_DEMAND };
  const pairs: { subject: number; peer: number }[] = [];
  await firstCall(starts, { name, config, source, mark: 'the first one loads what is loaded once' });
  for (let round = 0; round < rounds; round += 1) {
    const subject: number[] = [];
    const peer: number[] = [];
    for (let count = 0; count < STARTS_PER_ROUND; count += 1) {
      subject.push(await firstCall(starts, { name, config, source, mark: `${round}.${count}` }));
      peer.push(await bareStart(bare));
    }
    pairs.push({ subject: median(subject), peer: median(peer) });
    await platform.remove(name); // ends what has been started so far
  }
  const where = platform.isolation.tier === 'C' ? 'without a sandbox' : 'sandboxed';
  return {
    ...{ section: SECTION, name: `cold start, ${source.language}, ${where}`, unit: 'ms' },
    rounds: pairs.map(({ subject }) => subject),
    peer: { name: bare.map(programName).join(' '), rounds: pairs.map((pair) => pair.peer) },
    ratio: medianRatio(pairs),
    target: { limit: LIMITS[source.runtime], kind: 'at_most' },
  };
}

/** Functions of 128 MB: processes of their language are kept ready from the first use on. */
async function measurePool(starts: Starts, source: FunctionSource): Promise<Figure> {
  const { rounds, platform } = starts;
  const name = `warm-${source.runtime}`;
  const measured: number[] = [];
  for (const mark of ['first use', 'second use']) {
    await firstCall(starts, { name, config: ON_DEMAND, source, mark });
  }
  for (let round = 0; round < rounds; round += 1) {
    const took: number[] = [];
    for (let count = 0; count < STARTS_PER_ROUND; count += 1) {
      took.push(await firstCall(starts, { name, config: ON_DEMAND, source, mark: `${round}.${count}` }));
    }
    measured.push(median(took));
    await platform.remove(name);
  }
  return {
    ...{ section: SECTION, name: `first call from the pre-warmed pool, ${source.language}`, unit: 'ms' },
    rounds: measured,
    target: { limit: FROM_POOL, kind: 'at_most' },
  };
}

interface FirstCall {
  readonly name: string;
  readonly config: object;
  readonly source: FunctionSource;
  readonly mark: string;
}

/** Milliseconds of the first call of a new version, once the instance that publishing has proven it with is gone. */
async function firstCall({ platform, asker }: Starts, { name, config, source, mark }: FirstCall): Promise<number> {
  const version = await platform.publish(name, unique(source, mark), config);
  const ended = await asker.ask(platform.invokeRequest(name, version, END_EVENT));
  if (ended.status !== 502) throw new Error(`an instance of ${name} that ended was answered ${ended.status}`);
  await sleep(QUIET);
  const { status, took } = await asker.ask(platform.invokeRequest(name, version, '{}'));
  if (status !== 200) throw new Error(`the first call of ${name} was answered ${status}`);
  return took;
}

async function bareCommand(runtime: Runtime): Promise<readonly string[]> {
  switch (runtime) {
    case 'nodejs':
      return [process.execPath, '-e', '0'];
    case 'python':
      return [await findProgram('python3'), '-I', '-S', '-c', 'pass'];
    case 'rust':
      return ['/bin/true'];
  }
}

function programName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** Milliseconds from the start of a program until it has ended. */
async function bareStart([program = '', ...args]: readonly string[]): Promise<number> {
  const begun = performance.now();
  const [code] = (await once(spawn(program, args, { stdio: 'ignore' }), 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}`);
  return performance.now() - begun;
}
