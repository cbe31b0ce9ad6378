import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** Whatever still holds the process open this long after the command ended is cut off. */
const LINGER_MS = 5000;

// What was compiled once is kept for later starts; where this folder can't be written, each start compiles anew.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'funade'));
const { processTerminal, runCli } = await import('./cli/index.ts');
const { processEnvironment } = await import('./config/index.ts');

process.exitCode = await runCli(process.argv.slice(2), processTerminal(processEnvironment()));
setTimeout(() => process.exit(), LINGER_MS).unref();
