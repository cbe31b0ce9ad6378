import { messageOf, sleep } from '../../src/kernel/index.ts';
import { type Sample, startLoad } from '../demo/load.ts';
import { PLANNED } from './application.ts';
import { createChance } from './chance.ts';
import { type Finding, illegal, lost } from './checks/finding.ts';
import { checkReleases } from './checks/releases.ts';
import { checkRollouts } from './checks/rollouts.ts';
import { checkRouter } from './checks/router.ts';
import { checkRuns } from './checks/runs.ts';
import { checkTraffic } from './checks/traffic.ts';
import { type Kill, RECOVERY_LIMIT, startKiller } from './killer.ts';
import type { ChaosOptions } from './options.ts';
import { isRunning, processesNaming } from './processes.ts';
import type { Sent } from './sender.ts';
import { type Facts, readFacts, readLeases } from './store.ts';
import { type Story, type Trouble, tellStory } from './story.ts';
import { type World, createWorld } from './world.ts';

/** Everything that was seen from outside, and what is wrong with it. */
export interface Result {
  readonly kills: readonly Kill[];
  readonly facts: Facts;
  readonly sent: readonly Sent[];
  readonly samples: readonly Sample[];
  readonly findings: readonly Finding[];
  /** Milliseconds. */
  readonly took: number;
  /** Where data and logs are, when they were kept. */
  readonly folder: string | null;
}

/** Rest that the ledger has after the last rollout before it is compared with the router. */
const SETTLED_WITHIN = 60_000;
const GONE_WITHIN = 10_000;
const LOOK_EVERY = 100;

export interface Outside {
  readonly say: (text: string) => void;
  /** Ends the run early; everything is taken down as usual. */
  readonly signal: AbortSignal;
}

export async function runChaos(options: ChaosOptions, outside: Outside): Promise<Result> {
  const started = performance.now();
  const broken = new AbortController();
  const signal = AbortSignal.any([broken.signal, outside.signal]);
  const world = await createWorld(signal);
  outside.say(`data and logs: ${world.folder}`);
  let keep = options.keep;
  try {
    const seen = await observe(world, options, { say: outside.say, signal, giveUp: (reason) => broken.abort(reason) });
    const findings = [...seen.findings, ...(await checkOrphans(world, seen.kills))];
    keep ||= findings.length > 0 || seen.kills.some(({ recovery }) => (recovery ?? 0) > RECOVERY_LIMIT);
    const folder = keep ? world.folder : null;
    return { ...seen, findings, folder, took: performance.now() - started };
  } finally {
    await world.close({ keep });
  }
}

type Seen = Omit<Result, 'folder' | 'took'>;

interface Control extends Outside {
  readonly giveUp: (reason: unknown) => void;
}

/** The story under traffic and kills, and then what all the tables and the router say. */
async function observe(world: World, options: ChaosOptions, control: Control): Promise<Seen> {
  const trouble: Trouble = { fail: new Set(), crash: new Set() };
  const load = startLoad(() => addressOf(world, trouble), options.rate);
  const { pause, seed, rollouts } = options;
  const killer = startKiller({ world, chance: createChance(seed + 1), pause, giveUp: control.giveUp });
  const findings: Finding[] = [];
  const story = await tellStory({ world, chance: createChance(seed), rollouts, trouble, ...control }).catch(
    (thrown: unknown): Story => {
      findings.push(lost(messageOf(thrown)));
      return { rollbacks: [] };
    },
  );
  await killer.stop();
  if (control.signal.aborted && findings.length === 0) findings.push(lost(messageOf(control.signal.reason)));
  await settle(world);
  const facts = await readFacts(world.db);
  findings.push(...(await checkLive(world, facts)));
  await load.stop();
  const { samples } = load;
  const { sent } = world.forge;
  findings.push(
    ...checkRuns(facts, sent),
    ...checkRollouts(facts, { ...story, planned: PLANNED }),
    ...checkRouter(facts),
    ...checkReleases(facts, sent, samples),
    ...checkTraffic(facts, samples),
  );
  return { kills: killer.kills, facts, sent, samples, findings };
}

function addressOf({ data, application }: World, { fail, crash }: Trouble): string {
  const query = new URLSearchParams();
  if (fail.size > 0) query.set('fail', [...fail].join());
  if (crash.size > 0) query.set('crash', [...crash].join());
  return `${data.url}/fn/production/${application.name}/?${query.toString()}`;
}

/** Nothing is running any more; what is retired afterwards and leases in use come to rest, too. */
async function settle({ db }: World): Promise<void> {
  const deadline = performance.now() + SETTLED_WITHIN;
  while ((await readLeases(db)).length > 0 && performance.now() < deadline) await sleep(LOOK_EVERY);
}

/** The data plane itself is asked what it serves. */
async function checkLive(world: World, { places, releases }: Facts): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (world.data.pid() === null) findings.push(lost('the data plane, which nobody killed, has ended'));
  for (const { environment, live } of places) {
    const sha = releases.find(({ id }) => id === live)?.sha;
    for (let request = 0; request < 20; request += 1) {
      const answer = await fetch(`${world.data.url}/fn/${environment}/${world.application.name}/`);
      const body = await answer.text();
      if (answer.headers.get('x-funade-version') === live && body === sha) continue;
      findings.push(illegal(`${environment}: live is ${live}, the data plane answers ${answer.status} ${body}`));
      break;
    }
  }
  return findings;
}

/** After a stop as an operator does it: no leases, no processes. */
async function checkOrphans(world: World, kills: readonly Kill[]): Promise<readonly Finding[]> {
  const codes = await world.stopServers();
  const findings: Finding[] = kills.flatMap(({ at, orphans }) =>
    orphans.map((text) => orphan(`${text}, left by the kill at ${new Date(at).toISOString()}`)),
  );
  for (const [name, code] of Object.entries(codes)) {
    if (code !== 0) findings.push(illegal(`the ${name} plane ended with ${code} when it was asked to stop`));
  }
  findings.push(...(await readLeases(world.db)).map((lease) => orphan(`lease of ${lease}`)));
  const postgres = `${world.folder}/postgres`;
  const look = () =>
    processesNaming([world.folder, `FUNADE_APP=${world.application.name}`]).filter(
      ({ command }) => !command.includes(postgres) && !command.startsWith('postgres'),
    );
  const deadline = performance.now() + GONE_WITHIN;
  while (look().length > 0 && performance.now() < deadline) await sleep(LOOK_EVERY);
  findings.push(
    ...look()
      .filter(isRunning)
      .map(({ pid, command }) => orphan(`process ${pid} ${command}`)),
  );
  return findings;
}

function orphan(text: string): Finding {
  return { fault: 'orphan', text };
}
