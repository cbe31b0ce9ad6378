import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Asker, openAsker } from '../connection.ts';
import { withFolder } from '../folder.ts';
import type { Figure } from '../report.ts';
import { median, medianRatio } from '../statistics.ts';
import { type Bench, SECTION, available } from './bench.ts';
import type { Platform } from './platform.ts';
import { ECHOES, unique } from './sources.ts';
import { findRustc } from './toolchain.ts';

const run = promisify(execFile);
const COMPILES_PER_ROUND = 3;

/** Publishing a source in Rust that was never seen before, in turns with the compiler by hand. */
export async function measureCompile({ platform, rounds }: Bench): Promise<readonly Figure[]> {
  if (available(platform, [ECHOES.rust]).length === 0) return [];
  const rustc = await findRustc();
  const asker = await openAsker(platform.server.port);
  try {
    return await withFolder(async (folder) => {
      const pairs: { subject: number; peer: number }[] = [];
      const first = await publish(platform, asker, 'the first one compiles the library too');
      await compileHello(rustc, folder);
      for (let round = 0; round < rounds; round += 1) {
        const subject: number[] = [];
        const peer: number[] = [];
        for (let count = 0; count < COMPILES_PER_ROUND; count += 1) {
          subject.push(await publish(platform, asker, `${round}.${count}`));
          peer.push(await compileHello(rustc, folder));
        }
        pairs.push({ subject: median(subject), peer: median(peer) });
      }
      return [
        {
          ...{ section: SECTION, name: 'publish of a new Rust source', unit: 'ms' },
          rounds: pairs.map(({ subject }) => subject),
          peer: { name: 'rustc, hello world', rounds: pairs.map((pair) => pair.peer) },
          ratio: medianRatio(pairs),
          target: { limit: 300, kind: 'at_most' },
          note: `the very first, with the runtime's library, took ${first.toFixed(0)} ms`,
        },
      ];
    });
  } finally {
    asker.close();
  }
}

async function publish(platform: Platform, asker: Asker, mark: string): Promise<number> {
  const { status, took } = await asker.ask(platform.publishRequest('compile', unique(ECHOES.rust, mark)));
  if (status !== 201) throw new Error(`publishing a source in Rust was answered ${status}`);
  return took;
}

async function compileHello(rustc: string, folder: string): Promise<number> {
  const file = join(folder, 'hello.rs');
  await writeFile(file, `fn main() {\n    println!("hello");\n}\n`);
  const begun = performance.now();
  await run(rustc, [file, '-o', join(folder, 'hello')]);
  return performance.now() - begun;
}
