import { type Socket, connect as connectSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  type IntakeRig,
  countRows,
  createAdmittedTable,
  deliver,
  githubHeaders,
  pushBody,
  send,
  startIntake,
} from '../../test/intake-rig.ts';

const MIB = 1024 * 1024;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
let database: TestDatabase;
let rig: IntakeRig;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
  rig = await startIntake({ db: database.db });
});
afterAll(async () => {
  await rig.stop();
  await database.drop();
});

interface Raw {
  readonly socket: Socket;
  readonly received: () => string;
  readonly closed: () => boolean;
}

/** A connection that sends what it is told and nothing else. */
async function open(port: number, text: string): Promise<Raw> {
  const socket = connectSocket(port, '127.0.0.1');
  let received = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => void socket.once('connect', resolve));
  socket.write(text);
  return { socket, received: () => received, closed: () => closed };
}

function head(length: number | 'chunked', body = '{}'): string {
  const size = length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  const lines = Object.entries(githubHeaders(body)).map(([name, value]) => `${name}: ${value}`);
  return ['POST /webhook/github HTTP/1.1', 'host: funade', size, ...lines, '', ''].join('\r\n');
}

test('a body that does not arrive in time is answered 408 and its socket closed', async () => {
  const slow = await startIntake({ db: database.db, limits: { bodyMs: 150 } });
  const raw = await open(slow.port, `${head(1000)}{"ref":`);
  await expect.poll(raw.closed, { timeout: 3000 }).toBe(true);
  expect(raw.received()).toMatch(/^HTTP\/1\.1 408 /);
  expect(raw.received()).toContain('connection: close');
  expect(raw.received()).toContain('FUN_WEBHOOK_TOO_SLOW');
  expect(slow.observed).toEqual([['refused', 'github', 'unknown']]);
  await slow.stop();
});

test('bytes that trickle in do not extend the time', async () => {
  const slow = await startIntake({ db: database.db, limits: { bodyMs: 300 } });
  const raw = await open(slow.port, head(1000));
  const trickle = setInterval(() => raw.socket.write(' '), 20);
  await expect.poll(raw.closed, { timeout: 3000 }).toBe(true);
  clearInterval(trickle);
  expect(raw.received()).toMatch(/^HTTP\/1\.1 408 /);
  await slow.stop();
});

test('by default a silent sender is cut off within 15 seconds, in the body as in the headers', async () => {
  const started = performance.now();
  const [body, headers] = [
    await open(rig.port, head(1000)),
    await open(rig.port, 'POST /webhook/github HTTP/1.1\r\nhos'),
  ];
  await expect.poll(() => body.closed() && headers.closed(), { timeout: 16_000, interval: 100 }).toBe(true);
  expect(performance.now() - started).toBeLessThan(15_500);
  expect(body.received()).toMatch(/^HTTP\/1\.1 408 /);
  expect(headers.received()).toMatch(/^HTTP\/1\.1 408 /);
});

test('a valid delivery is answered within a second while 200 slow senders hold their sockets', async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, () => open(rig.port, `${head(5000)}{"re`)));
  const started = performance.now();
  expect((await deliver(rig.port)).status).toBe(200);
  expect(performance.now() - started).toBeLessThan(1000);
  expect(slow.every((raw) => !raw.closed())).toBe(true);
  for (const raw of slow) raw.socket.destroy();
});

test('a sender that leaves in the middle of its body leaves nothing', async () => {
  const before = await countRows(database.db, 'deliveries');
  const left = await startIntake({ db: database.db });
  const raw = await open(left.port, `${head(5000)}{"re`);
  await expect.poll(() => raw.socket.bytesWritten).toBeGreaterThan(0);
  raw.socket.destroy();
  await expect.poll(() => left.observed).toEqual([['refused', 'github', 'unknown']]);
  await left.stop();
  expect(await countRows(database.db, 'deliveries')).toBe(before);
});

test.each([
  ['with a length', 30 * MIB],
  ['without a length', 'chunked'],
] as const)('30 MiB %s are answered 413 although the sender goes on, and memory does not grow', async (_, length) => {
  const before = bytesHeld();
  let most = 0;
  const piece = Buffer.alloc(MIB, 'x');
  const raw = await open(rig.port, head(length));
  for (let sent = 0; sent < 30 && !raw.socket.destroyed; sent += 1) {
    if (length === 'chunked') raw.socket.write(`${piece.length.toString(16)}\r\n`);
    raw.socket.write(piece);
    if (length === 'chunked') raw.socket.write('\r\n');
    await expect.poll(() => raw.socket.destroyed || raw.socket.writableLength === 0, { interval: 1 }).toBe(true);
    most = Math.max(most, bytesHeld() - before);
  }
  if (length === 'chunked') raw.socket.write('0\r\n\r\n');
  await expect.poll(raw.closed, { timeout: 5000 }).toBe(true);
  expect(raw.received()).toMatch(/^HTTP\/1\.1 413 /);
  expect(raw.received()).toContain('FUN_WEBHOOK_TOO_LARGE');
  // A declared length is refused before a byte is kept; without one the limit is held at most, and let go at once.
  // 8 MiB allow for what is on its way between the two ends, which share this process.
  expect(most).toBeLessThan(length === 'chunked' ? 33 * MIB : 8 * MIB);
  expect(bytesHeld() - before).toBeLessThan(8 * MIB);
  expect((await deliver(rig.port)).status).toBe(200);
});

/** Bytes of buffers that are still referenced. */
function bytesHeld(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test('a body of exactly the limit is read, one byte more is not', async () => {
  const limited = await startIntake({ db: database.db, limits: { bodyBytes: 2000 } });
  const exact = pushBody({ filler: '' });
  const filled = exact.replace('"filler":""', `"filler":"${'x'.repeat(2000 - exact.length)}"`);
  expect((await deliver(limited.port, filled)).status).toBe(200);
  expect((await deliver(limited.port, `${filled} `)).status).toBe(413);
  const chunked = { ...githubHeaders(`${filled} `), 'transfer-encoding': 'chunked' };
  expect((await send(limited.port, { headers: chunked, body: `${filled} ` })).status).toBe(413);
  await limited.stop();
});

test('over the memory for all bodies the largest unfinished one is dropped, and an ordinary push still passes', async () => {
  const tight = await startIntake({ db: database.db, limits: { bufferedBytes: 8 * MIB } });
  const flood: Raw[] = [];
  for (let index = 0; index < 4; index += 1) {
    const raw = await open(tight.port, head(20 * MIB));
    raw.socket.write(Buffer.alloc(3 * MIB, 'x'));
    flood.push(raw);
  }
  const dropped = (): readonly Raw[] => flood.filter((raw) => raw.received().startsWith('HTTP/1.1 503 '));
  await expect.poll(() => dropped().length).toBe(2);
  expect(dropped()[0]?.received()).toContain('retry-after: 30');
  expect((await deliver(tight.port)).status).toBe(200);
  expect(dropped()).toHaveLength(2);
  for (const raw of flood) raw.socket.destroy();
  await tight.stop();
});
