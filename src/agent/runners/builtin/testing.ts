import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ModelConfig } from '../../../config/index.ts';
import { systemClock, silentLogger } from '../../../kernel/index.ts';
import type { InboxMessage, Instruction, Job, Progress, Task } from '../../port.ts';
import type { BoxEnd, BoxRequest } from './box.ts';
import type { BuiltinMeans } from './builtin.ts';

/** A checkout with these files, and what the runner did to the job that works in it. */
export interface JobRig {
  readonly root: string;
  readonly directory: string;
  readonly home: string;
  readonly controller: AbortController;
  readonly saved: string[];
  readonly reports: Partial<Progress>[];
  readonly inbox: InboxMessage[];
  log(): string;
  job(more?: Partial<Job>): Job;
  remove(): Promise<void>;
}

export async function createJobRig(files: Readonly<Record<string, string>> = {}): Promise<JobRig> {
  const root = await mkdtemp(join(tmpdir(), 'funade-builtin-'));
  const [directory, home] = [join(root, 'tree'), join(root, 'home')];
  await Promise.all([mkdir(directory), mkdir(home)]);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  const controller = new AbortController();
  const saved: string[] = [];
  const reports: Partial<Progress>[] = [];
  const inbox: InboxMessage[] = [];
  let log = '';
  const job = (more: Partial<Job> = {}): Job => ({
    task: TASK,
    key: { repository: { id: '1', fullName: 'o/r' }, kind: 'issue', number: 7 },
    subject: {} as Job['subject'],
    labeler: {} as Job['labeler'],
    forge: {} as Job['forge'],
    fence: 1,
    signal: controller.signal,
    ...{ directory, home },
    settings: SETTINGS,
    instruction: instruct('work'),
    memory: null,
    save: (memory) => {
      saved.push(memory);
      return Promise.resolve();
    },
    inbox: () => Promise.resolve(inbox.splice(0)),
    report: (progress) => void reports.push(progress),
    log: (text) => {
      log += text;
    },
    ...more,
  });
  const remove = () => rm(root, { recursive: true, force: true });
  return { root, directory, home, controller, saved, reports, inbox, log: () => log, job, remove };
}

export function instruct(kind: Instruction['kind'], prompt = 'Make the greeter greet the world.'): Instruction {
  return { kind, prompt };
}

export const SETTINGS: Job['settings'] = {
  runner: 'builtin',
  budget: { steps: 500, tokens: 100_000_000, money: null, time: 3_600_000 },
  branchPrefix: 'funade/',
  planApproval: false,
  allowedPaths: [],
  checks: [],
};

export const TASK: Task = {
  id: 'task_1',
  source: 'github',
  forge: 'github',
  host: 'github.com',
  projectId: '1',
  project: 'o/r',
  kind: 'issue',
  number: 7,
  title: 'Greet the world',
  url: 'https://github.com/o/r/issues/7',
  generation: 1,
  state: 'running',
  reason: null,
  errorId: null,
  acts: ['pause', 'stop'],
  label: 'coding agent',
  actor: 'mona',
  actorId: '2',
  via: 'webhook',
  deliveryId: null,
  worker: 'test',
  queuedAt: 0,
  notBefore: null,
  claimedAt: 0,
  endedAt: null,
  attempts: [],
  branch: 'funade/issue-7',
  change: null,
  plan: [],
  planText: null,
  planApprovedBy: null,
  note: null,
  summary: null,
  detail: null,
  usage: { steps: 0, inputTokens: 0, outputTokens: 0, money: null },
  pausedAt: null,
  steeredBy: null,
  steerReason: null,
};

export interface Endpoint {
  readonly url: string;
  readonly key: string;
  readonly model: string;
}

export function modelAt({ url, key, model }: Endpoint, more: Partial<ModelConfig> = {}): ModelConfig {
  const price = { input: null, output: null };
  return { provider: 'openai-compatible', url, key, name: model, window: 100_000, price, ...more };
}

export function meansFor(model: ModelConfig, more: Partial<BuiltinMeans> = {}): BuiltinMeans {
  return {
    model,
    mcp: [],
    runInBox: noBox,
    logger: silentLogger,
    clock: systemClock,
    redact: (text) => text,
    pace: { repeat: [1, 1, 1] },
    ...more,
  };
}

function noBox({ command }: BoxRequest): Promise<BoxEnd> {
  return Promise.reject(new Error(`this test runs nothing, and not ${command}`));
}
