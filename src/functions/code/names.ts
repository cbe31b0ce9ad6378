import type { CodeFault } from './code-faults.ts';
import { PATH_BYTES, SEGMENT_BYTES, type TreeLimits } from './limits.ts';

/** A file or a directory as the code names it, without a `/` at the end. */
export interface NamedEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

export interface TreePlan {
  /** All directories, parents first. */
  readonly directories: readonly string[];
  readonly faults: readonly CodeFault[];
}

/** What has to be made for these entries, and everything about their names that can't be. */
export function planTree(entries: readonly NamedEntry[], limits: TreeLimits): TreePlan {
  if (entries.length > limits.entries) return refusedPlan(`it has more than ${limits.entries} entries`);
  const faults: CodeFault[] = [];
  const named = { file: new Set<string>(), directory: new Set<string>() };
  const directories = new Set<string>();
  for (const { path, kind } of entries) {
    const message = nameFault(path);
    if (message !== null) faults.push({ entry: path, message });
    else if (named[kind].has(path)) faults.push({ entry: path, message: 'it is there more than once' });
    else {
      named[kind].add(path);
      addDirectories(directories, kind === 'directory' ? path : parentOf(path), limits.entries);
    }
    // A few short names can ask for millions of directories: this ends before they are even listed.
    if (directories.size > limits.entries) return refusedPlan(`it has more than ${limits.entries} directories`);
  }
  for (const path of named.file) {
    if (directories.has(path)) faults.push({ entry: path, message: 'it is a file and a directory at once' });
  }
  if (named.file.size === 0 && faults.length === 0) return refusedPlan('it has no files');
  return { directories: [...directories].sort(), faults };
}

/** Why a path can't be part of a tree, as a sentence about it; null when it can. */
export function nameFault(path: string): string | null {
  if (path === '') return 'its name is empty';
  if (Buffer.byteLength(path) > PATH_BYTES) return `its name has more than ${PATH_BYTES} bytes`;
  if (path.includes('\0')) return 'its name has a NUL character';
  if (path.includes('\u{FFFD}') || !path.isWellFormed()) return 'its name is not valid Unicode';
  if (path.includes('\\')) return 'its name has a backslash; write `/` between directories';
  if (path.startsWith('/')) return 'its name is an absolute path';
  return segmentFault(path.split('/'));
}

function segmentFault(segments: readonly string[]): string | null {
  if (segments.includes('')) return 'its name has an empty part';
  const dots = segments.find((segment) => segment === '.' || segment === '..');
  if (dots !== undefined) return `its name has the part \`${dots}\``;
  const isTooLong = segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_BYTES);
  return isTooLong ? `a part of its name has more than ${SEGMENT_BYTES} bytes` : null;
}

/** Adds a directory and those around it, until one is known or there are more than `limit`. */
function addDirectories(known: Set<string>, innermost: string, limit: number): void {
  for (let path = innermost; path !== '' && known.size <= limit && !known.has(path); path = parentOf(path)) {
    known.add(path);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function refusedPlan(message: string): TreePlan {
  return { directories: [], faults: [{ message }] };
}
