import { closeSync, readFileSync, readdirSync } from 'node:fs';

const FIRST = 4; // 0 to 2, and the IPC channel
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes descriptors that this process was started with by accident (a shell's or a service manager's, not marked to be closed):
 * every box would inherit them. To be called before anything else opens files.
 */
export function closeInherited(): void {
  for (const name of namesOf('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor < FIRST) continue;
    try {
      const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1] ?? '0';
      if ((Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(descriptor);
    } catch {
      // The descriptor of the listing itself, which is closed already.
    }
  }
}

function namesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no /proc
  }
}
