import {
  type Agent,
  type AgentOptions,
  type Runner,
  baseUrlOf,
  checkModel,
  createBoxedCommand,
  createBuiltinRunner,
  createCheckRunner,
  createCommandRunner,
  createModelProxy,
  createRedaction,
  createWorkspaces,
  hasTaskEnded,
  runners,
  TASK_STATES,
} from '../agent/index.ts';
import type { ControlPlane } from '../api/index.ts';
import type { ServerConfig } from '../config/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import type { Sandbox } from '../sandbox/index.ts';

export interface EquipmentOptions {
  readonly config: ServerConfig['agent'];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  /** Of checkouts, and of the proxy's socket; each of its own. */
  readonly directories: { readonly workspaces: string; readonly proxy: string };
  /** Absolute paths that agents must not see. */
  readonly hidden: readonly string[];
  readonly path: string;
  /** Variables for Funade's own git. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** Values that must never be shown or pushed. */
  readonly secrets: () => readonly string[];
}

/** What agents work with. */
export interface Equipment {
  readonly options: Pick<
    AgentOptions,
    'runner' | 'runners' | 'workspaces' | 'runCheck' | 'defaults' | 'repositories' | 'secrets'
  >;
  /** Before the agent begins; only then nothing of this process's own is at work in the checkouts. */
  start(agent: Pick<Agent, 'list'>): Promise<void>;
  /** After the agent has ended. */
  stop(): Promise<void>;
  /** What agents work with, and whether the model answers; asked at most once in ten seconds. */
  look(): Promise<AgentSetup>;
}

export type AgentSetup = Awaited<ReturnType<ControlPlane['agentSetup']>>;

const LOOK_MS = 10_000;

export function equipAgent(options: EquipmentOptions): Equipment {
  const { config, logger, clock, sandbox, directories, hidden, path, secrets } = options;
  const proxy = createModelProxy({ model: config.model, logger, clock, directory: directories.proxy });
  const workspaces = createWorkspaces({
    directory: directories.workspaces,
    logger,
    clock,
    environment: options.gitEnvironment,
  });
  const box = { sandbox, config, hidden, path, redact: secrets };
  const runInBox = createBoxedCommand(box);
  const known = new Map<string, Runner>(runners);
  if (config.command !== null) known.set('command', createCommandRunner({ ...box, config, proxy }));
  if (config.model.name !== null) {
    const redact = (text: string) => createRedaction(secrets())(text);
    known.set(
      'builtin',
      createBuiltinRunner({ model: config.model, mcp: config.mcp, runInBox, logger, clock, redact }),
    );
  }
  const { runner, budget, branchPrefix, planApproval, repositories } = config;
  return {
    options: {
      runner: known.get(runner) ?? null,
      runners: known,
      workspaces,
      runCheck: createCheckRunner(runInBox),
      defaults: { runner, budget, branchPrefix, planApproval },
      repositories,
      secrets,
    },
    start: async (agent) => {
      warnOfIsolation(config, sandbox, logger);
      await proxy.start();
      await workspaces.sweep(await idsOfAlive(agent));
    },
    stop: () => proxy.stop(),
    look: oncePer(LOOK_MS, clock, () => lookAt(config, sandbox, known.has(runner))),
  };
}

/** Everybody who asks within the time gets the same answer. */
function oncePer<T>(milliseconds: number, clock: Clock, work: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (last === undefined || clock.now() - last.at >= milliseconds) last = { at: clock.now(), answer: work() };
    return last.answer;
  };
}

async function lookAt(config: ServerConfig['agent'], sandbox: Sandbox, isEquipped: boolean): Promise<AgentSetup> {
  const { runner, model } = config;
  const { tier, reason } = sandbox.isolation();
  const standing = model.name === null ? null : await checkModel(model);
  const host = baseUrlOf(model)?.host ?? null;
  return {
    runner,
    trouble: isEquipped ? isolationTrouble(config, tier) : 'no_runner',
    isolation: { tier, reason },
    model: standing === null ? null : { name: model.name, host, trouble: standing.reason, detail: standing.detail },
  };
}

function runsPrograms({ runner }: ServerConfig['agent']): boolean {
  return runner === 'command' || runner === 'builtin';
}

function isolationTrouble(config: ServerConfig['agent'], tier: string): string | null {
  return runsPrograms(config) && tier === 'C' && config.untrusted === 'refuse' ? 'no_isolation' : null;
}

/** Tasks would fail with `no_isolation`, one by one; whoever starts the server can do something about it. */
function warnOfIsolation(config: ServerConfig['agent'], sandbox: Sandbox, logger: Logger): void {
  const { runner } = config;
  const { tier, reason } = sandbox.isolation();
  if (!runsPrograms(config) || tier !== 'C') return;
  if (isolationTrouble(config, tier) !== null)
    logger.warn(
      { runner, reason },
      'Agents can not work here: programs are not isolated. `funade doctor` tells what is missing; `agent.untrusted: allow` lets them work all the same.',
    );
  else
    logger.warn({ runner, reason }, 'Agents work without isolation here: they see files and network of this machine.');
}

async function idsOfAlive(agent: Pick<Agent, 'list'>): Promise<ReadonlySet<string>> {
  const alive = new Set<string>();
  for (const state of TASK_STATES.filter((each) => !hasTaskEnded(each))) {
    let cursor: string | undefined;
    do {
      const page = await agent.list({ limit: 200, cursor, state });
      for (const { id } of page.items) alive.add(id);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
  return alive;
}
