import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOMS } from '../lint/house.ts';

/** Files of `src` that are no room of their own but a single file. */
const SINGLE_FILES = new Set(['compose', 'roles', 'main']);

/** What the linter can't see file by file: a folder that is no room, and a room without its door or its description. */
export async function findRoomFaults(source: string): Promise<readonly string[]> {
  const entries = await readdir(source, { withFileTypes: true });
  const faults: string[] = [];
  for (const entry of entries) {
    const name = entry.name.replace(/\.ts$/, '');
    if (!ROOMS.has(name)) faults.push(`src/${entry.name} is no room of tools/lint/house.ts`);
    if (!entry.isDirectory() || SINGLE_FILES.has(name)) continue;
    if (!existsSync(join(source, name, 'index.ts'))) faults.push(`src/${name} has no index.ts: a room has one door`);
    if (!existsSync(join(source, name, 'README.md')))
      faults.push(`src/${name} has no README.md: why it is there, its states`);
  }
  return faults;
}
