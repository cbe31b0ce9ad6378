import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestApi, createTestApi } from '../../../test/api.ts';
import { appendEvent, connect, readEvents, transaction } from '../../store/index.ts';
import { createEventRing } from './ring.ts';

/** An event shows only when no older transaction of the whole server runs any more, other tests' included. */
const WAIT = { timeout: 15_000 };

let started: TestApi;
let port: number;
let headers: { readonly authorization: string };
let readers: ClientRequest[] = [];

beforeEach(async () => {
  started = await createTestApi({ heartbeatMs: 400 });
  ({ port } = await started.api.listen());
  headers = await started.bearer('viewer');
  await logHas(1);
});

afterEach(async () => {
  for (const reader of readers) reader.destroy();
  readers = [];
  await started.close();
});

function write(subject: string, app?: string): Promise<void> {
  const event = { kind: 'run.changed', subject, actor: 'mika', app };
  return transaction(started.database.db, (trx) => appendEvent(trx, event));
}

async function logHas(count: number): Promise<readonly number[]> {
  const log = () => readEvents(started.database.db, { after: 0, limit: 500 });
  await expect.poll(async () => (await log()).length, WAIT).toBe(count);
  return (await log()).map(({ position }) => position);
}

interface Reader {
  readonly ids: number[];
  readonly subjects: string[];
  readonly response: IncomingMessage;
  text(): string;
  ended(): boolean;
  leave(): void;
}

async function read(query = '', extra: Readonly<Record<string, string>> = {}): Promise<Reader> {
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path: `/api/v1/events${query}`,
    headers: { accept: 'text/event-stream', ...headers, ...extra },
    agent: false,
  }).end();
  readers.push(request);
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const ids: number[] = [];
  const subjects: string[] = [];
  let text = '';
  let rest = '';
  let ended = false;
  response.on('data', (chunk: Buffer) => {
    text += String(chunk);
    const frames = (rest + String(chunk)).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const found = /^id: (\d+)\ndata: (.+)$/.exec(frame);
      if (found === null) continue;
      ids.push(Number(found[1]));
      subjects.push((JSON.parse(found[2] ?? '') as { subject: string }).subject);
    }
  });
  response.on('close', () => {
    ended = true;
  });
  response.on('error', () => {});
  return { ids, subjects, response, text: () => text, ended: () => ended, leave: () => void request.destroy() };
}

test('a stream begins with what happens from now on and says how it is to be read', async () => {
  await write('before');
  await logHas(2);
  const reader = await read();
  await write('after');
  await expect.poll(() => reader.subjects, WAIT).toEqual(['after']);
  expect(reader.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  expect(reader.text()).toContain('retry: 2000\n\n');
  await expect.poll(() => reader.text(), WAIT).toContain(': heartbeat\n\n');
});

test('a reader that comes back with its last id gets what it missed, each event once', async () => {
  const first = await read();
  await write('one');
  await expect.poll(() => first.subjects, WAIT).toEqual(['one']);
  first.leave();
  await write('two');
  await write('three');
  const second = await read('?after=0', { 'last-event-id': String(first.ids.at(-1)) });
  await write('four');
  await expect.poll(() => second.subjects, WAIT).toEqual(['two', 'three', 'four']);
});

test('readers that come and go while several writers commit see every event once and in the order of the log', async () => {
  const { db } = started.database;
  const other = connect(started.database.connection, { max: 4 });
  const total = 400;
  let written = 0;
  async function writer(name: string): Promise<void> {
    for (let index = 0; index < total / 4; index += 1) {
      await transaction(index % 2 === 0 ? db : other, async (trx) => {
        await appendEvent(trx, { kind: 'run.changed', subject: `${name}-${index}`, actor: 'mika' });
        if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      });
      written += 1;
      if (index % 7 === 0) started.api.nudgeEvents();
    }
  }
  async function wanderer(): Promise<readonly number[]> {
    const seen: number[] = [];
    while (seen.length < total) {
      const reader = await read('', { 'last-event-id': String(seen.at(-1) ?? 0) });
      const enough = Math.min(total - seen.length, 37);
      await expect.poll(() => reader.ids.length, WAIT).toBeGreaterThanOrEqual(enough);
      reader.leave();
      seen.push(...reader.ids);
    }
    return seen;
  }
  const steady = await read('?after=0');
  const wandering = [wanderer(), wanderer(), wanderer()];
  await Promise.all(['a', 'b', 'c', 'd'].map(writer));
  expect(written).toBe(total);
  const expected = await logHas(total + 1); // the first is the token of these readers
  await expect.poll(() => steady.ids.length, WAIT).toBe(expected.length);
  expect(steady.ids).toEqual(expected);
  for (const seen of await Promise.all(wandering)) expect(seen).toEqual(expected.slice(0, seen.length));
  await other.destroy();
});

test('filters hold for what is caught up and for what is live', async () => {
  await write('run_1', 'greeter');
  await write('run_2', 'other');
  const byApp = await read('?after=0&app=greeter');
  const bySubject = await read('?after=0&subject=run_2');
  await write('run_3', 'greeter');
  await write('run_2', 'other');
  await expect.poll(() => byApp.subjects, WAIT).toEqual(['run_1', 'run_3']);
  await expect.poll(() => bySubject.subjects, WAIT).toEqual(['run_2', 'run_2']);
});

test('a long history arrives whole and goes over into what is live', async () => {
  const { db } = started.database;
  await transaction(db, async (trx) => {
    for (let index = 0; index < 1300; index += 1) {
      await appendEvent(trx, { kind: 'run.changed', subject: `old-${index}`, actor: 'mika' });
    }
  });
  const reader = await read('?after=0');
  await write('new');
  await expect.poll(() => reader.subjects.at(-1), WAIT).toBe('new');
  expect(reader.subjects.filter((subject) => subject.startsWith('old-'))).toHaveLength(1300);
  expect(new Set(reader.ids).size).toBe(reader.ids.length);
});

test('an id that this log never had leads to what happens from now on', async () => {
  const reader = await read('', { 'last-event-id': '999999' });
  await expect
    .poll(
      async () => {
        await write('live');
        return reader.subjects.length;
      },
      { timeout: 5000 },
    )
    .toBeGreaterThan(0);
});

test('a reader that stops reading is dropped, the others go on, and it can resume by id', async () => {
  const slow = await read('?after=0');
  const quick = await read();
  slow.response.pause();
  const blob = 'x'.repeat(200_000);
  for (let index = 0; index < 60; index += 1) {
    const event = { kind: 'run.changed', subject: `s-${index}`, actor: 'mika', data: { blob } };
    await transaction(started.database.db, (trx) => appendEvent(trx, event));
  }
  await expect.poll(() => quick.ids.length, WAIT).toBe(60);
  const connections = promisify(started.api.app.server.getConnections.bind(started.api.app.server));
  await expect.poll(() => connections(), WAIT).toBe(1);
  slow.response.resume();
  await expect.poll(() => slow.ended(), WAIT).toBe(true);
  expect(slow.ids.length).toBeLessThan(61);
  expect(quick.ended()).toBe(false);
  const resumed = await read('', { 'last-event-id': String(slow.ids.at(-1) ?? 0) });
  await expect.poll(() => resumed.ids.at(-1), WAIT).toBe(quick.ids.at(-1));
  expect([...slow.ids, ...resumed.ids].slice(-60)).toEqual(quick.ids);
});

test('a reader whose token is revoked is cut off within seconds', async () => {
  const reader = await read();
  const [token] = await started.access.listTokens();
  await started.access.revokeToken(token?.id ?? '', 'owner');
  await expect.poll(() => reader.ended(), WAIT).toBe(true);
});

test('closing the server ends the streams', async () => {
  const reader = await read();
  await started.api.close();
  await expect.poll(() => reader.ended(), WAIT).toBe(true);
});

test('who accepts only JSON gets a page, with a cursor while there is more', async () => {
  for (const subject of ['a', 'b', 'c']) await write(subject, 'greeter');
  const get = (url: string) => started.api.app.inject({ url, headers: { ...headers, accept: 'application/json' } });
  await logHas(4);
  const first = (await get('/api/v1/events?app=greeter&limit=2')).json();
  expect(first.items.map(({ subject }: { subject: string }) => subject)).toEqual(['a', 'b']);
  const second = (await get(`/api/v1/events?app=greeter&limit=2&after=${first.next}`)).json();
  expect(second).toMatchObject({ items: [{ subject: 'c', actor: 'mika', environment: null }], next: null });
  expect((await get('/api/v1/events?limit=0&after=-1')).json().errors).toHaveLength(2);
});

test('the ring forgets the oldest, and a place that it forgot is unknown', () => {
  const ring = createEventRing(7, 2);
  expect(ring.following(7)).toBe(0);
  const template = { at: 0, kind: 'k', app: null, environment: null, subject: 's', actor: 'a', data: {} };
  for (const position of [8, 12, 11, 13, 14]) ring.append({ ...template, position });
  expect([ring.oldest(), ring.head()]).toEqual([2, 5]);
  expect([7, 8, 11, 14].map((position) => ring.following(position))).toEqual([undefined, undefined, 3, 5]);
  expect(ring.at(1)).toBeUndefined();
  expect(ring.at(2)?.event.position).toBe(11);
});
