import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, sleep } from '../../kernel/index.ts';
import { type ProcessIdentity, isRunning } from '../boxes/processes.ts';
import {
  type CgroupVersion,
  type Controller,
  type Place,
  type Sources,
  findPlaces,
  readOr,
  readSources,
} from './hierarchies.ts';

export interface CgroupLimits {
  /** Bytes; null: none. */
  readonly memory: number | null;
  /** Processes and threads; null: none. */
  readonly processes: number | null;
}

/** One box in the control groups of this machine. */
export interface Cgroup {
  /** Files that a process writes `0` to before it becomes the box. */
  readonly joins: readonly string[];
  /** The file that freezes, and what is written to it; null where boxes can't be frozen. */
  readonly freezer: Freezer | null;
  /** The file that lists the processes inside; null without any group. */
  readonly members: string | null;
  /** Whether the kernel has killed a process of it for its memory. */
  ranOutOfMemory(): boolean;
  /** Kills all processes inside at once; false where the kernel can't. Thaws what is frozen. */
  kill(): boolean;
  /** Removes it once it is empty; gives up after two seconds and leaves it to the next start. */
  remove(): Promise<void>;
}

export interface Freezer {
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
}

export interface Cgroups {
  /** Version by controller, of those that really work here. */
  readonly versions: ReadonlyMap<Controller, CgroupVersion>;
  /** Why a controller does not work here. */
  readonly reasons: ReadonlyMap<Controller, string>;
  /** Throws when the kernel refuses. */
  create(id: string, limits: CgroupLimits): Cgroup;
  /** Ends and removes the boxes of servers that are gone; resolves with the number of processes ended. */
  reap(): Promise<number>;
}

const PREFIX = 'funade';
const FOLDER = /^funade\.(\d+)\.(\d*)\./;
/** A box gets half the processor time of a process, or group, with the default weight: the server, and commands, go first. */
const CPU_SHARES = { 1: '512', 2: '50' } as const;
const REMOVE_ROUNDS = 200;

/**
 * Control groups of the server `owner`, below this process's own ones. Each box is a group of its own there: a group around all of
 * them would give them the processor time of one process together. Never throws: what does not work is told.
 */
export function openCgroups(owner: ProcessIdentity, sources: Sources = readSources()): Cgroups {
  const prefix = `${PREFIX}.${owner.pid}.${owner.ticks ?? ''}.`;
  const bases = new Map<Controller, Placed>();
  const reasons = new Map<Controller, string>();
  for (const [controller, place] of findPlaces(sources)) {
    try {
      bases.set(controller, { version: place.version, directory: claim(place, controller, `${prefix}probe`) });
    } catch (thrown) {
      reasons.set(controller, messageOf(thrown));
    }
  }

  function directoryOf(controller: Controller, id: string): Placed | undefined {
    const base = bases.get(controller);
    return base && { version: base.version, directory: join(base.directory, `${prefix}${id}`) };
  }

  function create(id: string, limits: CgroupLimits): Cgroup {
    const directories = [...new Set([...bases.values()].map(({ directory }) => join(directory, `${prefix}${id}`)))];
    for (const directory of directories) mkdirSync(directory);
    const memory = directoryOf('memory', id);
    if (memory !== undefined && limits.memory !== null) limitMemory(memory, limits.memory);
    const pids = directoryOf('pids', id);
    if (pids !== undefined && limits.processes !== null) write(pids.directory, 'pids.max', String(limits.processes));
    const cpu = directoryOf('cpu', id);
    if (cpu !== undefined) weigh(cpu, CPU_SHARES);
    const freezer = directoryOf('freezer', id);
    return groupOf(directories, memory, freezer);
  }

  return {
    versions: new Map([...bases].map(([controller, { version }]) => [controller, version])),
    reasons,
    create,
    reap: async () => {
      let ended = 0;
      for (const directory of new Set([...bases.values()].map((base) => base.directory)))
        ended += await reapIn(directory);
      return ended;
    },
  };
}

interface Placed {
  readonly version: CgroupVersion;
  readonly directory: string;
}

function groupOf(directories: readonly string[], memory: Placed | undefined, freezing: Placed | undefined): Cgroup {
  const freezer = freezing === undefined ? null : freezerOf(freezing);
  const [first] = directories;
  return {
    joins: directories.map((directory) => join(directory, 'cgroup.procs')),
    freezer,
    members: first === undefined ? null : join(first, 'cgroup.procs'),
    ranOutOfMemory: () => memory !== undefined && killsIn(memory) > 0,
    kill: () => {
      if (freezer !== null) tryTo(() => writeFileSync(freezer.file, freezer.thawed)); // version 1: a frozen process does not die
      if (freezing?.version !== 2) return false;
      return tryTo(() => write(freezing.directory, 'cgroup.kill', '1'));
    },
    remove: async () => {
      for (const directory of directories) await removeWhenEmpty(directory);
    },
  };
}

function freezerOf({ version, directory }: Placed): Freezer {
  return version === 2
    ? { file: join(directory, 'cgroup.freeze'), frozen: '1', thawed: '0' }
    : { file: join(directory, 'freezer.state'), frozen: 'FROZEN', thawed: 'THAWED' };
}

/**
 * Where boxes have their groups for a controller, once it is proven that limits can be set in one. In version 2 a group with
 * processes can't have controlled children: then the one at the top of the mount is taken.
 */
function claim(place: Place, controller: Controller, probe: string): string {
  if (place.version === 1) {
    prove(place, controller, join(place.own, probe));
    return place.own;
  }
  let refused: unknown;
  for (const base of new Set([place.own, place.mount])) {
    try {
      if (controller !== 'freezer') write(base, 'cgroup.subtree_control', `+${controller}`);
      prove(place, controller, join(base, probe));
      return base;
    } catch (thrown) {
      refused = thrown;
    }
  }
  throw refused;
}

function prove({ version }: Place, controller: Controller, probe: string): void {
  mkdirSync(probe, { recursive: true });
  try {
    if (controller === 'memory') limitMemory({ version, directory: probe }, 64 * 1024 * 1024);
    if (controller === 'pids') write(probe, 'pids.max', '64');
    if (controller === 'cpu') weigh({ version, directory: probe }, CPU_SHARES);
    if (controller === 'freezer') readFileSync(freezerOf({ version, directory: probe }).file, 'utf8');
  } finally {
    rmdirSync(probe);
  }
}

function weigh({ version, directory }: Placed, shares: Readonly<Record<CgroupVersion, string>>): void {
  write(directory, version === 2 ? 'cpu.weight' : 'cpu.shares', shares[version]);
}

function limitMemory({ version, directory }: Placed, bytes: number): void {
  if (version === 2) {
    write(directory, 'memory.max', String(bytes));
    tryTo(() => write(directory, 'memory.swap.max', '0')); // not there without swap
    tryTo(() => write(directory, 'memory.oom.group', '1'));
    return;
  }
  write(directory, 'memory.limit_in_bytes', String(bytes));
  tryTo(() => write(directory, 'memory.memsw.limit_in_bytes', String(bytes)));
}

function killsIn({ version, directory }: Placed): number {
  const text = readOr(join(directory, version === 2 ? 'memory.events' : 'memory.oom_control'), '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function reapIn(base: string): Promise<number> {
  let ended = 0;
  for (const name of namesIn(base)) {
    const [, pid, ticks = ''] = FOLDER.exec(name) ?? [];
    if (pid === undefined || isRunning({ pid: Number(pid), ticks: ticks === '' ? null : ticks })) continue;
    ended += await endAll(join(base, name));
  }
  return ended;
}

async function endAll(directory: string): Promise<number> {
  const members = membersIn(join(directory, 'cgroup.procs'));
  tryTo(() => write(directory, 'freezer.state', 'THAWED'));
  tryTo(() => write(directory, 'cgroup.freeze', '0'));
  if (!tryTo(() => write(directory, 'cgroup.kill', '1'))) {
    for (const pid of members) tryTo(() => process.kill(pid, 'SIGKILL'));
  }
  await removeWhenEmpty(directory);
  return members.length;
}

/** Processes (not threads) in a group; empty when it is gone. */
export function membersIn(file: string): readonly number[] {
  return readOr(file, '').split('\n').filter(Boolean).map(Number);
}

function namesIn(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // removed meanwhile
  }
}

/** The kernel empties a group some time after its last process has ended. */
async function removeWhenEmpty(directory: string): Promise<void> {
  for (let round = 0; round < REMOVE_ROUNDS; round += 1) {
    try {
      rmdirSync(directory);
      return;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY') throw thrown;
    }
    await sleep(round < 20 ? 1 : 10);
  }
}

function write(directory: string, file: string, value: string): void {
  writeFileSync(join(directory, file), value);
}

/** Runs what is not there on every kernel; whether it worked. */
function tryTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
