// Usage: node scripts/build.js [folder]; `dist` when none is given.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
cpSync(join(root, 'src'), dist, { recursive: true });
// Only what the sources decide: the same commit builds the same bytes.
writeFileSync(join(dist, 'build-info.json'), `${JSON.stringify({ name, version }, null, 2)}\n`);
writeFileSync(join(dist, 'build-info.js'), `export const buildInfo = { version: ${JSON.stringify(version)} };\n`);
// The artifact is this folder alone, so it has to say by itself that its files are modules.
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ name, version, private: true, type: 'module' }, null, 2)}\n`,
);
console.log(`built ${name} ${version} in ${dist}`);
