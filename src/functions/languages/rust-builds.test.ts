import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeArtifact, removeArtifacts, testSandbox } from '../../../test/functions/test-host.ts';
import { systemClock } from '../../kernel/index.ts';
import { createBuildShelf } from './build-shelf.ts';
import { createCompilers } from './compilers.ts';
import { makeKit } from './kit.ts';
import { type Language, PROGRAM } from './language.ts';
import { createLanguages } from './languages.ts';
import { createRustBuilds } from './rust-builds.ts';

const DAY = 86_400_000;
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'funade-rust-builds-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));
afterAll(removeArtifacts);

describe('many different projects at once', () => {
  const TOOLCHAIN = {
    ...{ sysroot: '/opt/rust', version: '1.95.0', host: 'x86_64-unknown-linux-gnu' },
    ...{ linker: '/usr/bin/cc', rustc: '/opt/rust/bin/rustc' },
  };

  /** A sandbox in which every compiler fails a moment later. */
  function startBuilds() {
    const shelf = createBuildShelf(join(home, 'builds'), systemClock);
    const boxes = { now: 0, most: 0, all: 0 };
    const builds = createRustBuilds({
      shelf,
      compilers: createCompilers({ atOnce: 2, waiting: 8, turn: 60_000 }),
      kit: () => Promise.resolve('/kit'),
      isBoxed: () => true,
      toolchain: TOOLCHAIN,
      spawn: async () => {
        boxes.all += 1;
        boxes.most = Math.max(boxes.most, (boxes.now += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        boxes.now -= 1;
        throw new Error('no box today');
      },
    });
    return { builds, boxes };
  }

  test('have as many boxes at once as there may be; those that wait for a turn are bounded, the others told so', async () => {
    const { builds, boxes } = startBuilds();
    const all = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) => builds.cargo(`/code/${index}`, 'refusable')),
    );
    expect(boxes).toEqual({ now: 0, most: 2, all: 10 });
    const reasons = all.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : 'built'));
    expect(reasons.filter((reason) => reason === 'no box today')).toHaveLength(10);
    expect(reasons.filter((reason) => reason.includes('8 compilations wait'))).toHaveLength(50);
    expect(await readdir(join(home, 'builds'))).toEqual([]);
  });

  test('of versions that there are wait, however many', async () => {
    const { builds, boxes } = startBuilds();
    await Promise.allSettled(Array.from({ length: 60 }, (_, index) => builds.cargo(`/code/${index}`, 'patient')));
    expect(boxes).toEqual({ now: 0, most: 2, all: 60 });
  });
});

describe('a program that was not used for 30 days', () => {
  async function startRust() {
    const time = { later: 0 };
    const sandbox = await testSandbox();
    const languages = createLanguages({
      kit: () => makeKit(join(home, 'kits')),
      spawn: sandbox.spawnWorker,
      directory: join(home, 'builds'),
      isBoxed: () => sandbox.isolation().tier !== 'C',
      path: process.env['PATH'] ?? '',
      clock: { now: () => Date.now() + time.later },
    });
    return { languages, time };
  }

  async function mountedProgram(language: Language, program: string): Promise<string> {
    const { mounts } = await language.start({ memory: 128, program });
    return mounts?.find(({ path }) => path === PROGRAM)?.source ?? '';
  }

  test('is removed, and compiled again for the version that starts again', async ({ skip }) => {
    const { languages, time } = await startRust();
    const rust = languages.hosting.get('rust')!;
    if (!(await rust.status()).available) {
      if (process.env['CI'] === 'true') throw new Error('CI needs rustc to test functions in Rust');
      skip('rustc is missing');
    }
    const source = 'fn main() { funade_rt::serve(|_: funade_rt::Value| 1) }\n';
    const directory = await makeArtifact({ 'main.rs': source });
    const code = { directory, handler: 'main.rs', form: 'module' } as const;
    const { program = '' } = await rust.build(code);
    const builds = join(home, 'builds');
    const keys = async () => (await readdir(builds)).filter((name) => name !== 'drafts');

    time.later = 29 * DAY;
    expect(await mountedProgram(rust, program)).toBe(program);
    time.later = 58 * DAY;
    await languages.prune();
    expect(await keys()).toEqual([relative(builds, program).split('/')[0]]); // the library was not needed for longer

    time.later = 60 * DAY;
    await languages.prune();
    expect(await keys()).toEqual([]);

    const again = await mountedProgram(rust, program);
    expect(again).not.toBe(program);
    expect((await stat(again)).mode & 0o555).toBe(0o555);
    expect(await mountedProgram(rust, program)).toBe(again);
  }, 300_000);
});
