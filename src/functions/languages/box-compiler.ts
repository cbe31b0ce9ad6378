import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import type { Sandbox, WorkerMount } from '../../sandbox/index.ts';

/**
 * A compiler's run in a box like that of a function: outside of it, `include_str!("/etc/shadow")` would put the host's file into the
 * program. What it makes comes back over fd 3, since nothing that it can write outlives it.
 */
export interface Compilation {
  /** Run by `sh -e -c`; has to write the program to `$OUT`. */
  readonly script: string;
  readonly cwd: string;
  readonly mounts: readonly WorkerMount[];
  readonly env: Readonly<Record<string, string>>;
  /** Megabytes, and megabytes of `/tmp`. */
  readonly memory: number;
  readonly temporary: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** File that the program is put into; written as a whole or not at all. */
  readonly target: string;
}

export type Compiled = { readonly kind: 'built' } | { readonly kind: 'failed'; readonly output: string };

const LARGEST_PROGRAM = 250 * 1024 * 1024;
const LARGEST_OUTPUT = 256 * 1024;

export async function compileInBox(
  spawn: Sandbox['spawnWorker'],
  { script, target, timeout, ...rest }: Compilation,
): Promise<Compiled> {
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const worker = await spawn({
    argv: ['/bin/sh', '-e', '-c', `OUT=/tmp/funade-${randomUUID()}; ${script}\ncat "$OUT" >&3; rm -f "$OUT"`],
    ...rest,
    processes: 256,
    files: 4096,
    owner: 'compiler',
  });
  const timer = setTimeout(() => worker.kill(), timeout);
  const draft = `${target}.${process.pid}.draft`;
  try {
    worker.channel.end();
    const output = Promise.all([collect(worker.stdout), collect(worker.stderr)]);
    const written = save(worker.channel, draft);
    const [exit, texts, saved] = await Promise.all([worker.exited, output, written]);
    if (exit.outOfMemory) return { kind: 'failed', output: `the compiler needs more than ${rest.memory} MB of memory` };
    if (exit.signal === 'SIGKILL')
      return { kind: 'failed', output: `the compiler did not end within ${timeout / 1000} s` };
    if (exit.code !== 0) return { kind: 'failed', output: texts.join('\n') };
    if (saved !== null) throw new FunadeError('FUN_COMMAND_NOT_STARTED', { command: 'compiler', reason: saved });
    await chmod(draft, 0o755);
    await rename(draft, target);
    return { kind: 'built' };
  } finally {
    clearTimeout(timer);
    await rm(draft, { force: true });
  }
}

/** Why it could not be written; null when it was. */
async function save(channel: Readable, file: string): Promise<string | null> {
  let bytes = 0;
  try {
    await pipeline(
      channel,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > LARGEST_PROGRAM) throw new Error('the program has more than 250 MB');
          yield chunk;
        }
      },
      createWriteStream(file),
    );
    return bytes === 0 ? 'the compiler wrote no program' : null;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

async function collect(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < LARGEST_OUTPUT) text += String(chunk);
  return text;
}
