import { type Socket, connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger, sleep } from '../kernel/index.ts';
import { type Listener, createListener } from './listener.ts';

let listener: Listener;
let port: number;
beforeAll(async () => {
  listener = createListener({
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    language: 'en',
    webhook: async (request, response) => {
      const body = await readText(request).catch(() => undefined);
      if (body !== undefined) response.end(body);
    },
  });
  listener.create((_, response) => void response.end());
  ({ port } = await listener.listen());
});
afterAll(() => listener.drain(100));

interface Raw {
  readonly socket: Socket;
  readonly received: () => string;
  /** Resolves with the time of the process's clock. */
  readonly closed: Promise<number>;
}

async function open(): Promise<Raw> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => void socket.on('close', () => resolve(performance.now())));
  await new Promise<void>((resolve) => void socket.once('connect', resolve));
  return { socket, received: () => received, closed };
}

const HEAD = 'POST /webhook/github HTTP/1.1\r\nhost: funade\r\n';

/** A head that takes eight seconds, and then a body that never ends. */
async function sendSlowly({ socket }: Raw): Promise<void> {
  socket.write(HEAD);
  await sleep(8000);
  socket.write('content-length: 500\r\n\r\n{');
}

test('a webhook whose head is slow and whose body is silent is cut off 15 seconds after its first byte, as are later ones of its connection', async () => {
  const kept = await open();
  kept.socket.write(`${HEAD}content-length: 2\r\n\r\nhi`);
  await expect.poll(kept.received, { timeout: 5000 }).toContain('hi');
  await sleep(2000); // idle between two requests, which counts for neither
  const started = performance.now();
  const fresh = await open();
  await Promise.all([sendSlowly(fresh), sendSlowly(kept)]);
  const ends = await Promise.all([fresh.closed, kept.closed]);
  for (const end of ends) expect(end - started).toBeLessThan(16_000);
  for (const end of ends) expect(end - started).toBeGreaterThan(12_000);
  for (const raw of [fresh, kept]) expect(raw.received()).toContain('HTTP/1.1 408 ');
}, 40_000);
