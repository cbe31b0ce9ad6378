import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';

const HELP = 'funade secret set --help';
/** What the server takes. A body that is far larger breaks the connection before it can say so. */
const LARGEST = 64 * 1024;

interface Wanted {
  readonly app: string;
  readonly name: string;
  readonly file: string | undefined;
}

/**
 * The value of a secret: of a file as it is, from a person who does not see it, or from standard input without the newline
 * that ends it. Never from the arguments, which every program of the machine can read. Null when the person broke it off.
 */
export async function readSecretValue(context: Context, wanted: Wanted): Promise<string | null> {
  const value = await valueFrom(context, wanted);
  if (value === '') throw usage(context.text('usage.secretEmpty'), HELP);
  if (value !== null && Buffer.byteLength(value) > LARGEST) throw usage(context.text('usage.secretTooLarge'), HELP);
  return value;
}

async function valueFrom(context: Context, { app, name, file }: Wanted): Promise<string | null> {
  if (file !== undefined) return textOf(context, await contentOf(context, file));
  if (context.interactive) return askHidden(context, context.text('ask.secretValue', { name }));
  if (context.terminal.stdin.isTTY === true) {
    const next = [{ command: `funade secret set ${app} ${name} --from-file <file>` }];
    throw new FunadeError('FUN_SECRET_VALUE_NEEDED', { name }, { next });
  }
  const pieces: Buffer[] = [];
  for await (const piece of context.terminal.stdin) pieces.push(Buffer.from(piece as Uint8Array));
  return textOf(context, Buffer.concat(pieces)).replace(/\r?\n$/u, '');
}

async function contentOf(context: Context, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(context.terminal.directory, file));
  } catch (thrown) {
    throw usage(context.text('usage.fileUnreadable', { file, reason: messageOf(thrown) }), HELP);
  }
}

function textOf(context: Context, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(context.text('usage.secretNotText'), HELP);
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
