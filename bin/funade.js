#!/usr/bin/env node
// Plain JavaScript on purpose: it has to run on any Node ≥ 18, and only finds the right one for the program itself.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = 24;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const entry = findEntry();

if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) await import(pathToFileURL(entry).href);
else runWith(findNode());

/** The sources in a checkout; the compiled program where it is installed, since Node strips no types in node_modules. */
function findEntry() {
  const source = join(root, 'src', 'main.ts');
  const installed = root.split(sep).includes('node_modules');
  return !installed && existsSync(source) ? source : join(root, 'dist', 'main.js');
}

/** The Node 24 that npm installed with Funade. */
function findNode() {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(process.platform === 'win32' ? 'node/bin/node.exe' : 'node/bin/node');
  } catch {
    process.stderr.write(
      `funade needs Node ${OLDEST_NODE}; this is ${process.versions.node}, and the one that npm brings along is missing.\n` +
        'Fix: run `npm ci` again (with install scripts allowed), or install Node 24.\n',
    );
    process.exit(2);
  }
}

/** @param {string} node the program to run it with */
function runWith(node) {
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The child decides what a signal means. A terminal sends Ctrl-C to both processes: the child takes the second as the same.
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`Failed to start ${node}: ${error.message}\nFix: run \`npm ci\` again, or install Node 24.\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.exit(128 + (constants.signals[signal] ?? 1));
  });
}
