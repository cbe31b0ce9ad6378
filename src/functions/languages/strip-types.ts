/** Writes TypeScript files without their types: `strip-types.ts <from> <to> <file>…`. A process of its own, see `kit.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const [from = '', to = '', ...files] = process.argv.slice(2);
for (const file of files) {
  const code = stripTypeScriptTypes(readFileSync(join(from, file), 'utf8'));
  const renamed = code.replaceAll(/(from\s+|import\s*\(?\s*)'(\.{1,2}\/[^']+)\.ts'/g, "$1'$2.js'");
  writeFileSync(join(to, file.replace(/\.ts$/, '.js')), renamed);
}
