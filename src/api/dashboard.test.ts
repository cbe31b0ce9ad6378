import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';

let webRoot: string;
let database: TestDatabase;
let open: TestApi[] = [];
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'funade-web-'));
});

afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  open = [];
  await rm(webRoot, { recursive: true, force: true });
});

async function start(root: string | null): Promise<TestApi['api']['app']> {
  const started = await createTestApi({ webRoot: root }, database);
  open.push(started);
  return started.api.app;
}

async function build(): Promise<void> {
  await mkdir(join(webRoot, 'assets'));
  await writeFile(join(webRoot, 'index.html'), '<title>built</title>');
  await writeFile(join(webRoot, 'assets', 'index-BzX3k9_Q.js'), 'let a');
  await writeFile(join(webRoot, 'favicon.svg'), '<svg/>');
}

test('the dashboard answers at / and at the addresses of its own pages', async () => {
  await build();
  const app = await start(webRoot);
  for (const url of ['/', '/apps/greeter?tab=runs']) {
    const answer = await app.inject({ url, headers: html });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('<title>built</title>');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('files with a hash in their name are kept for good, others are asked for again', async () => {
  await build();
  const app = await start(webRoot);
  const asset = await app.inject({ url: '/assets/index-BzX3k9_Q.js' });
  expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(asset.headers['content-type']).toContain('javascript');
  expect((await app.inject({ url: '/favicon.svg' })).headers['cache-control']).toBe('no-cache');
});

test('what is missing is a 404 problem, not the page: files, the API, and the ways to functions', async () => {
  await build();
  const app = await start(webRoot);
  expect((await app.inject({ url: '/assets/gone.js', headers: { accept: '*/*' } })).statusCode).toBe(404);
  for (const url of ['/api/v1/gone', '/api', '/fn/production/x', '/webhook/github']) {
    const answer = await app.inject({ url, headers: html });
    expect(answer.statusCode, url).toBe(404);
    expect(answer.headers['content-type']).toContain('problem+json');
  }
});

test('nothing outside the dashboard is served', async () => {
  await build();
  await writeFile(join(webRoot, '..', 'funade-outside.txt'), 'secret');
  const app = await start(webRoot);
  for (const url of ['/../funade-outside.txt', '/%2e%2e/funade-outside.txt', '/assets/..%2f..%2ffunade-outside.txt']) {
    const answer = await app.inject({ url });
    expect(answer.body).not.toContain('secret');
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  }
  await rm(join(webRoot, '..', 'funade-outside.txt'));
});

test.each([{ root: 'an empty folder' }, { root: 'a folder that is not there' }])(
  'with $root a page says how to build',
  async ({ root }) => {
    const app = await start(root === 'an empty folder' ? webRoot : join(webRoot, 'gone'));
    const answer = await app.inject({ url: '/', headers: html });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('npm run build:web');
  },
);

test('a process without a dashboard has no page, and says so', async () => {
  const app = await start(null);
  const answer = await app.inject({ url: '/', headers: html });
  expect(answer.statusCode).toBe(404);
  expect(answer.headers['content-type']).toContain('problem+json');
});
