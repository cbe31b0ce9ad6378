import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from './port.ts';
import { createLedger } from './ledger.ts';

type Answer = { readonly status: number; readonly body: string } | 'hang';

let server: Server;
let asked: IncomingMessage[] = [];
let answers: Answer[] = [];
let ledger: Ledger & { close(): void };

function respond(request: IncomingMessage, response: ServerResponse): void {
  asked.push(request);
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  if (answer === undefined || answer === 'hang') return;
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
}

beforeEach(async () => {
  asked = [];
  answers = [];
  server = createServer(respond);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  ledger = createLedger({ url: `http://127.0.0.1:${port}/`, token: 'secret' });
});
afterEach(async () => {
  ledger.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const DIGEST = `sha256:${'a'.repeat(64)}`;

function released(value: unknown): Answer {
  return { status: 200, body: JSON.stringify({ digest: DIGEST, released: value, releases: [] }) };
}

function ask(ms = 10_000): Promise<boolean> {
  return ledger.isReleased(DIGEST, AbortSignal.timeout(ms));
}

test.each([true, false])('the control plane says %s', async (value) => {
  answers = [released(value)];
  await expect(ask()).resolves.toBe(value);
  expect(asked[0]).toMatchObject({
    method: 'GET',
    url: `/api/v1/artifacts/${encodeURIComponent(DIGEST)}`,
    headers: { authorization: 'Bearer secret' },
  });
});

test('trouble that passes is asked again', async () => {
  answers = [{ status: 500, body: '' }, { status: 429, body: '' }, released(true)];
  await expect(ask()).resolves.toBe(true);
  expect(asked).toHaveLength(3);
});

describe('what is no answer is never a "not released"', () => {
  test.each([
    ['401', { status: 401, body: '' }, 'forbidden'],
    ['404 of a wrong address', { status: 404, body: '{"released":false}' }, 'not_found'],
    ['a page of a proxy', { status: 200, body: '<html>' }, 'malformed'],
    ['another JSON', { status: 200, body: '{"released":"no"}' }, 'malformed'],
    ['an error that stays', { status: 503, body: '' }, 'server_error'],
    ['silence', 'hang', 'timeout'],
  ] as const)('%s', async (_, answer, reason) => {
    answers = [answer];
    await expect(ask(500)).rejects.toMatchObject({ reason, message: expect.stringContaining('control plane') });
  });
});

test('no release has a digest of another kind, so that nobody is asked about it', async () => {
  await expect(ledger.isReleased(`sha512:${'a'.repeat(128)}`, AbortSignal.timeout(500))).resolves.toBe(false);
  expect(asked).toHaveLength(0);
});
