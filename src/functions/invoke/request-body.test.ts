import { type IncomingMessage, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBody } from './request-body.ts';

const requests: IncomingMessage[] = [];
const server = createServer((request) => void requests.push(request));
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A request that nobody has read yet. */
async function receive(text: string) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const received = once(server, 'request');
  socket.write(text);
  await received;
  const request = requests.at(-1);
  if (request === undefined) throw new Error('no request');
  return { request, socket };
}

test.each([
  ['a body that is on its way', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc'],
  ['no body', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'],
])('a caller with %s who has left before it was read is told as one who left', async (_, text) => {
  const { request, socket } = await receive(text);
  const closed = once(request, 'close').catch(() => {});
  socket.destroy();
  await closed;
  const late = new Promise((resolve) => setTimeout(resolve, 1000, 'it never settles'));
  expect(await Promise.race([readBody(request), late])).toBe('aborted');
});

test('a caller who leaves while it is read is told too, and one who stays gets read', async () => {
  const leaving = await receive('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc');
  const reading = readBody(leaving.request);
  leaving.socket.destroy();
  expect(await reading).toBe('aborted');
  const staying = await receive('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc');
  expect(await readBody(staying.request)).toEqual(Buffer.from('abc'));
  staying.socket.destroy();
});
