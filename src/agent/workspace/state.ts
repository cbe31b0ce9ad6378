import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is known of a task's checkout over processes; a file beside the tree, out of the agent's reach. */
export interface WorkState {
  readonly mirror: string;
  readonly base: { readonly branch: string; readonly sha: string };
  readonly branch: string;
  /** What the remote had when the two were last the same. Commits after it are ours. */
  readonly start: string;
  /** Newest commit of the work; what the index of the tree goes on from. */
  readonly head: string;
}

const FILE = 'state.json';

/** Undefined where there is none, or it was never whole. */
export async function readState(folder: string): Promise<WorkState | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, FILE), 'utf8')) as WorkState;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT' || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

export async function writeState(folder: string, state: WorkState): Promise<void> {
  const partial = join(folder, `${FILE}.partial`);
  await writeFile(partial, JSON.stringify(state));
  await rename(partial, join(folder, FILE));
}

export function forgetState(folder: string): Promise<void> {
  return rm(join(folder, FILE), { force: true });
}
