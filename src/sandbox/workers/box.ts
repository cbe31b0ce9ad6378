import type { ChildProcess } from 'node:child_process';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import { type Mount, workerArguments } from '../boxes/bubblewrap.ts';
import type { Confinement } from '../boxes/command-line.ts';
import { signalOf } from '../boxes/exit-status.ts';
import { type Launched, launch } from '../boxes/launch.ts';
import type { Ledger } from '../boxes/leftovers.ts';
import type { TreeWatch } from '../boxes/tree-watch.ts';
import type { Cgroup, Cgroups } from '../cgroups/cgroups.ts';
import { findProgram } from '../commands/obstacles.ts';
import { type Detected, filterFile } from '../isolation/detect.ts';
import type { Slots } from '../isolation/slots.ts';
import type { WorkerExit, WorkerRequest } from '../port.ts';
import { type Pipe, takePipe } from './handles.ts';
import { sourceOf } from './paths.ts';
import type { Stage } from './stage.ts';
import { isSystemPath } from './system-tree.ts';

const DEFAULT_TEMPORARY = 16;
const DEFAULT_PROCESSES = 64;
const DEFAULT_FILES = 256;
const CHANNEL_FD = 3;
const MEGABYTE = 1024 * 1024;

/** What the spawner makes boxes with. */
export interface BoxMeans {
  readonly isolation: Detected;
  readonly cgroups: Cgroups;
  readonly slots: Slots;
  /** Null where boxes run as the server's user. */
  readonly stage: Stage | null;
  readonly ledger: Ledger;
  readonly treeWatch: TreeWatch;
  readonly systemTree: readonly Mount[];
  note(message: string, facts: Readonly<Record<string, unknown>>): void;
}

export interface Box {
  readonly child: ChildProcess;
  /** Its ends of fd 3, stdout and stderr, unread. */
  readonly pipes: Readonly<Record<'channel' | 'stdout' | 'stderr', Pipe>>;
  readonly cgroup: Cgroup | null;
  /** Never rejects; no process of the box is left then. */
  readonly exited: Promise<WorkerExit>;
  kill(): void;
}

/** Starts a worker in a box of its own. Throws `FUN_COMMAND_NOT_STARTED`. */
export async function openBox(means: BoxMeans, id: string, request: WorkerRequest): Promise<Box> {
  const { isolation, ledger } = means;
  if (isolation.bubblewrap === null) return openPlain(means, id, request);
  const user = isolation.firstUser === null ? null : takeUser(means.slots);
  let cgroup: Cgroup | null = null;
  const clear = async () => {
    if (user !== null) means.slots.giveBack(user);
    await cgroup?.remove();
    await ledger.close(id);
  };
  try {
    cgroup = groupFor(means, id, request);
    const confinement = await confinementOf(means, request, { user, cgroup });
    const { argv, env } = request;
    const launched = await launch({ ...confinement, id, argv, cwd: '/', env, channels: 1, hasInput: false });
    return watch(means, { request, launched, cgroup }, clear);
  } catch (thrown) {
    await clear();
    throw asNotStarted(request, thrown);
  }
}

function takeUser(slots: Slots): number {
  const user = slots.take();
  if (user === undefined) throw new Error('every user id for boxes is taken');
  return user;
}

function groupFor({ isolation, cgroups }: BoxMeans, id: string, request: WorkerRequest): Cgroup | null {
  if (!isolation.grouped) return null;
  return cgroups.create(id, {
    memory: request.memory * MEGABYTE,
    processes: (request.processes ?? DEFAULT_PROCESSES) + SANDBOX_PROCESSES,
  });
}

/** bubblewrap itself, outside and as the first process inside. */
const SANDBOX_PROCESSES = 2;

async function confinementOf(
  { isolation, stage, systemTree }: BoxMeans,
  request: WorkerRequest,
  { user, cgroup }: { readonly user: number | null; readonly cgroup: Cgroup | null },
): Promise<Confinement & { readonly filter: string | null }> {
  const mounts = [...systemTree, ...mountsOf(request)];
  const reached = stage === null ? mounts : await Promise.all(mounts.map((mount) => reach(stage, mount)));
  const processes = (request.processes ?? DEFAULT_PROCESSES) + SANDBOX_PROCESSES;
  const namespaces = {
    network: request.network ?? 'none',
    sealed: isolation.sealable,
    asNobody: user === null && process.getuid?.() === 0,
  };
  const args = workerArguments({
    namespaces,
    cwd: request.cwd,
    mounts: reached,
    temporary: (request.temporary ?? DEFAULT_TEMPORARY) * MEGABYTE,
  });
  return {
    bubblewrap: { program: isolation.bubblewrap ?? '', args },
    user: user === null ? null : { id: user, setpriv: isolation.setpriv ?? '' },
    joins: cgroup?.joins ?? [],
    files: request.files ?? DEFAULT_FILES,
    processes: user === null ? null : processes,
    processesInside: user === null && !isolation.grouped ? processes : null,
    filter: filterFile(isolation, 'worker'),
  };
}

function mountsOf(request: WorkerRequest): readonly Mount[] {
  return [
    ...request.mounts
      .filter(({ path, source }) => path !== source || !isSystemPath(path))
      .map(({ path, source }) => ({ path, source, as: 'readable' as const })),
    ...(request.sockets ?? []).map(({ path, source }) => ({ path, source, as: 'writable' as const })),
  ];
}

async function reach(stage: Stage, mount: Mount): Promise<Mount> {
  if (mount.as === 'link') return mount;
  return { ...mount, source: await stage.reach(mount.source ?? mount.path) };
}

/** Tier C: a group of its own, ended with its parent where the system has `setpriv`, found by its marker where it strays. */
async function openPlain(means: BoxMeans, id: string, request: WorkerRequest): Promise<Box> {
  const { setpriv } = means.isolation;
  const [name = '', ...args] = request.argv.map((word) => sourceOf(request, word));
  const cwd = sourceOf(request, request.cwd);
  const clear = () => means.ledger.close(id);
  try {
    const program = await findProgram(name, cwd, request.env['PATH'] ?? '');
    if (program === undefined) throw new Error('there is no such program');
    await means.ledger.open(id);
    const withParent = setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
    const launched = await launch({
      ...{
        id,
        argv: [...withParent, program, ...args],
        cwd,
        env: request.env,
        channels: 1,
        hasInput: false,
        filter: null,
      },
      ...{ bubblewrap: null, user: null, joins: [], files: null, processes: null, processesInside: null },
    });
    void means.ledger.started(id, { owner: request.owner ?? 'worker', leader: launched.leader });
    return watch(means, { request, launched, cgroup: null }, clear);
  } catch (thrown) {
    await clear();
    throw asNotStarted(request, thrown);
  }
}

interface Opened {
  readonly request: WorkerRequest;
  readonly launched: Launched;
  readonly cgroup: Cgroup | null;
}

function watch(means: BoxMeans, { request, launched, cgroup }: Opened, clear: () => Promise<void>): Box {
  const { child, leader, tree } = launched;
  const pipes = {
    channel: takePipe(child.stdio[CHANNEL_FD]),
    stdout: takePipe(child.stdout),
    stderr: takePipe(child.stderr),
  };
  let tooMuch = false;
  const kill = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    cgroup?.kill();
    tree.kill();
  };
  const isCounted = cgroup !== null && means.cgroups.versions.has('memory');
  const limit = request.memory * MEGABYTE;
  const unwatch = isCounted
    ? () => {}
    : means.treeWatch.add(
        () => [leader.pid],
        { memory: limit, processes: null },
        (_, used) => {
          tooMuch = true;
          means.note('Worker used too much memory', { owner: request.owner, used, limit });
          kill();
        },
      );
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      unwatch();
      const named = signal ?? signalOf(code ?? 0) ?? null;
      const outOfMemory = tooMuch || (cgroup?.ranOutOfMemory() ?? false);
      const exit = { code: named === null ? code : null, signal: named, outOfMemory };
      void tree.settle(0).then(() => {
        resolve(exit);
        return clear().catch((thrown: unknown) =>
          means.note('Failed to clear a box away; the next start does', { reason: messageOf(thrown) }),
        );
      });
    });
  });
  return { child, pipes, cgroup, exited, kill };
}

function asNotStarted(request: WorkerRequest, thrown: unknown): FunadeError {
  if (thrown instanceof FunadeError) return thrown;
  const values = { command: request.argv[0] ?? '', reason: messageOf(thrown) };
  return new FunadeError('FUN_COMMAND_NOT_STARTED', values, { cause: thrown });
}
