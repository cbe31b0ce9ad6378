import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** Why `pkg/mod.fn` (or `pkg.mod.fn`) names no module of an artifact; null when it does. */
export function findPythonModule(directory: string, handler: string): string | null {
  const dot = handler.lastIndexOf('.');
  if (dot < 1 || dot === handler.length - 1) return `handler "${handler}" is not of the form module.function`;
  const path = handler.slice(0, dot).replaceAll('.', '/');
  const root = resolve(directory);
  const inside = relative(root, resolve(root, path));
  if (inside.startsWith('..') || inside === '') return `handler "${handler}" is outside the artifact`;
  const candidates = [`${inside}.py`, `${inside}/__init__.py`];
  if (candidates.some((candidate) => isFile(join(root, candidate)))) return null;
  return `handler "${handler}" has no module: none of ${candidates.join(', ')} is in the artifact`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
