import { verify } from '@octokit/webhooks-methods';
import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LoadGenerator, startLoadGenerator } from './load.ts';
import type { RequestPlan } from './requests.ts';

const secret = 'a secret of the measurement';
const labelled: RequestPlan = {
  kind: 'labelled',
  path: '/hook',
  secret,
  repository: 'harbour/bench',
  label: 'coding agent',
  first: 100_000_000,
  repeats: false,
};

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let received: Received[] = [];
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => void (text += chunk.toString('utf8')));
  request.on('end', () => {
    received.push({ headers: request.headers, text });
    response.writeHead(200, { 'content-length': 2 }).end('ok');
  });
});
let generator: LoadGenerator;

beforeEach(async () => {
  received = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  generator = startLoadGenerator();
});

afterEach(async () => {
  await generator.stop();
  server.closeAllConnections();
  server.close();
});

function send(requests: RequestPlan, count: number) {
  const { port } = server.address() as AddressInfo;
  return generator.round({ count, port, requests, connections: 3, duration: 30_000, rate: null });
}

function numbers(): readonly number[] {
  return received.map(({ text }) => (JSON.parse(text) as { issue: { number: number } }).issue.number);
}

test('a round with a count sends labelled issues that are signed, of one size, and each another one', async () => {
  const { latencies } = await send(labelled, 20);
  expect(latencies).toHaveLength(20);
  expect(numbers().toSorted()).toEqual(Array.from({ length: 20 }, (_, place) => 100_000_000 + place));
  expect(new Set(received.map(({ headers }) => headers['x-github-delivery'])).size).toBe(20);
  expect(new Set(received.map(({ text }) => text.length)).size).toBe(1);
  for (const { headers, text } of received) {
    expect(headers['x-github-event']).toBe('issues');
    expect(await verify(secret, text, String(headers['x-hub-signature-256']))).toBe(true);
    expect(JSON.parse(text)).toMatchObject({
      ...{ action: 'labeled', label: { name: 'coding agent' }, repository: { full_name: 'harbour/bench' } },
      issue: { state: 'open', labels: [{ name: 'coding agent' }] },
    });
  }
});
