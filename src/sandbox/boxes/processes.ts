import { readFileSync, readdirSync } from 'node:fs';
import { sleep } from '../../kernel/index.ts';

/** Set in every process of the sandbox: the only trace of a grandchild that left its process group and session. */
export const MARKER = 'FUNADE_SANDBOX_ID';

/** A process that a reused pid can't be mistaken for. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot; null where the system has no /proc. */
  readonly ticks: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, ticks: statFields(pid)?.[19] ?? null };
}

/** Whether that very process still runs; a zombie does not. Without start ticks nothing is claimed to run. */
export function isRunning(identity: ProcessIdentity): boolean {
  const fields = statFields(identity.pid);
  if (fields === undefined || identity.ticks === null) return false;
  return fields[19] === identity.ticks && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** The process group that a process is in now. */
export function groupOf(pid: number): number | undefined {
  const group = statFields(pid)?.[2];
  return group === undefined ? undefined : Number(group);
}

/** Fields of /proc/<pid>/stat from the state (0) on; 2 is the process group, 19 the start time. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // gone, or no /proc
  }
}

export function listProcesses(): readonly number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid));
  } catch {
    return []; // no /proc
  }
}

/** Processes whose environment carries the marker `id`. */
export function findMarked(id: string): readonly number[] {
  const wanted = Buffer.from(`${MARKER}=${id}\0`);
  return listProcesses().filter((pid) => pid !== process.pid && readEnvironment(pid).includes(wanted));
}

function readEnvironment(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0); // gone, a kernel thread, or another user's
  }
}

/** Children of all its threads: each thread has its own in `/proc`. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // gone
  }
}

/** Bytes of memory of its own and shared memory; file pages that processes share do not count. */
export function ownMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    let kilobytes = 0;
    for (const [, amount] of status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)) kilobytes += Number(amount);
    return kilobytes * 1024;
  } catch {
    return 0;
  }
}

/** Sends a signal to a process, or with a negative number to a group; false when there is none. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false; // EPERM: macOS says it of a group of zombies
    throw thrown;
  }
}

/** Kills the processes that carry the marker until none is left; each round finds what forked meanwhile. */
export async function killMarked(id: string): Promise<ReadonlySet<number>> {
  const killed = new Set<number>();
  for (let round = 0; round < 200; round += 1) {
    const found = findMarked(id);
    if (found.length === 0) break;
    for (const pid of found) {
      if (send(pid, 'SIGKILL')) killed.add(pid);
    }
    await sleep(10);
  }
  return killed;
}

/** Waits until a process is gone, about `patience` milliseconds at most. */
export async function untilGone(identity: ProcessIdentity, patience: number): Promise<boolean> {
  for (let waited = 0; waited < patience && isRunning(identity);) {
    const pause = waited < 10 ? 1 : 10;
    await sleep(pause);
    waited += pause;
  }
  return !isRunning(identity);
}
