import type { Duplex, Readable } from 'node:stream';
import { type Logger, FunadeError, messageOf, newId } from '../kernel/index.ts';
import { type Mount, workerArguments } from './bubblewrap.ts';
import { signalOf } from './exit-status.ts';
import { type Launched, launch } from './launch.ts';
import type { MemoryWatch } from './memory-watch.ts';
import { workerMounts } from './mounts.ts';
import type { Worker, WorkerExit, WorkerRequest } from './port.ts';
import { findProgram } from './obstacles.ts';
import type { Means } from './run-command.ts';

const CHANNEL_FD = 3;
const STATUS_FD = 4;
const DEFAULT_TEMPORARY = 16;
const MEGABYTE = 1024 * 1024;

export interface WorkerMeans extends Means {
  readonly memoryWatch: MemoryWatch;
  readonly logger: Logger;
  /** `setpriv` of util-linux, when it is there: it makes the kernel end a plain process with its parent. */
  readonly setpriv: string | undefined;
  systemMounts(): Promise<readonly Mount[]>;
}

export async function startWorker(means: WorkerMeans, request: WorkerRequest): Promise<Worker> {
  const [name = '', ...args] = request.argv;
  const program = await findProgram(name, request.cwd, request.env['PATH'] ?? '');
  if (program === undefined) throw notStarted(name, 'there is no such program');
  const id = newId('box');
  const owner = request.owner ?? 'worker';
  try {
    await means.ledger.open(id);
    const launched = await start(means, { request, argv: [program, ...args], id });
    const worker = supervise(means, request, launched);
    const noted = means.ledger.started(id, { owner, leader: launched.leader });
    void worker.exited.then(async () => {
      await launched.tree.settle(0);
      await noted;
      await means.ledger.close(id);
    });
    return worker;
  } catch (thrown) {
    await means.ledger.close(id);
    if (thrown instanceof FunadeError) throw thrown;
    throw notStarted(program, messageOf(thrown), thrown);
  }
}

function notStarted(command: string, reason: string, cause?: unknown): FunadeError {
  return new FunadeError('FUN_COMMAND_NOT_STARTED', { command, reason }, { cause });
}

async function start(
  { isolation, setpriv, systemMounts }: WorkerMeans,
  { request, argv, id }: { request: WorkerRequest; argv: readonly string[]; id: string },
): Promise<Launched> {
  const { cwd, env } = request;
  if (isolation.tier === 'process') {
    const withParent = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
    return launch({ id, argv: [...withParent, ...argv], cwd, env, extra: 1, statusFd: null });
  }
  const tree = {
    argv,
    cwd,
    network: request.network ?? 'none',
    mounts: await workerMounts(request, argv[0] ?? '', await systemMounts()),
    statusFd: STATUS_FD,
    temporary: (request.temporary ?? DEFAULT_TEMPORARY) * MEGABYTE,
  };
  const line = [isolation.program, ...workerArguments(tree)];
  return launch({ id, argv: line, cwd: '/', env, extra: 2, statusFd: STATUS_FD });
}

function supervise(
  { memoryWatch, logger }: WorkerMeans,
  request: WorkerRequest,
  { child, leader, tree }: Launched,
): Worker {
  let outOfMemory = false;
  const unwatch = memoryWatch.add(leader.pid, request.memory * MEGABYTE, (used) => {
    outOfMemory = true;
    logger.warn({ owner: request.owner, used, limit: request.memory * MEGABYTE }, 'Worker used too much memory');
    tree.kill();
  });
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      unwatch();
      const named = signal ?? signalOf(code ?? 0) ?? null;
      resolve({ code: named === null ? code : null, signal: named, outOfMemory });
    });
  });
  const channel = child.stdio[CHANNEL_FD] as Duplex;
  channel.on('error', () => {}); // a worker that dies while it is written to; its end is told by `exited`
  return {
    pid: leader.pid,
    channel,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    exited,
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) tree.kill();
    },
  };
}
