import { readFile, stat } from 'node:fs/promises';
import { extname, join, relative, resolve } from 'node:path';
import { type DeployFunctionRequest, RUNTIME_NAMES } from '../../api/contract/index.ts';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import { readFolder, zipFolder } from './fn-folder.ts';
import { type Guess, HANDLERS, type Runtime, guessOf } from './fn-guess.ts';
import { topOfZip } from './fn-zip.ts';

/** Code as it is sent, and what its files say of it. */
export interface ReadCode {
  readonly code: NonNullable<DeployFunctionRequest['code']>;
  /** Used where neither flags nor `--config` say otherwise. */
  readonly guess: Guess;
  /** The place in what was read of a file that the server names; its text, when it can be shown. */
  readonly locate: (file: string) => Promise<{ readonly file: string; readonly text: string | null }>;
}

const MB = 1024 * 1024;
/** What the server takes, and unpacks. */
const ZIP_LIMIT = 50 * MB;
const TREE_LIMIT = 250 * MB;

const RUNTIME_OF_ENDING: ReadonlyMap<string, Runtime> = new Map([
  ['.mjs', 'nodejs'],
  ['.js', 'nodejs'],
  ['.cjs', 'nodejs'],
  ['.py', 'python'],
  ['.rs', 'rust'],
]);
/** What the server calls source that is sent alone. */
const ALONE: Readonly<Partial<Record<Runtime, string>>> = { nodejs: 'index.mjs', python: 'index.py', rust: 'main.rs' };

export interface CodeQuestion {
  /** Of the function, for what is told. */
  readonly name: string;
  /** Folder, file or zip, as it was typed. */
  readonly path: string;
  readonly runtime: string | undefined;
}

/** Reads a folder, a zip or a file with source. Throws a usage error where there is nothing that can be deployed. */
export async function readCode(context: Context, question: CodeQuestion): Promise<ReadCode> {
  const at = resolve(context.terminal.directory, question.path);
  try {
    const found = await stat(at);
    if (found.isDirectory()) return await readTree(context, question, at);
    return extname(at) === '.zip' ? await readZip(context, question, at) : await readSource(context, question, at);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (typeof code !== 'string' || thrown instanceof FunadeError) throw thrown;
    const { path } = question;
    if (code === 'ENOENT') throw refuse(context.text('usage.fnNoPath', { path }));
    throw refuse(context.text('usage.fileUnreadable', { file: path, reason: messageOf(thrown) }));
  }
}

async function readTree(context: Context, { name, path, runtime }: CodeQuestion, root: string): Promise<ReadCode> {
  const { text } = context;
  const { files, faults } = await readFolder(root, text);
  if (faults.length > 0) throw new FunadeError('FUN_FUNCTION_INVALID', { name, count: faults.length }, { faults });
  if (files.length === 0) throw refuse(text('usage.fnEmpty', { path }));
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (size > TREE_LIMIT) {
    throw refuse(text('usage.fnTooLarge', { path, size: megabytes(size), limit: megabytes(TREE_LIMIT) }));
  }
  const zip = await zipFolder(root, files);
  checkZip(context, path, zip.length);
  const guess = guessOf(
    files.map((file) => file.path),
    runtime,
  );
  return { code: { zip: zip.toString('base64') }, guess, locate: (file) => locateIn(path, root, file) };
}

async function readZip(context: Context, { path, runtime }: CodeQuestion, at: string): Promise<ReadCode> {
  checkZip(context, path, (await stat(at)).size);
  const zip = await readFile(at);
  const locate = (file: string) => Promise.resolve({ file: `${path}:${file}`, text: null });
  return { code: { zip: zip.toString('base64') }, guess: guessOf(await topOfZip(zip), runtime), locate };
}

async function readSource(context: Context, { path, runtime: named }: CodeQuestion, at: string): Promise<ReadCode> {
  const ending = extname(at);
  const runtime = RUNTIME_NAMES.find((known) => known === named) ?? RUNTIME_OF_ENDING.get(ending);
  if (named === undefined && runtime === undefined) {
    throw refuse(context.text('usage.fnEnding', { path, known: RUNTIME_NAMES.join(', ') }));
  }
  const source = await readFile(at, 'utf8');
  // The server takes `source` for an ES module; CommonJS has to keep its name.
  const isNamed = runtime === 'nodejs' && (ending === '.js' || ending === '.cjs');
  const alone = isNamed ? `index${ending}` : runtime && ALONE[runtime];
  return {
    code: isNamed ? { files: { [alone ?? '']: source } } : { source },
    guess: {
      signs: [],
      ...(runtime === undefined ? {} : { runtime, handler: HANDLERS[runtime] }),
      ...(alone === undefined ? {} : { alone }),
    },
    locate: () => Promise.resolve({ file: path, text: source }),
  };
}

async function locateIn(path: string, root: string, file: string): ReturnType<ReadCode['locate']> {
  const at = resolve(root, file);
  const isInside = !relative(root, at).startsWith('..');
  const text = isInside ? await readFile(at, 'utf8').catch(() => null) : null;
  return { file: text === null ? file : join(path, file), text };
}

function checkZip(context: Context, path: string, bytes: number): void {
  if (bytes <= ZIP_LIMIT) return;
  const sizes = { size: megabytes(bytes), limit: megabytes(ZIP_LIMIT) };
  throw refuse(context.text('usage.fnZipTooLarge', { path, ...sizes }));
}

function megabytes(bytes: number): string {
  return `${Math.ceil((bytes / MB) * 10) / 10} MB`;
}

function refuse(reason: string): FunadeError {
  return usage(reason, 'funade fn deploy --help');
}
