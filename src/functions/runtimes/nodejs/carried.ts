import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes code that came with LOAD because nothing was mounted: the process was started before anybody knew for which function.
 * `files` are contents in base64 by path below `directory`; the host has checked the names.
 */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  const made = new Set<string>();
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, path);
    const parent = dirname(target);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    writeFileSync(target, Buffer.from(content, 'base64'));
  }
}
