import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrokenLinks } from './links.ts';
import { findSnippetFaults } from './snippets.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

const faults: string[] = [];
for await (const path of glob(['*.md', 'docs/**/*.md', 'src/**/*.md', 'examples/*/README.md'], { cwd: repository })) {
  faults.push(...(await findBrokenLinks(repository, path)));
  faults.push(...findSnippetFaults(path, await readFile(join(repository, path), 'utf8')));
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
