import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = ['src', 'test', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name)),
);
const broken = files.filter(
  (file) => spawnSync(process.execPath, ['--check', file], { cwd: root, stdio: 'inherit' }).status !== 0,
);
console.log(`checked ${files.length} files, ${broken.length} with errors`);
process.exitCode = broken.length === 0 ? 0 : 1;
