import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFunadeError } from '../../kernel/index.ts';
import { writeInline } from './inline.ts';
import { INLINE_LIMITS } from './limits.ts';

const MB = 1024 * 1024;

let root: string;
let target: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-inline-'));
  target = join(root, 'code');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function refusedFor(files: Readonly<Record<string, string>>, limits = INLINE_LIMITS) {
  const thrown: unknown = await writeInline(files, target, limits).then(
    () => 'written',
    (error: unknown) => error,
  );
  expect(await readdir(root)).toEqual([]);
  if (!isFunadeError(thrown)) throw new Error('not refused', { cause: thrown });
  expect(thrown).toMatchObject({ code: 'FUN_BAD_REQUEST', values: { count: thrown.faults.length } });
  return thrown.faults.map(({ path, message }) => `${path} ${message}`);
}

test('files are written as UTF-8, in their directories, not executable', async () => {
  await writeInline(
    { 'index.js': 'exports.handler = "漢字";', 'lib/deep/none.txt': '', ['__proto__']: 'a name like others' },
    target,
  );
  expect(await readFile(join(target, 'index.js'), 'utf8')).toBe('exports.handler = "漢字";');
  expect(await readFile(join(target, 'lib/deep/none.txt'), 'utf8')).toBe('');
  expect(await readFile(join(target, '__proto__'), 'utf8')).toBe('a name like others');
  const modes = await Promise.all(
    ['', 'index.js', 'lib'].map(async (path) => ((await stat(join(target, path))).mode & 0o7777).toString(8)),
  );
  expect(modes).toEqual(['755', '644', '755']);
});

test('all faults of names and contents are told at once', async () => {
  const files = { '/etc/passwd': '', '../up': '', 'lib/': '', lib: '', 'lib/a': '\uD800', 'b\\c': '', '\uD800': '' };
  expect(await refusedFor(files)).toEqual([
    'code.files:/etc/passwd its name is an absolute path',
    'code.files:../up its name has the part `..`',
    'code.files:lib/ its name has an empty part',
    'code.files:b\\c its name has a backslash; write `/` between directories',
    'code.files:\u{FFFD} its name is not valid Unicode',
    'code.files:lib it is a file and a directory at once',
    'code.files:lib/a its content is not valid Unicode',
  ]);
});

test('1 MB is taken, counted in bytes of UTF-8, and one byte more is refused', async () => {
  await writeInline({ a: 'é'.repeat(MB / 2 - 1), b: 'xy' }, target);
  await rm(target, { recursive: true });
  expect(await refusedFor({ a: 'é'.repeat(MB / 2 - 1), b: 'xyz' })).toEqual([
    'code.files its files have more than 1 MB',
  ]);
});

test('no files, and more files than the limit, are refused', async () => {
  expect(await refusedFor({})).toEqual(['code.files it has no files']);
  const many = Object.fromEntries(Array.from({ length: 20_001 }, (_, at) => [`f${at}`, '']));
  expect(await refusedFor(many)).toEqual(['code.files it has more than 20000 entries']);
});
