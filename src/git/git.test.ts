import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../kernel/index.ts';
import {
  type Git,
  addressWith,
  createGit,
  createLines,
  isBranchName,
  makeBare,
  readAddress,
  readFileOfCommit,
  reasonOf,
  redactUrls,
  removeStaleLocks,
  writeGitConfig,
} from './index.ts';

let root: string;
let git: Git;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-git-'));
  const configFile = join(root, 'gitconfig');
  await writeGitConfig(configFile);
  git = createGit({ program: 'git', configFile, environment: {} });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const TIMEOUT = 60_000;
const VALUE = `Basic ${Buffer.from('robot:s3cr@t').toString('base64')}`;

test.each([
  ['ext::sh -c id', 'remote helpers'],
  ['ftp://example.org/x.git', 'not allowed'],
  ['ssh://-oProxyCommand=x/y', 'begins with a dash'],
  ['--upload-pack=x', 'begins with a dash'],
  ['relative/path', 'neither an absolute path'],
  ['', 'empty'],
  ['https://example.org/\nx', 'control characters'],
])('%j is no address of a repository', (address, reason) => {
  expect(() => readAddress(address)).toThrow(reason);
});

test('credentials leave the address and go into the environment, for its own origin', () => {
  const env = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.https://example.org/.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: ${VALUE}`,
  };
  expect(readAddress('https://robot:s3cr%40t@example.org/x.git')).toEqual({ url: 'https://example.org/x.git', env });
  const apart = { username: 'robot', password: 's3cr@t' };
  expect(addressWith('https://example.org/x.git', apart)).toEqual({ url: 'https://example.org/x.git', env });
  expect(addressWith('https://a:b@example.org/x.git', apart)).toEqual({ url: 'https://example.org/x.git', env });
  expect(addressWith('/srv/x.git', apart)).toEqual({ url: '/srv/x.git', env: {} });
  expect(addressWith('https://example.org/x.git', { username: '', password: '' }).env).toEqual({});
});

test('what git complains of is one line without credentials', () => {
  const stderr = "fatal: unable to access 'https://a:b@example.org/x/': no\nremote: second\n";
  const result = { code: 128, stdout: Buffer.alloc(0), stderr, timedOut: false, truncated: false };
  expect(reasonOf(result)).toBe("unable to access 'https://***@example.org/x/': no; second");
  expect(reasonOf({ ...result, stderr: '' })).toBe('git ended with 128');
  expect(redactUrls('ssh://mona:pw@host/x')).toBe('ssh://***@host/x');
});

test.each(['main', 'funade/issue-7', 'a.b', '日本', 'a@b', 'release-1.0', "it's", 'x{y}', 'a,b;c'])(
  '%j is a name of a branch, to git as well',
  (name) => {
    expect(isBranchName(name)).toBe(true);
    expect(checkedByGit(name)).toBe(true);
  },
);

test.each([
  '',
  '-x',
  'a..b',
  'a b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  '/a',
  'a/',
  'a//b',
  'a.',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a@{0}',
  'a\nb',
  'a\u007f',
  'HEAD',
])('%j is no name of a branch, to git neither', (name) => {
  expect(isBranchName(name)).toBe(false);
  expect(checkedByGit(name)).toBe(false);
});

test.each(['@', 'refs/heads/x', 'a'.repeat(201), 'a'.repeat(40), '+main'.repeat(50)])(
  '%j could be taken for something else, or is too long',
  (name) => expect(isBranchName(name)).toBe(false),
);

function checkedByGit(name: string): boolean {
  try {
    execFileSync('git', ['check-ref-format', '--branch', name], { cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('an answer ends at its limit, and says so', async () => {
  const whole = await git({ args: ['--version'], timeout: TIMEOUT });
  expect(whole).toMatchObject({ code: 0, truncated: false });
  const part = await git({ args: ['--version'], timeout: TIMEOUT, limit: 3 });
  expect(part).toMatchObject({ truncated: true });
  expect(part.stdout.toString()).toBe('git');
  const exact = await git({ args: ['--version'], timeout: TIMEOUT, limit: whole.stdout.length });
  expect(exact).toMatchObject({ code: 0, truncated: false });
});

test('a git that does not end is ended in time', async () => {
  const fifo = join(root, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const result = await git({ args: ['hash-object', fifo], timeout: 200 });
  expect(result).toMatchObject({ code: -1, timedOut: true });
  expect(reasonOf(result)).toBe('git did not answer in time');
});

test('a file of a commit is read up to a limit, through links inside, and never out of the repository', async () => {
  const gitDir = join(root, 'bare.git');
  await makeBare(git, gitDir, 'greeter');
  const call = async (args: readonly string[], input = '') => {
    const result = await git({ args: [`--git-dir=${gitDir}`, ...args], input, timeout: TIMEOUT });
    return result.stdout.toString().trim();
  };
  const blob = await call(['hash-object', '-w', '--stdin'], 'content');
  const inside = await call(['hash-object', '-w', '--stdin'], 'file');
  const outside = await call(['hash-object', '-w', '--stdin'], '../../etc/passwd');
  const entries = `100644 blob ${blob}\tfile\n120000 blob ${inside}\tlink\n120000 blob ${outside}\tout\n`;
  const sha = await call(['mktree'], entries);
  const read = async (path: string, limit?: number) =>
    (await readFileOfCommit(git, { gitDir, of: 'greeter', sha, path }, limit))?.toString() ?? null;
  expect([await read('file'), await read('link'), await read('./file', 7)]).toEqual(['content', 'content', 'content']);
  expect([await read('file', 6), await read('out'), await read('../file'), await read('none')]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test('a bare repository is there as a whole, and locks of a killed git go away, but nothing else', async () => {
  const path = join(root, 'bare.git');
  await makeBare(git, path, 'greeter');
  for (const lock of ['packed-refs.lock', 'refs/heads/main.lock', 'objects/maintenance.lock'])
    await writeFile(join(path, lock), '');
  await writeFile(join(path, 'objects/info/keep'), '');
  await removeStaleLocks(path, silentLogger);
  const left = await readdir(path, { recursive: true });
  expect(left.filter((name) => name.endsWith('.lock'))).toEqual([]);
  expect(left).toContain('objects/info/keep');
  expect(await readdir(root)).toEqual(['bare.git', 'gitconfig']);
});

test('acts of one name wait for each other, also after one that failed; others do not', async () => {
  const inLine = createLines();
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = inLine('a', async () => {
    await promise;
    order.push('a1');
    throw new Error('no');
  });
  const second = inLine('a', async () => void order.push('a2'));
  await inLine('b', async () => void order.push('b'));
  resolve();
  await expect(first).rejects.toThrow('no');
  await second;
  expect(order).toEqual(['b', 'a1', 'a2']);
});
