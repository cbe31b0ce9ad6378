import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  deploy,
  functionConfig,
  makeArtifact,
  removeArtifacts,
  startTestHost,
} from '../../../test/functions/test-host.ts';

const CODE = `
export const stream = awslambda.streamifyResponse(async (event, responseStream) => {
  const { megabytes = '0', pause = '0', fail } = event.queryStringParameters ?? {};
  const stream = awslambda.HttpResponseStream.from(responseStream, {
    statusCode: 206, headers: { 'content-type': 'application/x-parts', 'x-own': 'yes' }, cookies: ['a=1'],
  });
  stream.write('first,');
  await new Promise((resolve) => setTimeout(resolve, Number(pause)));
  const part = Buffer.alloc(1 << 16, 'x');
  for (let n = 0; n < Number(megabytes) * 16; n += 1) {
    if (!stream.write(part)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  if (fail) throw new Error('broke');
  stream.end('last');
});
export const plain = async () => 'plain';
`;

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
  const artifact = await makeArtifact({ 'index.mjs': CODE });
  const configOf = (name: string) =>
    functionConfig({ handler: `index.${name}`, route: `/${name}`, timeout: 20_000, instances: { min: 1, max: 1 } });
  await deploy(host.functions, {
    ...{ id: 'rel_a', digest: 'sha256:a', artifact, variables: {} },
    functions: { stream: configOf('stream'), plain: configOf('plain') },
  });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Milliseconds until the first byte, and until the end. */
  readonly first: number;
  readonly end: number;
  readonly bytes: number;
  readonly isComplete: boolean;
}

function receive(query = ''): Promise<Received> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${host.url}/fn/production/shop/stream${query}`, (answer) => {
      let [bytes, first] = [0, 0];
      answer.on('data', (chunk: Buffer) => {
        if (bytes === 0) first = performance.now() - begin;
        bytes += chunk.length;
      });
      answer.on('error', () => {}); // 'close' tells
      answer.on('close', () =>
        resolve({
          ...{ status: answer.statusCode ?? 0, headers: answer.headers, first, bytes, isComplete: answer.complete },
          end: performance.now() - begin,
        }),
      );
    });
    request.on('error', reject).end();
  });
}

test('a stream is passed on as it comes, with its status, headers and cookies', async () => {
  const { status, headers, first, end, bytes, isComplete } = await receive('?pause=700');
  expect([status, headers['content-type'], headers['x-own'], headers['set-cookie']]).toEqual([
    ...[206, 'application/x-parts', 'yes', ['a=1']],
  ]);
  expect([bytes, isComplete]).toEqual(['first,last'.length, true]);
  expect(headers['x-funade-version']).toBe('rel_a');
  expect(end - first).toBeGreaterThan(500);
});

test('a stream may have much more than a plain answer', async () => {
  const { bytes, isComplete } = await receive('?megabytes=19');
  expect([bytes, isComplete]).toEqual([19 * 1024 * 1024 + 'first,last'.length, true]);
});

test('a stream of more than 20 MB breaks off at the limit, and the next one works', async () => {
  const { bytes, isComplete } = await receive('?megabytes=22');
  expect(isComplete).toBe(false);
  expect(bytes).toBeLessThanOrEqual(20 * 1024 * 1024);
  expect((await receive()).isComplete).toBe(true);
});

test('a stream that breaks is not told as a complete one', async () => {
  expect((await receive('?fail=1')).isComplete).toBe(false);
  expect((await receive()).isComplete).toBe(true);
});

test('a reader who leaves frees the instance', async () => {
  await new Promise<void>((resolve) => {
    const request = httpRequest(`${host.url}/fn/production/shop/stream?megabytes=19`, (answer) => {
      answer.once('data', () => {
        request.destroy();
        resolve();
      });
    });
    request.on('error', () => {});
    request.end();
  });
  const { isComplete, bytes } = await receive();
  expect([isComplete, bytes]).toEqual([true, 'first,last'.length]);
});

test('a reader who is slow holds the function back instead of filling this process', async () => {
  const before = process.memoryUsage().rss;
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(`${host.url}/fn/production/shop/stream?megabytes=19`, (answer) => {
      answer.pause();
      setTimeout(() => {
        expect(process.memoryUsage().rss - before).toBeLessThan(15 * 1024 * 1024);
        answer.resume();
        answer.on('end', resolve);
      }, 1000);
    });
    request.on('error', reject).end();
  });
});
