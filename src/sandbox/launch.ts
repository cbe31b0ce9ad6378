import { type ChildProcess, type IOType, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { FunadeError, messageOf } from '../kernel/index.ts';
import { type ProcessTree, createGroupTree, createNamespaceTree } from './process-tree.ts';
import { MARKER, type ProcessIdentity, identify } from './processes.ts';

export interface LaunchPlan {
  /** Marks every process of the tree. */
  readonly id: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors from 3 on, each a socket. */
  readonly extra: number;
  /** The descriptor on which bubblewrap reports; null for a plain process. */
  readonly statusFd: number | null;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly leader: ProcessIdentity;
  readonly tree: ProcessTree;
  /** Whether bubblewrap has reported that the program inside ran to an end; null for a plain process. */
  programEnded(): boolean | null;
}

/** Starts a process in a group of its own. Throws `FUN_COMMAND_NOT_STARTED`. */
export async function launch(plan: LaunchPlan): Promise<Launched> {
  const [file = '', ...args] = plan.argv;
  const pipes: IOType[] = Array.from({ length: plan.extra }, () => 'pipe');
  const child = spawn(file, args, {
    cwd: plan.cwd,
    env: { ...plan.env, [MARKER]: plan.id },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...pipes],
  });
  try {
    if (child.pid === undefined) await once(child, 'spawn'); // rejects with the reason
  } catch (cause) {
    throw new FunadeError('FUN_COMMAND_NOT_STARTED', { command: file, reason: messageOf(cause) }, { cause });
  }
  const leader = identify(child.pid ?? 0);
  if (plan.statusFd === null) {
    return { child, leader, tree: createGroupTree(leader, plan.id), programEnded: () => null };
  }
  const tree = createNamespaceTree(leader, plan.id);
  let ended = false;
  readReports(child.stdio[plan.statusFd] as Readable, (report) => {
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
