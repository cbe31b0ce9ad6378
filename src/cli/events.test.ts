import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { createClient } from './client.ts';
import { followEvents, messagesOf } from './events.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function follow(token = TOKEN) {
  const stop = new AbortController();
  const positions: (number | null)[] = [];
  let opened = 0;
  const ended = followEvents({
    client: createClient({ server: plane.address, token, language: 'en' }),
    signal: stop.signal,
    onEvent: (event) => positions.push(event === null ? null : event.position),
    onOpen: () => {
      opened += 1;
    },
    retry: 20,
  });
  return { stop, positions, ended, opened: () => opened };
}

test('after a broken stream it goes on behind the last event that it had', async () => {
  const followed = follow();
  await expect.poll(() => plane.streams()).toBe(1);
  plane.emit({});
  plane.emit({});
  await expect.poll(() => followed.positions).toEqual([1, 2]);
  plane.cutStreams();
  await expect.poll(() => plane.streams()).toBe(1);
  plane.emit({});
  await expect.poll(() => followed.positions).toEqual([1, 2, 3]);
  expect(plane.seen.map((request) => request.headers['last-event-id'])).toEqual([undefined, '2']);
  expect(followed.opened()).toBe(2);
  followed.stop.abort();
  await followed.ended;
  await expect.poll(() => plane.streams()).toBe(0);
});

test('a refused token ends it, since trying again can not help', async () => {
  await expect(follow('wrong').ended).rejects.toMatchObject({ exitCode: 6 });
  expect(plane.seen).toHaveLength(1);
});

test('an event of a shape that is not known is still told', async () => {
  const followed = follow();
  await expect.poll(() => plane.streams()).toBe(1);
  plane.emit({ subject: 7 as unknown as string });
  await expect.poll(() => followed.positions).toEqual([null]);
  followed.stop.abort();
  await followed.ended;
});

const TEXT = 'retry: 2000\r\n\r\n: comment\r\n\r\nid: 7\r\ndata: {"a":\r\ndata: "船出"}\r\n\r\nid:8\ndata:x\n\n';
const MESSAGES = [
  { id: '7', data: '{"a":\n"船出"}' },
  { id: '8', data: 'x' },
];

test('a stream gives the same messages wherever it is cut, inside characters and line ends too', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const stream = ReadableStream.from([bytes.slice(0, cut), bytes.slice(cut)]) as ReadableStream<Uint8Array>;
    const messages: unknown[] = [];
    for await (const message of messagesOf(stream)) messages.push(message);
    expect(messages).toEqual(MESSAGES);
  }
});
