import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FilterProfile, compileFilter } from './filter.ts';
import type { Architecture } from './syscalls.ts';

/** Files with the compiled filters: bubblewrap reads one from a descriptor that must be opened anew for every box. */
export type Filters = Readonly<Record<FilterProfile, string>>;

export function writeFilters(directory: string, architecture: Architecture): Filters {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const write = (profile: FilterProfile) => {
    const file = join(directory, `seccomp-${profile}.bpf`);
    writeFileSync(file, compileFilter(profile, architecture), { mode: 0o600 });
    return file;
  };
  return { worker: write('worker'), command: write('command') };
}
