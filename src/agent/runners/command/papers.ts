import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../../../kernel/index.ts';

const FOLDER = '.funade';
/** Bytes of what an agent wrote that are read. */
const LONGEST = 256 * 1024;

/** Files over which Funade and a command-line agent talk, below the agent's home. */
export interface Papers {
  readonly folder: string;
  /** Written by Funade. */
  readonly prompt: string;
  /** Markdown that the agent may write. */
  readonly plan: string;
  readonly summary: string;
}

/**
 * Lays out fresh papers. The agent of an earlier run may have left anything in their place, links that lead out of its home included: it is
 * removed and never followed. Nothing of that run is alive any more.
 */
export async function layOutPapers(home: string, prompt: string): Promise<Papers> {
  const folder = join(home, FOLDER);
  await chmod(home, 0o700);
  await rm(folder, { recursive: true, force: true }).catch(() => rename(folder, join(home, newId('funade')))); // closed directories
  await mkdir(folder, { mode: 0o700 });
  const papers = {
    folder,
    prompt: join(folder, 'prompt.md'),
    plan: join(folder, 'plan.md'),
    summary: join(folder, 'summary.md'),
  };
  await writeFile(papers.prompt, prompt, { flag: 'wx', mode: 0o600 });
  return papers;
}

/** What the agent wrote into one of its papers, trimmed; null when it did not, or when there is something else than a file in its place. */
export async function readPaper({ folder }: Papers, path: string): Promise<string | null> {
  const place = await lstat(folder).catch(() => null);
  if (place?.isDirectory() !== true) return null; // a link would lead the reading out of the home
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK; // a pipe would never answer
  const file = await open(path, flags).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
    const text = buffer.toString('utf8', 0, bytesRead).trim();
    return text === '' ? null : text;
  } finally {
    await file.close();
  }
}
