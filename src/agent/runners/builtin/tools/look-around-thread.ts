import { type Dirent, closeSync, constants, fstatSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Found, Look } from './look-around.ts';

/** Runs in the thread that `look-around.ts` starts. Reads nothing behind links, and no file that is binary or large. */

const LARGEST_FILE = 2 * 1024 * 1024;
const LONGEST_LINE = 300;
const MOST_FILES = 200_000;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

class Enough extends Error {}

function look({ root, path, glob, search, cap }: Look): Found {
  const lines: string[] = [];
  let room = cap;
  let files = 0;
  const pattern = search === null ? null : new RegExp(search.source, search.flags);
  const named = `${path}/${glob}`;

  function print(line: string): void {
    if (room < line.length) throw new Enough();
    lines.push(line);
    room -= line.length + 1;
  }

  function visit(file: string): void {
    files += 1;
    if (files > MOST_FILES) throw new Enough();
    if (pattern === null) {
      print(file);
      return;
    }
    const text = textOf(join(root, file));
    if (text === null) return;
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (pattern.test(line)) print(`${file}:${index + 1}: ${line.slice(0, LONGEST_LINE)}`);
    }
  }

  function walk(directory: string): void {
    for (const entry of entriesOf(join(root, directory))) {
      const file = posix.join(directory, entry.name);
      if (entry.isDirectory() && !isSkipped(entry.name, named)) walk(file);
      if (entry.isFile() && fits(posix.relative(path, file), glob)) visit(file);
    }
  }

  try {
    if (statSync(join(root, path)).isFile()) visit(path);
    else walk(path);
    return { lines, complete: true };
  } catch (thrown) {
    if (thrown instanceof Enough) return { lines, complete: false };
    throw thrown;
  }
}

/** A pattern without a slash is about names, wherever they are. `**` alone is everything, hidden files included. */
function fits(path: string, glob: string): boolean {
  if (glob === '**') return true;
  return posix.matchesGlob(glob.includes('/') ? path : posix.basename(path), glob);
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).toSorted((left, right) => (left.name < right.name ? -1 : 1));
  } catch {
    return []; // can't be read
  }
}

function isSkipped(name: string, named: string): boolean {
  return name.toLowerCase() === '.git' || (name === 'node_modules' && !named.includes('node_modules'));
}

function textOf(file: string): string | null {
  try {
    const handle = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const facts = fstatSync(handle);
      if (!facts.isFile() || facts.size > LARGEST_FILE) return null;
      const bytes = readFileSync(handle);
      return bytes.subarray(0, 8192).includes(0) ? null : bytes.toString('utf8');
    } finally {
      closeSync(handle);
    }
  } catch {
    return null; // gone, or can't be read
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(look(workerData as Look));
