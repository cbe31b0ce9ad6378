import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createBodyReader } from './body.ts';

const KIB = 1024;

test('many small unfinished bodies are dropped too when they are over the budget together', async () => {
  const reader = createBodyReader({ bodyBytes: 1024 * KIB, bodyMs: 60_000, bufferedBytes: 100 * KIB });
  const streams = Array.from({ length: 20 }, () => new PassThrough({ highWaterMark: 1024 * KIB }));
  const dropped: number[] = [];
  streams.forEach((stream, index) => {
    void reader.read(stream).then(({ kind }) => kind === 'no_memory' && dropped.push(index));
    stream.write(Buffer.alloc(10 * KIB));
  });
  await expect.poll(() => dropped.length).toBe(10);
  expect(dropped).toEqual(Array.from({ length: 10 }, (_, index) => index));
  for (const stream of streams) stream.destroy();
});

test('over the number of bodies under way the oldest gives way to the newcomer', async () => {
  const reader = createBodyReader({ bodyBytes: KIB, bodyMs: 60_000, bufferedBytes: 100 * KIB, unfinished: 2 });
  const slow = [new PassThrough(), new PassThrough()];
  const waiting = slow.map((stream) => reader.read(stream));
  const newcomer = new PassThrough();
  const reading = reader.read(newcomer);
  newcomer.end('{}');
  expect((await reading).kind).toBe('read');
  expect((await waiting[0])?.kind).toBe('no_memory');
  slow[1]?.end('{}');
  expect((await waiting[1])?.kind).toBe('read');
});
