import type { Launched } from '../boxes/launch.ts';
import { findMarked } from '../boxes/processes.ts';
import type { TreeWatch } from '../boxes/tree-watch.ts';
import type { Cgroup, Cgroups } from '../cgroups/cgroups.ts';
import type { Detected } from '../isolation/detect.ts';
import type { CommandRequest } from '../port.ts';

const DEFAULT_PROCESSES = 4096;
/** bubblewrap itself, outside and inside, and some that have ended but are not reaped. */
const SANDBOX_PROCESSES = 8;
const MEGABYTE = 1024 * 1024;
/** Between two looks at whether the kernel has killed a process for its memory: the rest of the command may go on. */
const KILLS_EVERY = 200;
/** Between two searches for processes that left the tree of a plain command. */
const STRAYS_EVERY = 1000;

export interface Limiting {
  readonly isolation: Detected;
  readonly cgroups: Cgroups;
  readonly treeWatch: TreeWatch;
}

/** Null where there are no control groups. */
export function groupFor({ isolation, cgroups }: Limiting, id: string, request: CommandRequest): Cgroup | null {
  if (!isolation.grouped) return null;
  return cgroups.create(id, { memory: memoryOf(request), processes: processesOf(request) });
}

/** Processes that the user namespace of the box may have; null where something else counts them, or there is no such namespace. */
export function processesInside(limiting: Limiting, cgroup: Cgroup | null, request: CommandRequest): number | null {
  if (limiting.isolation.bubblewrap === null || isCounted(limiting, cgroup, 'pids')) return null;
  return processesOf(request);
}

/** Bytes of shared memory: a quarter of what it may use, since a tree of processes is not seen to use it. */
export function sharedMemoryOf(request: CommandRequest): number | null {
  const memory = memoryOf(request);
  return memory === null ? null : Math.floor(memory / 4);
}

export interface Watching {
  readonly id: string;
  readonly request: CommandRequest;
  readonly launched: Launched;
  readonly cgroup: Cgroup | null;
}

/** Looks after what the kernel does not end by itself; returns what ends that. */
export function watchLimits(
  limiting: Limiting,
  { id, request, launched, cgroup }: Watching,
  exceeded: (what: 'memory' | 'processes') => void,
): () => void {
  const limit = memoryOf(request);
  const memory = isCounted(limiting, cgroup, 'memory') ? null : limit;
  // A limit of the user namespace does not hold for root, and plain processes have none.
  const processes = isCounted(limiting, cgroup, 'pids') ? null : processesOf(request) + SANDBOX_PROCESSES;
  const ends: (() => void)[] = [];
  if (memory !== null || processes !== null) {
    const roots =
      limiting.isolation.bubblewrap === null ? withStrays(launched.leader.pid, id) : () => [launched.leader.pid];
    ends.push(limiting.treeWatch.add(roots, { memory, processes }, exceeded));
  }
  if (cgroup !== null && memory === null && limit !== null) {
    const timer = setInterval(() => {
      if (!cgroup.ranOutOfMemory()) return;
      clearInterval(timer);
      exceeded('memory');
    }, KILLS_EVERY).unref();
    ends.push(() => clearInterval(timer));
  }
  return () => {
    for (const end of ends) end();
  };
}

function isCounted({ cgroups }: Limiting, cgroup: Cgroup | null, controller: 'memory' | 'pids'): boolean {
  return cgroup !== null && cgroups.versions.has(controller);
}

/** The first process, and those whose parent ended before them; found by the marker, which takes longer than a look at a tree. */
function withStrays(leader: number, id: string): () => readonly number[] {
  let found: readonly number[] = [];
  let searchedAt = performance.now();
  return () => {
    if (performance.now() - searchedAt > STRAYS_EVERY) {
      found = findMarked(id);
      searchedAt = performance.now();
    }
    return [leader, ...found];
  };
}

function memoryOf({ memory }: CommandRequest): number | null {
  return memory === undefined ? null : memory * MEGABYTE;
}

function processesOf({ processes }: CommandRequest): number {
  return processes ?? DEFAULT_PROCESSES;
}
