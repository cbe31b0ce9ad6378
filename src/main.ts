import { processTerminal, runCli } from './cli/index.ts';
import { processEnvironment } from './config/index.ts';

/** Whatever still holds the process open this long after the command ended is cut off. */
const LINGER_MS = 5000;

process.exitCode = await runCli(process.argv.slice(2), processTerminal(processEnvironment()));
setTimeout(() => process.exit(), LINGER_MS).unref();
