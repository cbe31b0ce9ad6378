import { expect, test } from 'vitest';
import { findRustToolchain } from './find-toolchain.ts';

const SYSROOT = '/home/ada/.rustup/toolchains/stable';
const ABOUT =
  'rustc 1.95.0 (59807616e 2026-04-14)\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n';

/** Programs by what is called; all else is not there. */
function search(programs: Readonly<Record<string, string>>) {
  return findRustToolchain({
    path: '/usr/local/bin:/usr/bin',
    home: '/home/ada',
    run: (argv) => Promise.resolve(programs[argv.join(' ')] ?? null),
  });
}

const RUSTUP = { '/home/ada/.cargo/bin/rustc --print sysroot': `${SYSROOT}\n`, [`${SYSROOT}/bin/rustc -vV`]: ABOUT };
const CC = { '/usr/bin/cc -print-file-name=libc.a': '/usr/lib/x86_64-linux-gnu/libc.a\n' };

test('of a rustup proxy that is not on PATH, the compiler itself is found', async () => {
  expect(await search({ ...RUSTUP, ...CC })).toEqual({
    rustc: `${SYSROOT}/bin/rustc`,
    sysroot: SYSROOT,
    version: '1.95.0',
    host: 'x86_64-unknown-linux-gnu',
    linker: '/usr/bin/cc',
  });
});

test('a compiler on PATH goes before the one in the home directory', async () => {
  const found = await search({
    '/usr/bin/rustc --print sysroot': '/usr\n',
    '/usr/bin/rustc -vV': ABOUT.replaceAll('1.95.0', '1.85.0'),
    ...RUSTUP,
    ...CC,
  });
  expect(found).toMatchObject({ rustc: '/usr/bin/rustc', sysroot: '/usr', version: '1.85.0' });
});

test('without rustc the answer says how to get one', async () => {
  expect(await search(CC)).toEqual({
    missing: 'there is no rustc on PATH or in ~/.cargo/bin',
    fix: expect.stringContaining('rustup'),
  });
});

test('a compiler that is older than the runtime needs is refused', async () => {
  const old = { ...RUSTUP, [`${SYSROOT}/bin/rustc -vV`]: ABOUT.replaceAll('1.95.0', '1.63.0') };
  expect(await search({ ...old, ...CC })).toEqual({
    missing: 'rustc 1.63.0 is older than 1.82',
    fix: expect.stringContaining('rustup update stable'),
  });
});

test('without a C compiler, or with one that has no C library, the answer names the packages', async () => {
  const fix = expect.stringContaining('apt-get install gcc libc6-dev');
  expect(await search(RUSTUP)).toEqual({ missing: expect.stringContaining('no C compiler'), fix });
  expect(await search({ ...RUSTUP, '/usr/bin/gcc -print-file-name=libc.a': 'libc.a\n' })).toEqual({
    missing: '/usr/bin/gcc finds no static C library (libc.a) to link with',
    fix,
  });
});
