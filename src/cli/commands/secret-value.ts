import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';

/** What the server takes. A body that is far larger breaks the connection before it can say so. */
const LARGEST = 64 * 1024;

interface Wanted {
  /** What a person is asked for. */
  readonly name: string;
  readonly file: string | undefined;
  /** The command that gives it without a question. */
  readonly again: string;
  readonly help: string;
}

/**
 * The value of a secret: of a file as it is, from a person who does not see it, or from standard input without the newline
 * that ends it. Never from the arguments, which every program of the machine can read. Null when the person broke it off.
 */
export async function readSecretValue(context: Context, wanted: Wanted): Promise<string | null> {
  const value = await valueFrom(context, wanted);
  const { help } = wanted;
  if (value === '') throw usage(context.text('usage.secretEmpty'), help);
  if (value !== null && Buffer.byteLength(value) > LARGEST) throw usage(context.text('usage.secretTooLarge'), help);
  return value;
}

async function valueFrom(context: Context, { name, file, again, help }: Wanted): Promise<string | null> {
  if (file !== undefined) return textOf(context, await contentOf(context, file, help), help);
  if (context.interactive) return askHidden(context, context.text('ask.secretValue', { name }));
  if (context.terminal.stdin.isTTY === true) {
    throw new FunadeError('FUN_SECRET_VALUE_NEEDED', { name }, { next: [{ command: again }] });
  }
  const pieces: Buffer[] = [];
  for await (const piece of context.terminal.stdin) pieces.push(Buffer.from(piece as Uint8Array));
  return textOf(context, Buffer.concat(pieces), help).replace(/\r?\n$/u, '');
}

async function contentOf(context: Context, file: string, help: string): Promise<Buffer> {
  try {
    return await readFile(resolve(context.terminal.directory, file));
  } catch (thrown) {
    throw usage(context.text('usage.fileUnreadable', { file, reason: messageOf(thrown) }), help);
  }
}

function textOf(context: Context, bytes: Buffer, help: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(context.text('usage.secretNotText'), help);
  }
}

/** One line, with everything that would be echoed thrown away; null after Ctrl-C. */
async function askHidden(context: Context, prompt: string): Promise<string | null> {
  const { stdin, stderr } = context.terminal;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // As the editor of its line, readline takes the echo away from the terminal.
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  stderr.write(prompt);
  try {
    return await new Promise<string | null>((settle) => {
      lines.once('line', settle);
      lines.once('SIGINT', () => settle(null));
      lines.once('close', () => settle(''));
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
