import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  type IntakeRig,
  SECRET,
  activeSource,
  createAdmittedTable,
  fixedSources,
  githubHeaders,
  pushBody,
  send,
  startIntake,
} from '../../test/intake-rig.ts';
import { createLogger, createManualClock } from '../kernel/index.ts';
import { createGithubAddresses } from './github-addresses.ts';

const MINUTE = 60_000;
let server: Server;
let apiUrl: string;
/** What the API of GitHub answers, and what it was asked. */
let hooks: unknown;
let status: number;
const asked: (string | undefined)[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers['if-none-match']);
    const etag = `"${JSON.stringify(hooks ?? null).length}"`;
    if (status === 302) return response.writeHead(302, { location: `${apiUrl}/elsewhere` }).end();
    if (request.url !== '/meta' || status !== 200) return response.writeHead(status === 200 ? 404 : status).end();
    if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
    return response.writeHead(200, { 'content-type': 'application/json', etag }).end(JSON.stringify({ hooks }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  hooks = ['192.0.2.0/24', '2001:db8::/32'];
  status = 200;
  asked.length = 0;
});
afterAll(() => new Promise((resolve) => void server.close(resolve)));

function watched() {
  const lines: string[] = [];
  const clock = createManualClock();
  const addresses = createGithubAddresses({
    clock,
    logger: createLogger('info', { write: (line: string) => void lines.push(line) }),
  });
  return { clock, judge: (client: string) => addresses.judge(apiUrl, client), logs: () => lines.join('') };
}

test('only addresses of the list are let in; it is read once for all that wait', async () => {
  const { judge } = watched();
  const clients = ['192.0.2.7', '192.0.3.7', '2001:db8::1', '::1', 'unknown'];
  expect(await Promise.all(clients.map(judge))).toEqual(['allowed', 'refused', 'allowed', 'refused', 'refused']);
  expect(asked).toEqual([undefined]);
});

test('after an hour it is asked for again with its tag, and what changed counts', async () => {
  const { clock, judge } = watched();
  expect(await judge('192.0.2.7')).toBe('allowed');
  clock.advance(59 * MINUTE);
  expect(await judge('198.51.100.1')).toBe('refused');
  expect(asked).toHaveLength(1);
  clock.advance(MINUTE);
  expect(await judge('198.51.100.1')).toBe('refused');
  expect(asked).toEqual([undefined, expect.stringMatching(/^"\d+"$/)]);
  hooks = ['198.51.100.0/24'];
  clock.advance(60 * MINUTE);
  expect(await judge('198.51.100.1')).toBe('allowed');
  expect(await judge('192.0.2.7')).toBe('refused');
});

test('the list of before stays in use while it can not be read again', async () => {
  const { clock, judge, logs } = watched();
  await judge('192.0.2.7');
  status = 500;
  clock.advance(61 * MINUTE);
  expect([await judge('198.51.100.1'), await judge('192.0.2.7')]).toEqual(['refused', 'allowed']);
  expect(logs()).toContain('the list of before stays in use');
  expect(asked).toHaveLength(2); // not with every request
});

test.each([
  ['the API is away', () => (status = 503)],
  ['the answer names no addresses', () => (hooks = [])],
  ['the answer has something else', () => (hooks = ['*'])],
])('nobody is let in as long as the list could never be read: %s', async (_, prepare) => {
  prepare();
  const { clock, judge, logs } = watched();
  expect([await judge('192.0.2.7'), await judge('192.0.2.7')]).toEqual(['unknown', 'unknown']);
  expect(asked).toHaveLength(1);
  expect(logs()).toContain('its deliveries are refused until then');
  [status, hooks] = [200, ['192.0.2.0/24']];
  clock.advance(MINUTE);
  expect(await judge('192.0.2.7')).toBe('allowed');
});

test('an API that tells no addresses at all lets nobody in, and says so once', async () => {
  hooks = undefined;
  const { clock, judge, logs } = watched();
  expect(await judge('192.0.2.7')).toBe('unknown');
  clock.advance(MINUTE);
  expect(await judge('192.0.2.7')).toBe('unknown');
  expect(asked).toHaveLength(2);
  expect(logs().match(/does not tell where GitHub delivers from/g)).toHaveLength(1);
});

test.each([
  ['longer than 1 MiB', () => (hooks = Array.from({ length: 70_000 }, () => '192.0.2.0/24')), 'is longer than'],
  ['a redirection', () => (status = 302), 'it answered 302'],
])('an answer that is %s is none', async (_, prepare, reason) => {
  prepare();
  const { judge, logs } = watched();
  expect(await judge('192.0.2.7')).toBe('unknown');
  expect(logs()).toContain(reason);
  expect(asked).toHaveLength(1);
});

let database: TestDatabase;
let rig: IntakeRig | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});
afterAll(() => database.drop());

const failures: string[] = [];

async function delivered(client: string, overrides: { readonly apiUrl?: string } = {}) {
  rig ??= await startIntake({
    db: database.db,
    githubAddressesOnly: true,
    onFailure: (failure) => void failures.push(failure.reason),
    sources: fixedSources([activeSource({ apiUrl, secrets: [SECRET], ...overrides })]),
    limits: { trustedProxies: ['127.0.0.1'] },
  });
  const body = pushBody();
  return send(rig.port, { headers: { ...githubHeaders(body), 'x-forwarded-for': client }, body });
}

test('a delivery from another address is answered as one that is not authentic, whatever its signature', async () => {
  expect((await delivered('192.0.2.7')).status).toBe(200);
  const refused = await delivered('203.0.113.5');
  expect([refused.status, refused.body['code']]).toEqual([401, 'FUN_WEBHOOK_UNVERIFIED']);
  expect(JSON.stringify(refused.body)).not.toMatch(/address/i);
  expect(rig?.logs()).toContain('address_not_allowed');
});

test('a delivery is answered 503 while the addresses are not known', async () => {
  const answer = await delivered('192.0.2.7', { apiUrl: 'http://127.0.0.1:1' });
  expect([answer.status, answer.body['code']]).toEqual([503, 'FUN_WEBHOOK_NOT_STORED']);
  expect(failures).toContain('addresses_unknown');
  expect(answer.headers['retry-after']).toBeDefined();
});
