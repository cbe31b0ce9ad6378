import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BoxEnd, BoxRequest } from '../box.ts';
import { type JobRig, createJobRig } from '../testing.ts';
import { workingTools } from './index.ts';
import type { ToolEnd, ToolPlace } from './port.ts';

let rig: JobRig;
let root: string;
let controller: AbortController;
let boxEnd: BoxEnd;
let boxRequest: BoxRequest | null;
beforeEach(async () => {
  rig = await createJobRig({
    'a.txt': 'one\ntwo\nthree\n',
    'src/b.ts': 'const b = 1;\nconst B = 2;\n',
    'src/deep/c.ts': 'export {};\n',
    '.github/ci.yml': 'on: push\n',
    'node_modules/x/index.js': 'const b = 3;\n',
    '.git/config': '[core]\n',
  });
  root = await realpath(rig.directory);
  controller = new AbortController();
  boxEnd = { kind: 'exited', code: 0, output: '' };
  boxRequest = null;
  await writeFile(join(rig.root, 'secret'), 'outside');
});
afterEach(() => rig.remove());

function use(name: string, input: unknown, more: Partial<ToolPlace> = {}): Promise<ToolEnd> {
  const tool = workingTools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const runInBox = (request: BoxRequest) => {
    boxRequest = request;
    return Promise.resolve(boxEnd);
  };
  const place = {
    root,
    home: rig.home,
    cap: 2000,
    signal: controller.signal,
    runInBox,
    redact: (text: string) => text,
  };
  return tool.call(input, { ...place, ...more });
}

function content(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

const WRITE = { content: 'x' };
const EDIT = { old_text: 'o', new_text: 'x' };
const REACHING = [
  ['read_file', {}],
  ['edit_file', EDIT],
  ['write_file', WRITE],
  ['delete_file', {}],
] as const;

describe.each(REACHING)('%s can not reach', (name, more) => {
  test.each([
    ['an absolute path', '/etc/passwd', 'is absolute'],
    ['a path that leads up', '../secret', 'leads out'],
    ['a path that leads up from below', 'src/../../secret', 'leads out'],
    ['.git', '.git/config', '.git is not yours'],
    ['.git by another spelling', 'src/../.GIT/config', '.git is not yours'],
    ['.git of a directory', 'src/.git/hooks/x', '.git is not yours'],
    ['a link to a directory outside', 'out/secret', 'through a link'],
    ['.git through a link', 'git/config', '.git is not yours'],
    ['a name with a NUL', 'a\0b', 'NUL'],
  ])('%s', async (_, path, told) => {
    await symlink(rig.root, join(root, 'out'));
    await symlink('.git', join(root, 'git'));
    expect(await use(name, { path, ...more })).toMatchObject({ kind: 'refused', text: expect.stringContaining(told) });
    expect(await readFile(join(rig.root, 'secret'), 'utf8')).toBe('outside');
    expect(await content('.git/config')).toBe('[core]\n');
  });
});

test('a link to a file outside is not read or written, and is deleted as a link', async () => {
  await symlink(join(rig.root, 'secret'), join(root, 'link'));
  expect(await use('read_file', { path: 'link' })).toMatchObject({ kind: 'refused' });
  expect(await use('write_file', { path: 'link', ...WRITE })).toMatchObject({ kind: 'refused' });
  expect(await use('delete_file', { path: 'link' })).toMatchObject({ kind: 'ok' });
  expect(await readFile(join(rig.root, 'secret'), 'utf8')).toBe('outside');
  await expect(lstat(join(root, 'link'))).rejects.toThrow('ENOENT');
});

test('a link that leads nowhere, or to a file that could be made outside, is not written through', async () => {
  await symlink(join(rig.root, 'new'), join(root, 'link'));
  expect(await use('write_file', { path: 'link', ...WRITE })).toMatchObject({ kind: 'refused' });
  await expect(stat(join(rig.root, 'new'))).rejects.toThrow('ENOENT');
});

test('a link that stays inside is followed', async () => {
  await symlink('src', join(root, 'code'));
  expect(await use('write_file', { path: 'code/new.ts', ...WRITE })).toMatchObject({ kind: 'ok' });
  expect(await content('src/new.ts')).toBe('x');
});

test('a pipe is refused and does not hang', async () => {
  await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
  for (const name of ['read_file', 'write_file']) {
    expect(await use(name, { path: 'pipe', ...WRITE })).toMatchObject({ text: 'pipe is no regular file.' });
  }
  expect(await use('search', { pattern: 'one' })).toMatchObject({ text: 'a.txt:1: one' });
});

test('an absolute path inside is answered with the relative one', async () => {
  expect(await use('read_file', { path: join(root, 'src/b.ts') })).toMatchObject({
    text: expect.stringContaining('Write src/b.ts.'),
  });
});

describe('read_file', () => {
  test('prints lines with their numbers, from an offset, and tells how to go on', async () => {
    expect(await use('read_file', { path: 'a.txt' })).toEqual({ kind: 'ok', text: '1\tone\n2\ttwo\n3\tthree' });
    const part = await use('read_file', { path: 'a.txt', offset: '2', limit: 1 });
    expect(part).toEqual({ kind: 'ok', text: '2\ttwo\n[lines 2 to 2 of 3; go on with offset 3]' });
  });

  test('stops at the cap, also within one long line', async () => {
    await writeFile(join(root, 'long'), `${'x'.repeat(100_000)}\n${'y\n'.repeat(5000)}`);
    const { text } = (await use('read_file', { path: 'long' })) as { text: string };
    expect(text.length).toBeLessThan(2200);
    expect(text).toContain('of 5001; go on with offset 2');
  });

  test.each([
    ['a binary file', Buffer.from([1, 0, 2]), 'is a binary file of 3 bytes'],
    ['a file in another encoding', Buffer.from([0x63, 0x61, 0x66, 0xe9]), 'is no UTF-8 text'],
    ['a huge file', Buffer.alloc(6 * 1024 * 1024, 'x'), 'too many to read whole'],
    ['an empty file', Buffer.alloc(0), 'is empty'],
  ])('tells of %s', async (_, bytes, told) => {
    await writeFile(join(root, 'file'), bytes);
    expect(await use('read_file', { path: 'file' })).toMatchObject({ text: expect.stringContaining(told) });
  });

  test('tells of a directory, a missing file and an offset behind the end', async () => {
    expect(await use('read_file', { path: 'src' })).toMatchObject({ text: 'src is a directory.' });
    expect(await use('read_file', { path: 'no' })).toMatchObject({ text: 'no does not exist.' });
    expect(await use('read_file', { path: 'a.txt/b' })).toMatchObject({ kind: 'refused' });
    expect(await use('read_file', { path: 'a.txt', offset: 9 })).toMatchObject({ text: 'a.txt has only 3 lines.' });
  });

  test('masks a secret that goes over several lines before it cuts', async () => {
    const redact = (text: string) => text.replaceAll('one\ntwo', '***');
    expect(await use('read_file', { path: 'a.txt', limit: 1 }, { redact })).toMatchObject({
      text: expect.stringMatching(/^1\t\*\*\*\n/),
    });
  });
});

describe('edit_file', () => {
  test('replaces the one place and keeps the mode of the file', async () => {
    await chmod(join(root, 'a.txt'), 0o755);
    expect(await use('edit_file', { path: 'a.txt', old_text: 'two\n', new_text: '$& 2\n' })).toMatchObject({
      text: 'Edited a.txt at line 2.',
    });
    expect(await content('a.txt')).toBe('one\n$& 2\nthree\n');
    expect((await stat(join(root, 'a.txt'))).mode & 0o777).toBe(0o755);
  });

  test.each([
    ['more than one place', 'const', 'there 2 times, at lines 1, 2'],
    ['other white space', '  const b = 1;', 'exactly this white space; lines 1 to 1'],
    ['line numbers', '1\tconst b = 1;', 'leave out the line numbers'],
    ['a first line that is there', 'const b = 1;\nconst C = 3;', 'its first line is at line 1'],
    ['nothing of it', 'let z', 'read it again'],
    ['an empty text', '', 'old_text is empty'],
  ])('with %s it changes nothing and says what helps', async (_, old_text, told) => {
    const end = await use('edit_file', { path: 'src/b.ts', old_text, new_text: 'x' });
    expect(end).toMatchObject({ kind: 'refused', invalid: false, text: expect.stringContaining(told) });
    expect(await content('src/b.ts')).toBe('const b = 1;\nconst B = 2;\n');
  });

  test('keeps the line ends of a file with CRLF, and a byte order mark', async () => {
    await writeFile(join(root, 'dos'), '\ufeffone\r\ntwo\r\nthree\r\n');
    await use('edit_file', { path: 'dos', old_text: 'one\ntwo', new_text: '1\n2' });
    expect(await content('dos')).toBe('\ufeff1\r\n2\r\nthree\r\n');
  });
});

describe('write_file and delete_file', () => {
  test('make directories, write over what is longer, and delete', async () => {
    expect(await use('write_file', { path: 'new/deep/日本語 x.txt', content: 'やあ' })).toMatchObject({ kind: 'ok' });
    expect(await content('new/deep/日本語 x.txt')).toBe('やあ');
    await use('write_file', { path: 'a.txt', content: 'x' });
    expect(await content('a.txt')).toBe('x');
    expect(await use('delete_file', { path: 'a.txt' })).toMatchObject({ kind: 'ok' });
    await expect(content('a.txt')).rejects.toThrow('ENOENT');
  });

  test('refuse directories, and files where a directory is needed', async () => {
    expect(await use('write_file', { path: 'src', ...WRITE })).toMatchObject({ text: 'src is a directory.' });
    expect(await use('write_file', { path: '.', ...WRITE })).toMatchObject({ kind: 'refused' });
    expect(await use('write_file', { path: 'a.txt/b', ...WRITE })).toMatchObject({ kind: 'refused' });
    expect(await use('delete_file', { path: 'src' })).toMatchObject({
      text: expect.stringContaining('is a directory'),
    });
    expect(await use('delete_file', { path: '.' })).toMatchObject({ kind: 'refused' });
  });
});

describe('list_files and search', () => {
  test('list all but .git and node_modules, hidden files included', async () => {
    expect(await use('list_files', {})).toMatchObject({ text: '.github/ci.yml\na.txt\nsrc/b.ts\nsrc/deep/c.ts' });
    expect(await use('list_files', { glob: '*.ts' })).toMatchObject({ text: 'src/b.ts\nsrc/deep/c.ts' });
    expect(await use('list_files', { path: 'src', glob: 'deep/**' })).toMatchObject({ text: 'src/deep/c.ts' });
    expect(await use('list_files', { path: 'node_modules' })).toMatchObject({ text: 'node_modules/x/index.js' });
    expect(await use('list_files', { glob: '*.zig' })).toMatchObject({ text: 'No file is there.' });
  });

  test('stop at the cap and say so', async () => {
    await mkdir(join(root, 'many'));
    await Promise.all(Array.from({ length: 300 }, (_, at) => writeFile(join(root, 'many', `file-${at}`), 'match\n')));
    for (const found of [await use('list_files', {}), await use('search', { pattern: 'match' })]) {
      const { text } = found as { text: string };
      expect(text.length).toBeLessThan(2100);
      expect(text).toContain('narrow it down');
    }
  });

  test('find plain text, and regular expressions where asked', async () => {
    await writeFile(join(root, 'dots'), 'a.c\nabc\n');
    expect(await use('search', { pattern: 'a.c' })).toMatchObject({ text: 'dots:1: a.c' });
    expect(await use('search', { pattern: 'a.c', regex: true })).toMatchObject({ text: 'dots:1: a.c\ndots:2: abc' });
    expect(await use('search', { pattern: 'CONST b', ignore_case: true, glob: 'src/*.ts' })).toMatchObject({
      text: 'src/b.ts:1: const b = 1;\nsrc/b.ts:2: const B = 2;',
    });
    expect(await use('search', { pattern: 'two', path: 'a.txt' })).toMatchObject({ text: 'a.txt:2: two' });
    expect(await use('search', { pattern: '(', regex: true })).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('no regular expression'),
    });
  });

  test('look behind no link, and into nothing outside', async () => {
    await symlink(rig.root, join(root, 'out'));
    expect(await use('search', { pattern: 'outside' })).toMatchObject({ text: 'Nothing was found.' });
    expect(await use('search', { pattern: 'outside', path: 'out' })).toMatchObject({ kind: 'refused' });
    expect(await use('list_files', { path: '..' })).toMatchObject({ kind: 'refused' });
  });

  test('a pattern that runs for ever ends with the interruption, and this thread goes on meanwhile', async () => {
    await writeFile(join(root, 'trap'), `${'a'.repeat(60)}!\n`);
    const searching = use('search', { pattern: '^(a+)+$', regex: true, path: 'trap' });
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 5);
    await expect.poll(() => turns).toBeGreaterThan(3);
    controller.abort('stop');
    expect(await searching).toMatchObject({ kind: 'refused', text: 'The search was interrupted.' });
    clearInterval(ticking);
  });
});

describe('run', () => {
  test('hands the command to the box, with a limit of time', async () => {
    boxEnd = { kind: 'exited', code: 2, output: 'broken\n' };
    expect(await use('run', { command: 'make', timeout: 5000 })).toEqual({
      kind: 'ok',
      text: '[exit status 2]\nbroken\n',
    });
    expect(boxRequest).toMatchObject({ command: 'make', cwd: root, home: rig.home, timeout: 1_800_000 });
  });

  test('tells when the box can not start it', async () => {
    boxEnd = { kind: 'not_started', code: null, output: "programs can't be isolated here" };
    expect(await use('run', { command: 'make' })).toMatchObject({
      kind: 'refused',
      text: "The command was not started: programs can't be isolated here",
    });
  });

  test('cuts long output in the middle, and keeps its end', async () => {
    boxEnd = { kind: 'flooded', code: null, output: `begin${'x'.repeat(100_000)}end` };
    const { text } = (await use('run', { command: 'yes' })) as { text: string };
    expect(text).toMatch(/^\[ended: it wrote too much\]\nbegin[^]*characters left out[^]*end$/);
    expect(text.length).toBeLessThan(2200);
  });
});
