import { type ChildProcess, type IOType, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import { type Confinement, confine } from './command-line.ts';
import { type ProcessTree, createGroupTree, createNamespaceTree } from './process-tree.ts';
import { MARKER, type ProcessIdentity, identify } from './processes.ts';

export interface BoxPlan extends Confinement {
  /** Marks every process of the tree. */
  readonly id: string;
  /** The program, as it is called inside. */
  readonly argv: readonly string[];
  /** Of a plain process; bubblewrap changes to its own. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Sockets from fd 3 on. */
  readonly channels: number;
  /** Whether its standard input is a pipe; else it is empty. */
  readonly hasInput: boolean;
  /** File with the seccomp filter, for bubblewrap. */
  readonly filter: string | null;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly leader: ProcessIdentity;
  readonly tree: ProcessTree;
  /** Whether bubblewrap has reported that the program inside ran to an end; null for a plain process. */
  programEnded(): boolean | null;
}

const FIRST_FD = 3;

/** Starts a box in a process group of its own. Throws `FUN_COMMAND_NOT_STARTED`. */
export async function launch(plan: BoxPlan): Promise<Launched> {
  const filter = plan.filter === null || plan.bubblewrap === null ? null : openSync(plan.filter, 'r');
  try {
    return await start(plan, filter);
  } finally {
    if (filter !== null) closeSync(filter);
  }
}

async function start(plan: BoxPlan, filter: number | null): Promise<Launched> {
  const statusFd = FIRST_FD + plan.channels;
  const boxed = plan.bubblewrap && {
    program: plan.bubblewrap.program,
    args: [
      ...['--json-status-fd', String(statusFd)],
      ...(filter === null ? [] : ['--seccomp', String(statusFd + 1)]),
      ...plan.bubblewrap.args,
    ],
  };
  const [file = '', ...args] = confine(plan.argv, { ...plan, bubblewrap: boxed });
  const sockets: IOType[] = Array.from({ length: plan.channels + (boxed === null ? 0 : 1) }, () => 'pipe');
  const child = spawn(file, args, {
    cwd: boxed === null ? plan.cwd : '/',
    env: { ...plan.env, [MARKER]: plan.id },
    detached: true,
    stdio: [plan.hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe', ...sockets, ...(filter === null ? [] : [filter])],
  });
  try {
    if (child.pid === undefined) await once(child, 'spawn'); // rejects with the reason
  } catch (cause) {
    throw new FunadeError('FUN_COMMAND_NOT_STARTED', { command: file, reason: messageOf(cause) }, { cause });
  }
  const leader = identify(child.pid ?? 0);
  if (boxed === null) return { child, leader, tree: createGroupTree(leader, plan.id), programEnded: () => null };
  const tree = createNamespaceTree(leader, plan.id);
  let ended = false;
  readReports(child.stdio[statusFd] as Readable, (report) => {
    if (report['child-pid'] !== undefined) tree.setInit(identify(report['child-pid']));
    if (report['exit-code'] !== undefined) ended = true;
  });
  return { child, leader, tree, programEnded: () => ended };
}

interface Report {
  readonly 'child-pid'?: number;
  readonly 'exit-code'?: number;
}

function readReports(stream: Readable, receive: (report: Report) => void): void {
  let pending = '';
  stream.on('error', () => {}); // ends with bubblewrap
  stream.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString('utf8')).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line !== '') receive(JSON.parse(line) as Report);
  });
}
