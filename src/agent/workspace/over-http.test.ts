import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorkspaces } from './index.ts';
import type { GitRemote } from './port.ts';
import { AGENT, type Bench, createBench, never, requestFor, write } from './testing.ts';
import { createLogger, systemClock } from '../../kernel/index.ts';

const PASSWORD = 'ghs_S3cretOfTheApp';
const PAIR = Buffer.from(`x-access-token:${PASSWORD}`).toString('base64');

let bench: Bench;
let server: ReturnType<typeof createServer>;
/** Status of answers to a push, instead of git's own. */
let refusePush: number | null;
/** Command lines of all processes, read while a request is answered. */
let seen: string[];
let logged: string[];

beforeEach(async () => {
  bench = await createBench();
  await bench.commit('one', { 'a.txt': 'a\n' });
  bench.onRemote('config', 'http.receivepack', 'true');
  refusePush = null;
  seen = [];
  logged = [];
  server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await bench.close();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  seen.push(...(await commandLines()));
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.headers.authorization !== `Basic ${PAIR}`) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  if (refusePush !== null && request.url?.includes('receive-pack') === true) {
    response.writeHead(refusePush).end('no');
    return;
  }
  const env = {
    PATH: process.env['PATH'],
    GIT_PROJECT_ROOT: bench.root,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_USER: 'funade',
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  };
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  request.pipe(child.stdin);
  const output: Buffer[] = [];
  for await (const chunk of child.stdout) output.push(chunk as Buffer);
  const whole = Buffer.concat(output);
  const end = whole.indexOf('\r\n\r\n');
  const headers = whole.subarray(0, end).toString('latin1').split('\r\n').map((line) => line.split(': ')); // prettier-ignore
  const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
  const others = headers.filter(([name]) => name !== 'Status').map(([name = '', value = '']) => [name, value] as const);
  response.writeHead(Number(status.slice(0, 3)), Object.fromEntries(others)).end(whole.subarray(end + 4));
}

async function commandLines(): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).filter((line) => line.includes('git'));
}

function workspacesOverHttp() {
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger('debug', destination);
  return createWorkspaces({ directory: join(bench.root, 'agent'), logger, clock: systemClock });
}

function remoteWith(change: Partial<GitRemote> = {}): () => Promise<GitRemote> {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/remote.git`;
  return () => Promise.resolve({ url, username: 'x-access-token', password: PASSWORD, ...change });
}

async function filesOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

test('credentials reach the server, and neither a command line, a file nor the log', async () => {
  const workspaces = workspacesOverHttp();
  const request = { ...requestFor(''), remote: remoteWith() };
  const workspace = await workspaces.prepare(request, never);
  await write(workspace.directory, { 'b.txt': 'b\n' });
  const committed = await workspace.commit('work', AGENT);
  await bench.commit('meanwhile', { 'c.txt': 'c\n' }, 'funade/issue-7');
  expect(committed).not.toBeNull();
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(bench.onRemote('log', '--format=%s', 'funade/issue-7')).toBe('work\nmeanwhile\none');
  expect(seen.some((line) => line.includes('127.0.0.1'))).toBe(true);
  const everything = [...seen, ...logged, await filesOf(join(bench.root, 'agent'))].join('\n');
  expect(everything).not.toContain(PASSWORD);
  expect(everything).not.toContain(PAIR);
});

test('a password that is refused is trouble with the remote, which says nothing of the password', async () => {
  const wrong = 'ghs_Wrong';
  const request = { ...requestFor(''), remote: remoteWith({ password: wrong }) };
  const failure: unknown = await workspacesOverHttp().prepare(request, never).catch((thrown: unknown) => thrown); // prettier-ignore
  expect(failure).toMatchObject({ code: 'FUN_GIT_UNREACHABLE', retryable: true });
  expect(String(failure)).not.toContain(wrong);
});

test('a repository that the account can’t see, and one that it may not push to, are told as permission', async () => {
  const { port } = server.address() as AddressInfo;
  const hidden = { ...requestFor(''), remote: remoteWith({ url: `http://127.0.0.1:${port}/nowhere.git` }) };
  const refusal = { code: 'FUN_WORKSPACE', values: { reason: 'permission' } };
  await expect(workspacesOverHttp().prepare(hidden, never)).rejects.toMatchObject(refusal);
  const workspace = await workspacesOverHttp().prepare({ ...requestFor(''), remote: remoteWith() }, never);
  await write(workspace.directory, { 'b.txt': 'b\n' });
  await workspace.commit('work', AGENT);
  refusePush = 403;
  expect(await workspace.push(never)).toMatchObject({ kind: 'refused', reason: 'permission' });
  refusePush = 503;
  await expect(workspace.push(never)).rejects.toMatchObject({ code: 'FUN_GIT_UNREACHABLE', retryable: true });
  refusePush = null;
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed' });
});

test('what a remote says of a refused push does not show the password', async () => {
  await bench.hook('pre-receive', `echo "no to ${PASSWORD} and ${PAIR}" >&2; exit 1`);
  const workspace = await workspacesOverHttp().prepare({ ...requestFor(''), remote: remoteWith() }, never);
  await write(workspace.directory, { 'b.txt': 'b\n' });
  await workspace.commit('work', AGENT);
  const end = await workspace.push(never);
  expect(end).toMatchObject({ kind: 'refused', reason: 'push_rejected' });
  expect(end).toMatchObject({ detail: expect.stringContaining('no to *** and ***') });
});
