import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { FunadeError, messageOf } from '../kernel/index.ts';
import type { SpawnRequest, SpawnWorker, WorkerExit, WorkerProcess } from './port.ts';

const SETPRIV = '/usr/bin/setpriv';

/**
 * Workers as plain child processes in a group of their own, without isolation. Where the system has `setpriv`, the kernel
 * ends them with this process even when a handler blocks and would not notice that fd 3 was closed.
 */
export function createPlainSpawn(): SpawnWorker {
  const withParent = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
  return (request) => launch(request, [...withParent, ...request.argv]);
}

async function launch(request: SpawnRequest, [program = '', ...args]: readonly string[]): Promise<WorkerProcess> {
  const child = spawn(program, args, {
    cwd: request.cwd,
    env: { ...request.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new FunadeError('FUN_COMMAND_NOT_STARTED', { command: program, reason: messageOf(cause) }, { cause })),
    );
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    channel: child.stdio[3] as Duplex,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    exited,
    kill: () => killGroup(pid),
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown; // already gone
  }
}
