import { statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** Endings that a handler's file may have, in the order they are tried (as on AWS Lambda). */
export const HANDLER_ENDINGS = ['.js', '.mjs', '.cjs'] as const;

export type HandlerPlace =
  | { readonly found: true; readonly file: string; readonly exportPath: readonly string[] }
  | { readonly found: false; readonly reason: string };

/** Where `dist/api.handler` is in an artifact: the file, and the name of the export after the first dot of its last part. */
export function findHandler(directory: string, handler: string): HandlerPlace {
  const name = basename(handler);
  const dot = name.indexOf('.');
  if (dot < 1 || dot === name.length - 1) {
    return { found: false, reason: `handler "${handler}" is not of the form file.export` };
  }
  const stem = join(dirname(handler), name.slice(0, dot));
  const root = resolve(directory);
  const inside = relative(root, resolve(root, stem));
  if (inside.startsWith('..') || resolve(root, stem) !== join(root, inside)) {
    return { found: false, reason: `handler "${handler}" is outside the artifact` };
  }
  const file = HANDLER_ENDINGS.map((ending) => join(root, `${inside}${ending}`)).find(isFile);
  if (file === undefined) {
    const tried = HANDLER_ENDINGS.map((ending) => `${inside}${ending}`).join(', ');
    return { found: false, reason: `handler "${handler}" has no file: none of ${tried} is in the artifact` };
  }
  return { found: true, file, exportPath: name.slice(dot + 1).split('.') };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
