import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** A process that a reused pid can't be mistaken for. */
export interface Seen {
  readonly pid: number;
  /** Start time in clock ticks since boot. */
  readonly ticks: string;
  readonly command: string;
}

/** Every descendant of a process as it is now. */
export function descendantsOf(pid: number): readonly Seen[] {
  return childrenOf(pid).flatMap((child) => {
    const seen = see(child);
    return [...(seen === null ? [] : [seen]), ...descendantsOf(child)];
  });
}

/** Whether that very process still runs; a zombie does not. */
export function isRunning({ pid, ticks }: Seen): boolean {
  const fields = statFields(pid);
  return fields !== null && fields[19] === ticks && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** Processes (this one apart) whose arguments, working directory or environment name one of the texts. */
export function processesNaming(texts: readonly string[]): readonly Seen[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0 && pid !== process.pid)
    .filter((pid) => texts.some((text) => tracesOf(pid).includes(text)))
    .map(see)
    .filter((seen) => seen !== null)
    .filter(isRunning);
}

function tracesOf(pid: number): string {
  const cwd = quietly(() => readlinkSync(`/proc/${pid}/cwd`));
  return [read(pid, 'cmdline'), read(pid, 'environ'), cwd].join('\0');
}

function see(pid: number): Seen | null {
  const ticks = statFields(pid)?.[19];
  if (ticks === undefined) return null;
  return { pid, ticks, command: read(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 300) };
}

function childrenOf(pid: number): readonly number[] {
  const tasks = quietly(() => readdirSync(`/proc/${pid}/task`).join(' '));
  return tasks
    .split(' ')
    .filter(Boolean)
    .flatMap((task) => read(pid, `task/${task}/children`).split(' ').filter(Boolean).map(Number));
}

/** Fields of /proc/<pid>/stat from the state (0) on; 19 is the start time. */
function statFields(pid: number): readonly string[] | null {
  const stat = read(pid, 'stat');
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(pid: number, file: string): string {
  return quietly(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
}

/** What is gone, or another user's, tells nothing. */
function quietly(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
