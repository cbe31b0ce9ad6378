/**
 * `node relay <socket> <port> -- <program> <arguments>`: the parent of a program in a box without network. Leads a port of the box's
 * loopback to the unix socket that is bound into it, and is to whoever started it as the program itself would be: it passes signals on
 * and ends as the program ends. Imports nothing of Funade: it is the only file of it that the box needs.
 */
import { spawn } from 'node:child_process';
import { type Socket, connect, createServer } from 'node:net';
import { constants } from 'node:os';

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const NOT_STARTED = 126;
const NOT_FOUND = 127;

const [socket = '', port = '', , program = '', ...args] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ path: socket, allowHalfOpen: true });
  join(near, far);
  join(far, near);
});
server.once('error', (fault) => {
  process.stderr.write(`The way to the model could not be opened: ${fault.message}\n`);
  process.exit(NOT_STARTED);
});
server.listen(Number(port), '127.0.0.1', start);

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}

/** In a group of its own: who signals the whole box reaches this process, which passes it on, and so each signal arrives once. */
function start(): void {
  const child = spawn(program, args, { stdio: 'inherit', detached: true });
  child.once('error', (fault: NodeJS.ErrnoException) => {
    process.stderr.write(`${fault.message}\n`);
    process.exit(fault.code === 'ENOENT' ? NOT_FOUND : NOT_STARTED);
  });
  for (const name of PASSED_ON) process.on(name, () => passOn(child.pid, name));
  child.once('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}

function passOn(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has just ended, which `exit` tells.
  }
}
