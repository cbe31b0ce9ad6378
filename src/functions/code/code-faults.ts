import { FunadeError } from '../../kernel/index.ts';

/** How the code arrived. */
export type CodeOrigin = 'code.zip' | 'code.files';

/** What is wrong with one entry of the code, or without `entry` with all of it. */
export interface CodeFault {
  readonly entry?: string;
  readonly message: string;
}

const LISTED = 20;
const SHOWN = 200;
const UNPRINTABLE = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g;

/** `FUN_BAD_REQUEST` with the number of all faults and the first 20 of them; their path is like `code.zip:lib/index.js`. */
export function badCode(origin: CodeOrigin, faults: readonly CodeFault[]): FunadeError {
  const listed = faults.slice(0, LISTED).map(({ entry, message }) => ({
    message,
    path: entry === undefined ? origin : `${origin}:${printable(entry)}`,
  }));
  return new FunadeError('FUN_BAD_REQUEST', { count: faults.length }, { faults: listed });
}

/** A name from outside as it can stand in a line of text. */
function printable(name: string): string {
  const short = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
  return short
    .toWellFormed()
    .replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
