/** Command-line agents of `test/fixtures/agents` at work, for the tests of this folder. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import type { ModelConfig } from '../../../config/index.ts';
import { silentLogger } from '../../../kernel/index.ts';
import { type IsolationTier, type Sandbox, createSandbox } from '../../../sandbox/index.ts';
import { type ModelProxy, createModelProxy } from '../../model/proxy.ts';
import type { Instruction, Job, Progress, RunnerEnd, Task } from '../../port.ts';
import { type CommandRunnerOptions, createCommandRunner } from './command.ts';

const AGENTS = fileURLToPath(new URL('../../../../test/fixtures/agents', import.meta.url));
/** Never to be found in an environment, a command line, a file or an answer. */
export const KEY = 'sk-known-to-the-proxy-alone-4711';
export const SECRET = 'glpat-of-the-server-0815';

export const MODEL: ModelConfig = {
  provider: 'openai-compatible',
  url: null,
  name: 'test-model',
  key: KEY,
  window: 100_000,
  price: { input: null, output: null },
};

export interface Turn {
  readonly agent: string;
  readonly prompt: string;
  readonly kind?: Instruction['kind'];
  readonly signal?: AbortSignal;
  readonly budget?: Partial<Job['settings']['budget']>;
  readonly usage?: Partial<Task['usage']>;
  /** Reads along. */
  readonly onLog?: (text: string) => void;
  readonly config?: Partial<CommandRunnerOptions['config']>;
  readonly model?: Partial<ModelConfig>;
  readonly more?: Partial<CommandRunnerOptions>;
}

export interface Ran {
  readonly end: RunnerEnd;
  readonly log: string;
  readonly reports: readonly Partial<Progress>[];
  /** Milliseconds. */
  readonly took: number;
}

export interface AgentRig {
  /** The server's data directory. */
  readonly data: () => string;
  readonly sandboxOf: (tier: IsolationTier) => Sandbox;
  /** A task with a checkout and a home of its own below the data directory. */
  makeTask(): Promise<TaskPlace>;
  run(tier: IsolationTier, turn: Turn, place?: TaskPlace): Promise<Ran>;
}

export interface TaskPlace {
  readonly id: string;
  readonly directory: string;
  readonly home: string;
}

/** The tiers that this machine has, the weakest first. */
export function tiersHere(required: boolean): readonly IsolationTier[] {
  const stateDir = join(tmpdir(), `funade-agents-best-${process.pid}`);
  const { tier: best, reason } = createSandbox({ logger: silentLogger, stateDir }).isolation();
  if (best === 'C' && required) throw new Error(`CI needs isolation: ${reason}`);
  return (['C', 'B', 'A'] as const).filter((tier) => tier >= best);
}

export function agentCommand(name: string): string {
  return `node ${join(AGENTS, `${name}.mjs`)}`;
}

export function useAgents(): AgentRig {
  let root: string;
  let count = 0;
  const sandboxes = new Map<IsolationTier, Sandbox>();
  const proxies = new Map<string, ModelProxy>();
  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'funade-agents-')));
    await mkdir(join(root, 'data'));
  });
  afterAll(async () => {
    await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
    await Promise.all([...sandboxes.values()].map((sandbox) => sandbox.close()));
    await rm(root, { recursive: true, force: true, maxRetries: 20 });
  });

  const data = () => join(root, 'data');

  function sandboxOf(tier: IsolationTier): Sandbox {
    const made =
      sandboxes.get(tier) ?? createSandbox({ logger: silentLogger, stateDir: join(data(), 'sandbox', tier), tier });
    sandboxes.set(tier, made);
    return made;
  }

  async function proxyOf(model: ModelConfig): Promise<ModelProxy> {
    const name = JSON.stringify(model);
    const known = proxies.get(name);
    if (known !== undefined) return known;
    const directory = join(data(), 'agent', `model-${proxies.size}`);
    const proxy = createModelProxy({ model, logger: silentLogger, directory });
    proxies.set(name, proxy);
    await proxy.start();
    return proxy;
  }

  async function makeTask(): Promise<TaskPlace> {
    const id = `task_${process.pid}x${(count += 1)}`;
    const place = join(data(), 'agent', 'tasks', id);
    const directory = join(place, 'tree');
    const home = join(place, 'home');
    await mkdir(directory, { recursive: true });
    await mkdir(home);
    return { id, directory, home };
  }

  async function run(tier: IsolationTier, turn: Turn, given?: TaskPlace): Promise<Ran> {
    const place = given ?? (await makeTask());
    const model = { ...MODEL, ...turn.model };
    const reports: Partial<Progress>[] = [];
    let log = '';
    const runner = createCommandRunner({
      sandbox: sandboxOf(tier),
      proxy: await proxyOf(model),
      config: {
        command: agentCommand(turn.agent),
        network: 'model',
        untrusted: 'allow',
        limits: { memory: 1024, processes: 200, output: 5 },
        model,
        ...turn.config,
      },
      hidden: [data()],
      path: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      redact: () => [KEY, SECRET],
      ...turn.more,
    });
    const job = {
      task: { id: place.id, usage: { steps: 0, inputTokens: 0, outputTokens: 0, money: null, ...turn.usage } },
      signal: turn.signal ?? new AbortController().signal,
      directory: place.directory,
      home: place.home,
      settings: { budget: { steps: 100, tokens: 1_000_000, money: null, time: 90_000, ...turn.budget } },
      instruction: { kind: turn.kind ?? 'work', prompt: turn.prompt },
      memory: null,
      report: (progress: Partial<Progress>) => reports.push(progress),
      log: (text: string) => {
        log += text;
        turn.onLog?.(text);
      },
    };
    const began = performance.now();
    const end = await runner.run(job as unknown as Job);
    return { end, log, reports, took: performance.now() - began };
  }

  return { data, sandboxOf, makeTask, run };
}
