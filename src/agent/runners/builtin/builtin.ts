import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { McpServerConfig, ModelConfig } from '../../../config/index.ts';
import type { Clock, Logger } from '../../../kernel/index.ts';
import type { Job, Runner, RunnerEnd } from '../../port.ts';
import type { RunInBox } from './box.ts';
import type { Bench } from './carry-out.ts';
import { RESUMED } from './instructions.ts';
import { startMcpServers } from './mcp/servers.ts';
import { type Conversation, NEW_CONVERSATION, parseConversation, userEntry, withEntry } from './memory/conversation.ts';
import { cutMiddle } from './memory/shorten.ts';
import type { ModelCall, ModelPace } from './model/ask-model.ts';
import { type Connected, connectModel } from './model/connect-model.ts';
import { work } from './session.ts';
import { planningTools, workingTools } from './tools/index.ts';
import type { BuiltinTool, ToolPlace } from './tools/port.ts';

export interface BuiltinMeans {
  readonly model: ModelConfig;
  readonly mcp: readonly McpServerConfig[];
  readonly runInBox: RunInBox;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Hides secrets in what the model reads and people see. */
  readonly redact: (text: string) => string;
  readonly pace?: Partial<BuiltinPace>;
}

/** In milliseconds. */
export interface BuiltinPace extends ModelPace {
  /** Until an MCP server has started and told its tools. */
  readonly mcp: number;
}

const PACE: BuiltinPace = { call: 10 * 60_000, repeat: [1000, 4000, 15_000], mcp: 10_000 };

/** Characters of one result: an eighth of the window, within reason. */
const SMALLEST_CAP = 1000;
const LARGEST_CAP = 30_000;

/** An agent of Funade's own: a model with tools, whose loop runs in this process and whose programs run in the sandbox. */
export function createBuiltinRunner(means: BuiltinMeans): Runner {
  // The library writes its warnings to the console otherwise.
  globalThis.AI_SDK_LOG_WARNINGS = false;
  return { id: 'builtin', needsCheckout: true, run: (job) => run(means, job) };
}

async function run(means: BuiltinMeans, job: Job): Promise<RunnerEnd> {
  const connected = connectModel(means.model);
  if (!connected.ok) return { kind: 'failed', reason: 'config_invalid', detail: connected.error, blame: 'permanent' };
  const { home, signal } = job;
  const patience = means.pace?.mcp ?? PACE.mcp;
  const servers = await startMcpServers(means.mcp, { home: await homeOfServers(home), signal, patience });
  if (signal.aborted) {
    if (servers.ok) await servers.value.close();
    return { kind: 'interrupted' };
  }
  if (!servers.ok) return { kind: 'failed', reason: 'mcp_unavailable', detail: servers.error, blame: 'permanent' };
  try {
    return await workWith(means, job, { connected: connected.value, extra: servers.value.tools });
  } finally {
    await servers.value.close();
  }
}

/**
 * Beside the agent's home, out of its reach. Servers run outside the box: what starts them (`npx`, `python -m`) would run what the agent
 * had put into their directory or home.
 */
async function homeOfServers(home: string): Promise<string> {
  const place = join(dirname(home), 'mcp');
  await mkdir(place, { recursive: true, mode: 0o700 });
  return place;
}

interface Equipment {
  readonly connected: Connected;
  /** Tools of MCP servers. */
  readonly extra: readonly BuiltinTool[];
}

async function workWith(means: BuiltinMeans, job: Job, { connected, extra }: Equipment): Promise<RunnerEnd> {
  const { logger, clock, redact, runInBox } = means;
  const place: ToolPlace = {
    root: await realpath(job.directory),
    home: job.home,
    cap: Math.min(Math.max(Math.floor(means.model.window / 2), SMALLEST_CAP), LARGEST_CAP),
    ...{ signal: job.signal, runInBox, redact },
  };
  const bench: Bench = { tools: toolsFor(job, extra), place, tell: teller(job) };
  const pace = { ...PACE, ...means.pace };
  const end = await work(
    { job, config: means.model, model: { connected, clock, logger, pace }, bench, logger },
    beginning(job),
  );
  return masked(end, redact);
}

function toolsFor({ instruction }: Job, extra: readonly BuiltinTool[]): ReadonlyMap<string, BuiltinTool> {
  const planning = instruction.kind === 'plan';
  const own = planning ? planningTools : workingTools;
  const others = planning ? extra.filter(({ nature }) => nature === 'look') : extra;
  return new Map([...others, ...own].map((tool) => [tool.name, tool]));
}

/** The conversation that goes on, with what is asked now at its end; or a new one. */
function beginning({ memory, instruction, task }: Job): Conversation {
  const known = memory === null ? null : parseConversation(memory);
  const asked = userEntry('instruction', instruction.prompt);
  if (known === null) {
    const plan = task.planApprovedBy === null ? [] : task.plan;
    return withEntry({ ...NEW_CONVERSATION, plan }, asked);
  }
  if (instruction.kind !== 'resume') return withEntry(known, asked);
  const resumed = withEntry(known, userEntry('reminder', RESUMED));
  const told = known.entries.some(({ messages }) => messages.some(({ content }) => content === instruction.prompt));
  return told ? resumed : withEntry(resumed, asked);
}

const LONGEST_ARGUMENTS = 200;
const LONGEST_OUTPUT = 2000;

/** Lines for the task's log: every call, the output of commands, and what failed. */
function teller(job: Job): Bench['tell'] {
  return ({ toolName, input }: ModelCall, result) => {
    if (result === null) {
      job.log(`→ ${toolName} ${shorten(typeof input === 'string' ? input : JSON.stringify(input ?? {}))}\n`);
      return;
    }
    const text = toolName === 'run' ? cutMiddle(result, LONGEST_OUTPUT) : shorten(result.split('\n')[0] ?? '');
    job.log(`${text}\n`);
  };
}

function shorten(text: string): string {
  return text.length <= LONGEST_ARGUMENTS ? text : `${text.slice(0, LONGEST_ARGUMENTS)}…`;
}

function masked(end: RunnerEnd, redact: (text: string) => string): RunnerEnd {
  switch (end.kind) {
    case 'succeeded':
      return { ...end, summary: redact(end.summary) };
    case 'planned':
      return { ...end, plan: redact(end.plan), items: end.items.map((item) => ({ ...item, text: redact(item.text) })) };
    case 'failed':
      return end.detail === undefined ? end : { ...end, detail: redact(end.detail) };
    case 'interrupted':
      return end;
  }
}
