import type { ChildProcess } from 'node:child_process';
import { FunadeError, messageOf, newId, sleep } from '../kernel/index.ts';
import { commandArguments } from './bubblewrap.ts';
import { type OutputPump, createOutputPump } from './command-output.ts';
import type { Detected } from './isolation.ts';
import { describeEnd } from './exit-status.ts';
import { type Launched, launch } from './launch.ts';
import type { Ledger } from './leftovers.ts';
import { type Scratch, commandMounts } from './mounts.ts';
import { findObstacle } from './obstacles.ts';
import type { Command, CommandEnd, CommandOutcome, CommandRequest } from './port.ts';

/** Between SIGTERM and SIGKILL. */
export const GRACE = 2000;
const LONGEST_TIMER = 2 ** 31 - 1;
const STATUS_FD = 3;
const CLOSE_PATIENCE = 2000;

export interface Means {
  readonly isolation: Detected;
  readonly ledger: Ledger;
}

export async function runCommand(means: Means, request: CommandRequest): Promise<CommandOutcome> {
  const began = performance.now();
  let stop = (): void => {};
  const pump = createOutputPump({ ...request, onFailure: () => stop() });
  const end = await attempt(means, request, pump, (stopper) => {
    stop = stopper;
  });
  await pump.finish();
  return { ...end, ...pump.counts(), duration: performance.now() - began, tier: means.isolation.tier };
}

type OfferStop = (stop: () => void) => void;

async function attempt(
  means: Means,
  request: CommandRequest,
  pump: OutputPump,
  offerStop: OfferStop,
): Promise<CommandEnd> {
  if (request.signal?.aborted === true) return { kind: 'aborted' };
  const reason = await findObstacle(request);
  if (reason !== undefined) return { kind: 'not_started', reason };
  const id = newId('box');
  try {
    const launched = await open(means, request, id);
    if (!('child' in launched)) return launched;
    const noted = means.ledger.started(id, { owner: request.owner, leader: launched.leader });
    const end = await supervise(launched, request, pump, offerStop);
    await noted;
    return end;
  } finally {
    await means.ledger.close(id);
  }
}

async function open(means: Means, request: CommandRequest, id: string): Promise<Launched | CommandEnd> {
  try {
    const scratch = await means.ledger.open(id);
    return await start(means, { request, scratch, id });
  } catch (thrown) {
    return { kind: 'not_started', reason: describeStart(thrown) };
  }
}

function describeStart(thrown: unknown): string {
  if (thrown instanceof FunadeError && thrown.code === 'FUN_COMMAND_NOT_STARTED')
    return String(thrown.values['reason']);
  return messageOf(thrown);
}

async function start(
  { isolation }: Means,
  { request, scratch, id }: { request: CommandRequest; scratch: Scratch; id: string },
): Promise<Launched> {
  const argv = commandLine(request.command);
  if (isolation.tier === 'process') {
    const env = { HOME: scratch.home, TMPDIR: scratch.temporary, ...request.env };
    return launch({ id, argv, cwd: request.cwd, env, extra: 0, statusFd: null });
  }
  const { cwd, network } = request;
  const mounts = await commandMounts(request, scratch);
  const args = commandArguments({ argv, cwd, network, mounts, statusFd: STATUS_FD });
  const env = { HOME: scratch.home, ...request.env };
  return launch({ id, argv: [isolation.program, ...args], cwd: '/', env, extra: 1, statusFd: STATUS_FD });
}

function commandLine(command: Command): readonly string[] {
  return 'shell' in command ? ['/bin/sh', '-e', '-c', command.shell] : command.argv;
}

/** Waits for the end, or brings it about at the timeout, the abort or a failing receiver of output. */
async function supervise(
  { child, tree, programEnded }: Launched,
  request: CommandRequest,
  pump: OutputPump,
  offerStop: OfferStop,
): Promise<CommandEnd> {
  let forced: 'timed_out' | 'aborted' | undefined;
  let graceEnds = Number.NEGATIVE_INFINITY;
  let killer: NodeJS.Timeout | undefined;
  const complaint = collectComplaint(child);
  const endBy = (cause: 'timed_out' | 'aborted') => {
    if (forced !== undefined || child.exitCode !== null || child.signalCode !== null) return;
    forced = cause;
    graceEnds = performance.now() + GRACE;
    tree.terminate();
    killer = setTimeout(() => tree.kill(), GRACE);
  };
  const abort = () => endBy('aborted');
  const timer = setTimeout(() => endBy('timed_out'), Math.min(request.timeout, LONGEST_TIMER));
  request.signal?.addEventListener('abort', abort, { once: true });
  if (request.signal?.aborted === true) abort();
  offerStop(abort);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.stdout !== null) pump.attach(child.stdout, 'stdout');
  if (child.stderr !== null) pump.attach(child.stderr, 'stderr');
  await exited;
  clearTimeout(timer);
  clearTimeout(killer);
  request.signal?.removeEventListener('abort', abort);
  await tree.settle(graceEnds - performance.now());
  await drain(child, closed, pump);
  if (forced !== undefined) return { kind: forced };
  if (programEnded() === false && child.signalCode === null) return { kind: 'not_started', reason: complaint() };
  return describeEnd(child.exitCode, child.signalCode);
}

/** Waits for the last output; a process that escaped and holds the pipe open does not keep the command from ending. */
async function drain(child: ChildProcess, closed: Promise<void>, pump: OutputPump): Promise<void> {
  let done = false;
  void closed.then(() => {
    done = true;
  });
  await Promise.race([closed, sleep(CLOSE_PATIENCE)]);
  while (!done && pump.isWaiting()) await Promise.race([closed, sleep(CLOSE_PATIENCE)]);
  if (!done) for (const stream of child.stdio) stream?.destroy();
}

/** The last words of bubblewrap when it could not start the program. */
function collectComplaint(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (text.length < 2000) text += chunk.toString('utf8');
  });
  return () => text.replaceAll(/^bwrap: /gm, '').trim() || 'bubblewrap could not start it';
}
