import { readFile, readdir } from 'node:fs/promises';

/** Pids of a process and of everything that it started, as far as they still run. */
export async function familyOf(pid: number): Promise<readonly number[]> {
  const families = await Promise.all((await childrenOf(pid)).map(familyOf));
  return [pid, ...families.flat()];
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

/** Pid of the PostgreSQL whose command line names this data directory's cluster. */
export async function postmasterOf(dataDir: string): Promise<number | undefined> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid));
  for (const pid of pids) {
    const [program, ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (program?.endsWith('/postgres') === true && args.some((arg) => arg.startsWith(dataDir))) return pid;
  }
  return undefined;
}

/** Megabytes of memory that a process accounts for: its own pages and its share of those that it shares. */
export async function proportionalMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1024;
}

/** Megabytes of memory that a process had at most so far, shared pages included. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined) throw new Error(`the system does not tell how much memory process ${pid} had`);
  return Number(peak) / 1024;
}

/** Processor time in milliseconds that processes have used so far. */
export async function processorTime(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * 10;
}

/** Processes of each box that the server has open: one list for each child of its spawner. */
export async function boxesOf(server: number): Promise<readonly (readonly number[])[]> {
  const [spawner] = await Promise.all((await childrenOf(server)).map(asSpawner)).then((found) => found.flat());
  if (spawner === undefined) return [];
  return Promise.all((await childrenOf(spawner)).map(familyOf));
}

async function asSpawner(pid: number): Promise<readonly number[]> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return /\/spawner\.[jt]s\0/.test(command) ? [pid] : [];
}
