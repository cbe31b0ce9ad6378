import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ModelConfig } from '../../config/index.ts';
import { checkModel } from './check.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

async function endpoint(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function model(url: string, more: Partial<ModelConfig> = {}): ModelConfig {
  const price = { input: null, output: null };
  return { provider: 'openai-compatible', url, key: 'a-key', name: 'small', window: 1000, price, ...more };
}

const LIST = JSON.stringify({ data: [{ id: 'small' }, { id: 'big' }] });

test.each([
  ['lists the model', 200, LIST, null],
  ['lists others', 200, JSON.stringify({ data: [{ id: 'big' }] }), 'model_not_found'],
  ['lists it with a tag', 200, JSON.stringify({ data: [{ id: 'small:latest' }] }), null],
  ['has no list', 404, 'not here', null],
  ['refuses the key', 401, '{}', 'model_key_refused'],
  ['is out of quota', 429, '{}', 'model_limited'],
  ['is broken', 503, 'sorry', 'model_unreachable'],
] as const)('an endpoint that %s', async (_, status, body, reason) => {
  const url = await endpoint((_request, response) => response.writeHead(status).end(body));
  expect(await checkModel(model(url))).toMatchObject({
    reason,
    detail: expect.stringContaining(`HTTP ${status}`) as string,
  });
});

test('the key is sent as the provider wants it, and nowhere else', async () => {
  const seen: IncomingMessage[] = [];
  const url = await endpoint((request, response) => {
    seen.push(request);
    response.end(LIST);
  });
  await checkModel(model(url));
  await checkModel(model(url, { provider: 'anthropic' }));
  expect(seen.map(({ url: path, headers }) => [path, headers['authorization'], headers['x-api-key']])).toEqual([
    ['/v1/models', 'Bearer a-key', undefined],
    ['/v1/models?limit=1000', undefined, 'a-key'],
  ]);
  const elsewhere = await endpoint((_request, response) =>
    response.writeHead(302, { location: `${url}/models` }).end(),
  );
  expect(await checkModel(model(elsewhere))).toMatchObject({ reason: 'model_unreachable' });
  expect(seen).toHaveLength(2);
});

test('one that is away, or never answers, can not be reached', async () => {
  const url = await endpoint(() => undefined);
  expect(await checkModel(model(url), 50)).toMatchObject({ reason: 'model_unreachable' });
  const closed = await endpoint(() => undefined);
  await Promise.all(closing.splice(1).map((close) => close()));
  const gone = await checkModel(model(closed));
  expect(gone.reason).toBe('model_unreachable');
  expect(gone.detail).toContain('ECONNREFUSED');
  expect(await checkModel(model('', { url: null }))).toMatchObject({ reason: 'model_unreachable' });
});
