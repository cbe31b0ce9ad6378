import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { type MadeEntry, makeZip } from '../../../test/functions/zips.ts';
import { isFunadeError } from '../../kernel/index.ts';
import { ZIP_LIMITS } from './limits.ts';
import { fillFresh, writeNewFile } from './unpacked-tree.ts';
import { unpackZip } from './zip.ts';

const MB = 1024 * 1024;

let root: string;
let target: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-zip-'));
  target = join(root, 'code');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** What it is refused with; nothing may be left behind. */
async function refusal(bytes: Buffer, limits = ZIP_LIMITS) {
  const thrown: unknown = await unpackZip(bytes, target, limits).then(
    () => 'unpacked',
    (error: unknown) => error,
  );
  expect(await readdir(root)).toEqual([]);
  if (!isFunadeError(thrown)) throw new Error('not refused', { cause: thrown });
  expect(thrown.code).toBe('FUN_BAD_REQUEST');
  return { count: thrown.values['count'], faults: thrown.faults };
}

async function refusedFor(entries: readonly MadeEntry[], limits = ZIP_LIMITS): Promise<readonly string[]> {
  const { faults } = await refusal(makeZip(entries), limits);
  return faults.map(({ path, message }) => `${path} ${message}`);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(join(target, path))).mode & 0o7777).toString(8);
}

test.each([{ forceZip64Format: false }, { forceZip64Format: true }])(
  'a zip as common tools make it is unpacked: contents, directories and the executable bit (%o)',
  async (options) => {
    const zip = new ZipFile();
    const large = Buffer.from('line of code\n'.repeat(50_000));
    zip.addBuffer(Buffer.from('exports.handler = 1;'), 'index.js', { mode: 0o100600 });
    zip.addBuffer(Buffer.from('#!/bin/sh'), 'bin/run', { mode: 0o107777, compress: false });
    zip.addBuffer(large, 'lib/deep/é 漢字.txt', { mode: 0o100664 });
    zip.addBuffer(Buffer.alloc(0), 'lib/none');
    zip.addEmptyDirectory('empty', { mode: 0o040700 });
    zip.end({ ...options, comment: '' });
    await unpackZip(await buffer(zip.outputStream), target);
    expect(await readFile(join(target, 'index.js'), 'utf8')).toBe('exports.handler = 1;');
    expect(large.equals(await readFile(join(target, 'lib/deep/é 漢字.txt')))).toBe(true);
    expect(await readFile(join(target, 'lib/none'), 'utf8')).toBe('');
    expect(await readdir(join(target, 'empty'))).toEqual([]);
    const modes = await Promise.all(['', 'index.js', 'bin', 'bin/run', 'lib/deep/é 漢字.txt', 'empty'].map(modeOf));
    expect(modes).toEqual(['755', '644', '755', '755', '644', '755']);
  },
);

test.each([
  ['/etc/passwd', 'its name is an absolute path'],
  ['../outside', 'its name has the part `..`'],
  ['lib/../../outside', 'its name has the part `..`'],
  ['lib/..', 'its name has the part `..`'],
  ['./index.js', 'its name has the part `.`'],
  ['..\\outside', 'its name has a backslash; write `/` between directories'],
  ['C:\\code\\index.js', 'its name has a backslash; write `/` between directories'],
  ['', 'its name is empty'],
  ['/', 'its name is empty'],
  ['lib//index.js', 'its name has an empty part'],
  ['lib//', 'its name has an empty part'],
  ['é'.repeat(128), 'a part of its name has more than 255 bytes'],
  [`${'a/'.repeat(2048)}b`, 'its name has more than 4096 bytes'],
])('the name %j is refused', async (name, reason) => {
  const [fault] = await refusedFor([{ name }]);
  expect(fault?.startsWith(`code.zip:${name.slice(0, 200).replace(/\/$/, '')}`)).toBe(true);
  expect(fault?.endsWith(` ${reason}`)).toBe(true);
});

test('a NUL in a name is refused, and shown so that it can be read', async () => {
  expect(await refusedFor([{ name: 'index.js\0.txt' }])).toEqual([
    'code.zip:index.js\\u0000.txt its name has a NUL character',
  ]);
});

test('a name that is not valid UTF-8 is refused', async () => {
  expect((await refusedFor([{ name: Buffer.from([0x61, 0xff]) }]))[0]).toContain('its name is not valid Unicode');
});

test('the longest part of a name that may be is taken, and a path that the file system does not take is refused', async () => {
  const part = 'p'.repeat(255);
  await unpackZip(makeZip([{ name: `${part}/${part}`, content: 'x' }]), target);
  expect(await readFile(join(target, part, part), 'utf8')).toBe('x');
  await rm(target, { recursive: true });
  const { faults } = await refusal(makeZip([{ name: `${`${part}/`.repeat(15)}${'x'.repeat(250)}` }]));
  expect(faults[0]?.message).toBe('its name is too long for this server');
});

test('a name twice, and a file that is also a directory, are refused whatever their order', async () => {
  expect(await refusedFor([{ name: 'a' }, { name: 'b' }, { name: 'a' }, { name: 'd/' }, { name: 'd/' }])).toEqual([
    'code.zip:a it is there more than once',
    'code.zip:d it is there more than once',
  ]);
  for (const entries of [
    [{ name: 'a' }, { name: 'a/b' }],
    [{ name: 'a/b' }, { name: 'a' }],
    [{ name: 'a' }, { name: 'a/' }],
    [{ name: 'a/b/c' }, { name: 'a' }],
  ]) {
    expect(await refusedFor(entries)).toEqual(['code.zip:a it is a file and a directory at once']);
  }
  await unpackZip(makeZip([{ name: 'a', content: '1' }, { name: 'A', content: '2' }, { name: 'ab' }]), target);
  expect((await readdir(target)).sort()).toEqual(['A', 'a', 'ab']);
});

test.each<[string, Partial<MadeEntry>, string]>([
  ['a link', { mode: 0o120777, content: '/etc/passwd' }, 'it is a link; only files and directories may be in it'],
  ['a character device', { mode: 0o020666 }, 'it is a device; only files and directories may be in it'],
  ['a block device', { mode: 0o060666 }, 'it is a device; only files and directories may be in it'],
  ['a named pipe', { mode: 0o010644 }, 'it is a named pipe; only files and directories may be in it'],
  ['a socket', { mode: 0o140755 }, 'it is a socket; only files and directories may be in it'],
  ['an unknown kind', { mode: 0o170755 }, 'it is neither a file nor a directory'],
  ['an encrypted entry', { flags: 1, data: Buffer.alloc(12) }, 'it is encrypted'],
  ['an unknown compression', { method: 12 }, 'it is compressed with method 12; use 0 (stored) or 8 (deflate)'],
  ['a directory by its mode alone', { mode: 0o040755 }, 'it is a directory, but its name does not end with `/`'],
  ['a directory with content', { name: 'x/', content: 'x' }, 'it is a directory, but has content'],
  ['content past the end', { offset: 5_000 }, 'its content is not in the zip'],
])('%s is refused', async (_, entry, reason) => {
  const [fault] = await refusedFor([
    { name: 'index.js', content: '1' },
    { name: 'x', ...entry },
  ]);
  expect(fault).toBe(`code.zip:${String(entry.name ?? 'x')} ${reason}`);
});

test('all faults of the entries are told at once, the first twenty by name', async () => {
  const entries = Array.from({ length: 30 }, (_, at) => ({ name: `../${at}`, mode: 0o120777 }));
  const { count, faults } = await refusal(makeZip(entries));
  expect(count).toBe(60);
  expect(faults).toHaveLength(20);
  const mixed = await refusedFor([{ name: '/a' }, { name: 'b' }, { name: 'b' }, { name: 'c', mode: 0o120777 }]);
  expect(mixed.map((fault) => fault.split(' ')[0])).toEqual(['code.zip:/a', 'code.zip:b', 'code.zip:c']);
});

describe('limits', () => {
  test('a zip of more than 50 MB is refused unread', async () => {
    const { faults } = await refusal(Buffer.alloc(50 * MB + 1));
    expect(faults).toEqual([{ path: 'code.zip', message: 'the zip has more than 50 MB' }]);
  });

  test('as many entries as the limit says are taken, and one more is refused', async () => {
    const entries = Array.from({ length: 20_001 }, (_, at) => ({ name: `f${at}` }));
    expect(await refusedFor(entries)).toEqual(['code.zip it has more than 20000 entries']);
    expect(await refusedFor(entries.slice(0, 4), { ...ZIP_LIMITS, entries: 3 })).toHaveLength(1);
    await unpackZip(makeZip(entries.slice(0, 3)), target, { ...ZIP_LIMITS, entries: 3 });
    expect(await readdir(target)).toHaveLength(3);
  });

  test('a zip that says 1 and lists 65 537 entries is refused', async () => {
    const entries = Array.from({ length: 65_537 }, (_, at) => ({ name: `f${at}` }));
    expect(await refusedFor(entries)).toEqual([
      "code.zip it can't be read as a zip: its directory has more entries than it says",
    ]);
  });

  test('few names that go through many directories are refused before one is made', async () => {
    const entries = Array.from({ length: 20 }, (_, at) => ({ name: `${at}/${'d/'.repeat(2000)}f` }));
    expect(await refusedFor(entries)).toEqual(['code.zip it has more than 20000 directories']);
  });

  test('a bomb of 50 MB that inflates to 50 GB ends at 250 MB', { timeout: 60_000 }, async () => {
    // Deflate works in blocks that can be repeated: each of these is 10 MB of zeros.
    const block = deflateRawSync(Buffer.alloc(10 * MB), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
    const data = Buffer.concat(Array.from({ length: Math.floor((49.9 * MB) / block.length) }, () => block));
    const { faults } = await refusal(makeZip([{ name: 'zeros', method: 8, data, size: 0xfffffffe }]));
    expect(faults).toEqual([{ path: 'code.zip', message: 'its files have more than 250 MB' }]);
  });

  test('a bomb whose header says that it is small ends there', async () => {
    const data = deflateRawSync(Buffer.alloc(100 * MB));
    for (const size of [0, 1000, MB]) {
      expect(await refusedFor([{ name: 'zeros', method: 8, data, size }])).toEqual([
        `code.zip:zeros its content has more than the ${size} bytes that it says`,
      ]);
    }
  });

  test('the bytes of all files count together, also where many entries share one content', async () => {
    const limits = { ...ZIP_LIMITS, bytes: 10_000 };
    const shared = Array.from({ length: 11 }, (_, at) => ({
      name: `f${at % 10}`,
      content: 'x'.repeat(1000),
      offset: 0,
    }));
    await unpackZip(makeZip(shared.slice(1)), target, limits);
    await rm(target, { recursive: true });
    const all = shared.map((entry, at) => ({ ...entry, name: `f${at}`.padStart(3, 'x') }));
    expect(await refusedFor(all, limits)).toEqual(['code.zip its files have more than 10000 bytes']);
  });
});

test('content with another checksum, with fewer bytes than said, or that does not inflate is refused', async () => {
  const content = Buffer.from('text '.repeat(40_000));
  const short = { name: 'a', content: 'text' };
  expect(await refusedFor([{ ...short, crc: 1 }])).toEqual([
    'code.zip:a its content does not have the checksum that it says',
  ]);
  for (const base of [
    { ...short, method: 8 },
    { name: 'a', content, method: 8 },
  ]) {
    expect((await refusedFor([{ ...base, size: 1_000_000 }]))[0]).toMatch(/has \d+ of the 1000000 bytes that it says$/);
    expect((await refusedFor([{ ...base, data: Buffer.from('\u0007text', 'latin1') }]))[0]).toMatch(
      /can't be inflated/,
    );
    expect(
      (await refusedFor([{ ...base, data: deflateRawSync(content).subarray(0, -9), size: content.length }]))[0],
    ).toMatch(/can't be inflated/);
  }
});

test('an empty zip, a zip without files, a truncated zip and what is no zip are refused', async () => {
  expect(await refusedFor([])).toEqual(['code.zip it has no files']);
  expect(await refusedFor([{ name: 'lib/' }])).toEqual(['code.zip it has no files']);
  const whole = makeZip([{ name: 'index.js', content: 'exports.handler = 1;', method: 8 }]);
  for (let length = 0; length < whole.length; length += 1) {
    const { faults } = await refusal(whole.subarray(0, length));
    expect(faults[0]?.message).toMatch(/^it can't be read as a zip: /);
  }
  await refusal(Buffer.from('export function handler() {}'.repeat(10)));
  await refusal(makeZip([{ name: 'a', flags: 0x41 }])); // strong encryption hides the names, too
});

test('a zip with any of its bytes changed is unpacked inside its directory or refused, and never anything else', async () => {
  const whole = makeZip([
    { name: 'lib/index.js', content: 'exports.handler = 1;'.repeat(20), method: 8 },
    { name: 'run', content: '#!/bin/sh', mode: 0o100755 },
    { name: 'empty/', mode: 0o040755 },
  ]);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      const thrown: unknown = await unpackZip(bytes, target).then(
        () => null,
        (error: unknown) => error,
      );
      expect(await readdir(root)).toEqual(thrown === null ? ['code'] : []);
      if (thrown !== null) expect(thrown).toMatchObject({ code: 'FUN_BAD_REQUEST' });
      await rm(target, { recursive: true, force: true });
    }),
    { numRuns: 300 },
  );
});

test('a directory that is there already stays as it is', async () => {
  await mkdir(target);
  await writeFile(join(target, 'mine'), '');
  await expect(unpackZip(makeZip([{ name: 'index.js' }]), target)).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readdir(target)).toEqual(['mine']);
});

test('names that only the file system takes for the same are refused', async () => {
  const twice = async () => {
    await writeNewFile(join(target, 'a'), false, []);
    await writeNewFile(join(target, 'a'), false, []);
  };
  await expect(fillFresh('code.zip', target, twice)).rejects.toMatchObject({
    code: 'FUN_BAD_REQUEST',
    faults: [{ path: 'code.zip:a', message: 'this server does not tell its name from that of another entry' }],
  });
  expect(await readdir(dirname(target))).toEqual([]);
});
