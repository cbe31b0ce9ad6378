import type { ChildProcess } from 'node:child_process';
import { FunadeError, messageOf, newId, sleep } from '../../kernel/index.ts';
import { commandArguments } from '../boxes/bubblewrap.ts';
import { describeEnd } from '../boxes/exit-status.ts';
import { type Launched, launch } from '../boxes/launch.ts';
import type { Ledger, Scratch } from '../boxes/leftovers.ts';
import type { Cgroup } from '../cgroups/cgroups.ts';
import { filterFile } from '../isolation/detect.ts';
import type { Command, CommandEnd, CommandOutcome, CommandRequest } from '../port.ts';
import { type OutputPump, createOutputPump } from './command-output.ts';
import { commandMounts } from './command-mounts.ts';
import { type Limiting, groupFor, processesInside, sharedMemoryOf, watchLimits } from './limits.ts';
import { findObstacle } from './obstacles.ts';

/** Between SIGTERM and SIGKILL. */
export const GRACE = 2000;
const LONGEST_TIMER = 2 ** 31 - 1;
const CLOSE_PATIENCE = 2000;

export interface CommandMeans extends Limiting {
  readonly ledger: Ledger;
}

export async function runCommand(means: CommandMeans, request: CommandRequest): Promise<CommandOutcome> {
  const began = performance.now();
  let stop: Stop = () => {};
  const pump = createOutputPump({ ...request, onFailure: () => stop('aborted'), onFlood: () => stop('flooded') });
  const end = await attempt(means, request, pump, (stopper) => {
    stop = stopper;
  });
  await pump.finish();
  return { ...end, ...pump.counts(), duration: performance.now() - began, tier: means.isolation.tier };
}

/** Ends that the sandbox brings about. */
type Forced = 'timed_out' | 'aborted' | 'flooded' | 'out_of_memory';
type Stop = (cause: Forced) => void;
type OfferStop = (stop: Stop) => void;

async function attempt(
  means: CommandMeans,
  request: CommandRequest,
  pump: OutputPump,
  offerStop: OfferStop,
): Promise<CommandEnd> {
  if (request.signal?.aborted === true) return { kind: 'aborted' };
  const reason = await findObstacle(request);
  if (reason !== undefined) return { kind: 'not_started', reason };
  const id = newId('box');
  let cgroup: Cgroup | null = null;
  try {
    cgroup = groupFor(means, id, request);
    const launched = await open(means, { request, id, cgroup });
    if (!('child' in launched)) return launched;
    const noted = means.ledger.started(id, { owner: request.owner, leader: launched.leader });
    const end = await supervise(means, { id, request, launched, cgroup, pump }, offerStop);
    await noted;
    return end;
  } finally {
    await cgroup?.remove();
    await means.ledger.close(id);
  }
}

interface Opening {
  readonly request: CommandRequest;
  readonly id: string;
  readonly cgroup: Cgroup | null;
}

async function open(means: CommandMeans, opening: Opening): Promise<Launched | CommandEnd> {
  try {
    return await start(means, opening, await means.ledger.open(opening.id));
  } catch (thrown) {
    return { kind: 'not_started', reason: describeStart(thrown) };
  }
}

function describeStart(thrown: unknown): string {
  if (thrown instanceof FunadeError && thrown.code === 'FUN_COMMAND_NOT_STARTED')
    return String(thrown.values['reason']);
  return messageOf(thrown);
}

async function start(means: CommandMeans, opening: Opening, scratch: Scratch): Promise<Launched> {
  const { isolation } = means;
  const { request, id, cgroup } = opening;
  const argv = commandLine(request.command);
  const { cwd, network } = request;
  const plain = {
    ...{ id, argv, cwd, channels: 0, hasInput: request.input !== undefined, joins: cgroup?.joins ?? [] },
    ...{ user: null, files: null, processes: null, processesInside: processesInside(means, cgroup, request) },
  };
  if (isolation.bubblewrap === null) {
    const env = { HOME: scratch.home, TMPDIR: scratch.temporary, ...request.env };
    return launch({ ...plain, env, bubblewrap: null, filter: null });
  }
  const namespaces = { network, sealed: false, asNobody: process.getuid?.() === 0 };
  const mounts = await commandMounts(request, scratch);
  const args = commandArguments({ namespaces, cwd, mounts, shared: sharedMemoryOf(request) });
  const env = { HOME: scratch.home, ...request.env };
  return launch({
    ...{ ...plain, env, filter: filterFile(isolation, 'command') },
    bubblewrap: { program: isolation.bubblewrap, args },
  });
}

function commandLine(command: Command): readonly string[] {
  return 'shell' in command ? ['/bin/sh', '-e', '-c', command.shell] : command.argv;
}

interface Supervised {
  readonly id: string;
  readonly request: CommandRequest;
  readonly launched: Launched;
  readonly cgroup: Cgroup | null;
  readonly pump: OutputPump;
}

/** Waits for the end, or brings it about at a limit, the abort or a failing receiver of output. */
async function supervise(means: CommandMeans, supervised: Supervised, offerStop: OfferStop): Promise<CommandEnd> {
  const { request, launched, cgroup, pump } = supervised;
  const { child, tree, programEnded } = launched;
  let forced: Forced | undefined;
  let graceEnds = Number.NEGATIVE_INFINITY;
  let killer: NodeJS.Timeout | undefined;
  const complaint = collectComplaint(child);
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const endBy: Stop = (cause) => {
    if (forced !== undefined || isOver()) return;
    forced = cause;
    if (cause === 'out_of_memory') return tree.kill();
    graceEnds = performance.now() + GRACE;
    tree.terminate();
    killer = setTimeout(() => tree.kill(), GRACE);
  };
  const abort = () => endBy('aborted');
  const timer = setTimeout(() => endBy('timed_out'), Math.min(request.timeout, LONGEST_TIMER));
  request.signal?.addEventListener('abort', abort, { once: true });
  if (request.signal?.aborted === true) abort();
  offerStop(endBy);
  const unwatch = watchLimits(means, supervised, (what) => {
    if (what === 'memory') return endBy('out_of_memory');
    if (isOver()) return;
    pump.remark('[more processes than allowed, it was ended]');
    tree.kill();
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.stdout !== null) pump.attach(child.stdout, 'stdout');
  if (child.stderr !== null) pump.attach(child.stderr, 'stderr');
  child.stdin?.on('error', () => {}); // it may end without having read all
  child.stdin?.end(request.input);
  await exited;
  unwatch();
  clearTimeout(timer);
  clearTimeout(killer);
  request.signal?.removeEventListener('abort', abort);
  await tree.settle(graceEnds - performance.now());
  await drain(child, closed, pump);
  if (forced !== undefined) return { kind: forced };
  if (cgroup?.ranOutOfMemory() === true) return { kind: 'out_of_memory' };
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
