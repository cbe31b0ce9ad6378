import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** A folder becomes an absolute path, since the server has a working directory of its own; a git URL stays. */
export function sourceOf(source: string, directory: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//iu.test(source) || /^[^/\s]+@[^/\s]+:/u.test(source);
  if (isUrl) return source;
  const path = resolve(directory, source);
  return existsSync(path) || /^[./~]/u.test(source) ? path : source;
}
