import { once } from 'node:events';
import { type ServerResponse, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createResponseSink } from './response.ts';

const CHUNK = Buffer.alloc(1024 * 1024, 'x');
const META = { status: 200, headers: {}, cookies: [], stream: true };

test('waiting for a slow reader leaves no listener behind, however often it waits', async () => {
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => void responses.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = httpRequest({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
  await once(server, 'request');
  const [response] = responses;
  if (response === undefined) throw new Error('no request');
  const sink = createResponseSink(response, []);
  const before = listenersOf(response);
  client.on('response', (answer) => answer.resume());
  sink.start(META);
  let waits = 0;
  while (waits < 20) {
    if (sink.write(CHUNK)) continue;
    waits += 1;
    await new Promise<void>((resolve) => sink.whenReady(resolve));
    expect(listenersOf(response)).toEqual(before);
  }
  while (sink.write(CHUNK));
  const left = new Promise<void>((resolve) => sink.whenReady(resolve));
  client.destroy();
  await left;
  expect(response.listenerCount('drain')).toBe(before.drain);
  server.close();
});

function listenersOf(response: ServerResponse) {
  return { drain: response.listenerCount('drain'), close: response.listenerCount('close') };
}
