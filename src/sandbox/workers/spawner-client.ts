import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FunadeError, type Logger, messageOf, newId } from '../../kernel/index.ts';
import type { Freezer } from '../cgroups/cgroups.ts';
import type { Worker, WorkerExit, WorkerRequest } from '../port.ts';
import { type Pipe, socketOf } from './handles.ts';
import { sourceOf } from './paths.ts';
import type { FromSpawner, SpawnerOrder, ToSpawner } from './protocol.ts';

/** The spawner has the ending of this very file: `.ts` in the repository, `.js` in the compiled package. */
const PROGRAM = fileURLToPath(new URL(`./spawner.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url));

export interface Spawner {
  /** Throws `FUN_COMMAND_NOT_STARTED`. */
  spawn(request: WorkerRequest): Promise<Worker>;
  /** Ends every worker. */
  close(): Promise<void>;
}

export interface SpawnerOptions {
  readonly logger: Logger;
  /** Clears away what a spawner that is gone could not. */
  readonly cleared: () => Promise<unknown>;
}

interface Starting {
  readonly request: WorkerRequest;
  readonly resolve: (worker: Worker) => void;
  readonly reject: (reason: FunadeError) => void;
  channel?: Socket;
  stdout?: Socket;
  stderr?: Socket;
  facts?: Extract<FromSpawner, { kind: 'started' }>;
}

/** A spawner process, started with the first worker and started again when it was lost. */
export function createSpawner(order: SpawnerOrder, { logger, cleared }: SpawnerOptions): Spawner {
  const starting = new Map<string, Starting>();
  const running = new Map<string, (exit: WorkerExit) => void>();
  let child: ChildProcess | undefined;
  let closed = false;

  function ensure(): ChildProcess {
    if (child !== undefined) return child;
    const started = startProcess(order);
    child = started;
    started.on('message', (message: FromSpawner, handle) => receive(message, handle as Pipe | undefined));
    started.once('error', (thrown) => lose(started, messageOf(thrown)));
    started.once('exit', (code, signal) => lose(started, `the spawner ended with ${code ?? signal}`));
    return started;
  }

  /** Without the spawner its boxes are dying; who waits for one is told. */
  function lose(lost: ChildProcess, reason: string): void {
    if (child !== lost) return;
    child = undefined;
    if (!closed) logger.warn({ reason, workers: running.size }, 'Lost the spawner of workers; starting a new one.');
    for (const [id, entry] of starting) {
      starting.delete(id);
      entry.reject(notStarted(entry.request.argv[0] ?? '', reason));
    }
    for (const [id, end] of running) {
      running.delete(id);
      end({ code: null, signal: 'SIGKILL', outOfMemory: false });
    }
    if (!closed) void cleared().catch((thrown: unknown) => logger.warn({ reason: messageOf(thrown) }, NOT_CLEARED));
  }

  function send(message: ToSpawner): void {
    if (child?.connected === true) child.send(message);
  }

  function receive(message: FromSpawner, handle: Pipe | undefined): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'note':
        return logger.warn(message.facts, message.message);
      case 'exited':
        running.get(message.id)?.(message.exit);
        running.delete(message.id);
        return;
      case 'failed':
        starting.get(message.id)?.reject(notStarted(message.command, message.reason));
        starting.delete(message.id);
        return;
      case 'started':
      case 'stream':
        return collect(message, handle);
    }
  }

  /** A worker has started when its three streams have come. */
  function collect(message: Extract<FromSpawner, { kind: 'started' | 'stream' }>, handle: Pipe | undefined): void {
    const entry = starting.get(message.id);
    if (entry === undefined) {
      handle?.close();
      return;
    }
    if (message.kind === 'started') {
      entry.facts = message;
      if (handle !== undefined) entry.channel = socketOf(handle);
    } else if (handle !== undefined) entry[message.name] = socketOf(handle);
    if (message.kind === 'started' || message.name === 'stdout') return;
    starting.delete(message.id);
    const { channel, stdout, stderr, facts } = entry;
    if (channel === undefined || stdout === undefined || stderr === undefined || facts === undefined) {
      // A process that is gone before its streams were handed over has none.
      entry.reject(notStarted(entry.request.argv[0] ?? '', 'it ended at once'));
      return;
    }
    entry.resolve(workerOf(message.id, entry.request, { channel, stdout, stderr, facts }));
  }

  function workerOf(
    id: string,
    request: WorkerRequest,
    parts: Required<Pick<Starting, 'channel' | 'stdout' | 'stderr' | 'facts'>>,
  ): Worker {
    const { channel, stdout, stderr, facts } = parts;
    const exited = new Promise<WorkerExit>((resolve) => running.set(id, resolve));
    const freezing = createFreezing(facts.freezer);
    void exited.then(freezing.close);
    channel.on('error', () => {}); // a worker that dies while it is written to; its end is told by `exited`
    const isBoxed = order.isolation.bubblewrap !== null;
    return {
      pid: facts.pid,
      channel,
      stdout,
      stderr,
      exited,
      seenAs: (path) => (isBoxed ? path : sourceOf(request, path)),
      kill: () => send({ kind: 'kill', id }),
      freeze: freezing.freeze,
      thaw: freezing.thaw,
      processes: () => (facts.members === null ? null : countMembers(facts.members)),
    };
  }

  return {
    spawn: (request) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(notStarted(request.argv[0] ?? '', 'the server stops'));
          return;
        }
        const id = newId('box');
        ensure();
        starting.set(id, { request, resolve, reject });
        send({ kind: 'spawn', id, request });
      }),
    close: async () => {
      closed = true;
      const ending = child;
      if (ending === undefined) return;
      const gone = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
      if (ending.connected) ending.disconnect();
      await gone;
      await cleared();
    },
  };
}

/**
 * In a mount namespace of its own where boxes run as other users: see `stage.ts`. What it starts inherits the batch policy: a worker
 * that wakes up for a call does not interrupt the server that is about to serve the next one.
 */
function startProcess(order: SpawnerOrder): ChildProcess {
  const { firstUser, unshare, chrt } = order.isolation;
  const own = firstUser === null || unshare === null ? [] : [unshare, '--mount', '--propagation', 'slave', '--'];
  const patient = chrt === null ? [] : [chrt, '--batch', '0'];
  const line = [
    ...own,
    ...patient,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    PROGRAM,
    JSON.stringify(order),
  ];
  return spawn(line[0] ?? '', line.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: ENVIRONMENT });
}

const NOT_CLEARED = 'Failed to clear away what a lost spawner left; the next start does.';
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

function createFreezing(freezer: Freezer | null) {
  let isFrozen = false;
  let file: number | undefined;
  function set(frozen: boolean): void {
    if (freezer === null || isFrozen === frozen) return;
    try {
      file ??= openSync(freezer.file, 'w');
      writeSync(file, frozen ? freezer.frozen : freezer.thawed, 0);
      isFrozen = frozen;
    } catch {
      // The box is gone, which `exited` tells.
    }
  }
  return {
    freeze: () => set(true),
    thaw: () => set(false),
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function countMembers(file: string): number | null {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).length;
  } catch {
    return null; // the box is gone
  }
}

function notStarted(command: string, reason: string): FunadeError {
  return new FunadeError('FUN_COMMAND_NOT_STARTED', { command, reason });
}
