import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Frame, FRAME, MAX_BODY, MAX_CHUNK, createFrameReader, encodeFrame } from './frames.ts';

test('frames survive any cutting of the byte stream', () => {
  const frame = fc.record({ sequence: fc.nat(), meta: fc.jsonValue(), body: fc.uint8Array({ maxLength: 300 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 400 })), (frames, cuts) => {
      const bytes = Buffer.concat(
        frames.flatMap(({ sequence, meta, body }) => [encodeFrame(FRAME.INVOKE, sequence, meta, body.length), body]),
      );
      const received: Frame[] = [];
      const read = createFrameReader((each) => received.push(each));
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        if (at < bytes.length) read(bytes.subarray(at, at + cut));
        at += cut;
      }
      expect(received.map(({ sequence, meta, body }) => ({ sequence, meta, body: [...body] }))).toEqual(
        frames.map(({ sequence, meta, body }) => ({
          sequence,
          meta: JSON.parse(JSON.stringify(meta)) as unknown,
          body: [...body],
        })),
      );
    }),
  );
});

test('a chunk may be reused as soon as it was read', () => {
  const body = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(body, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (bodies, size) => {
      const bytes = Buffer.concat(
        bodies.flatMap((each) => [encodeFrame(FRAME.INVOKE, 1, { a: 1 }, each.length), each]),
      );
      const received: number[][] = [];
      const read = createFrameReader((frame) => received.push([...frame.body]));
      const chunk = Buffer.alloc(size);
      for (let at = 0; at < bytes.length; at += size) {
        const taken = bytes.copy(chunk, 0, at, at + size);
        read(chunk.subarray(0, taken));
        chunk.fill(0xff);
      }
      expect(received).toEqual(bodies.map((each) => [...each]));
    }),
  );
});

test('no meta takes no bytes and reads as null', () => {
  const received: unknown[] = [];
  const bytes = encodeFrame(FRAME.PING, 7, null, 0);
  createFrameReader((frame) => received.push(frame.meta))(bytes);
  expect([bytes.length, received]).toEqual([11, [null]]);
});

test('a length that no frame may have, an unknown type, a meta longer than its frame and a long piece are refused', () => {
  const long = Buffer.alloc(11);
  long.writeUInt32BE(100 * 1024 * 1024, 0);
  const unknown = encodeFrame(FRAME.PING, 1, null, 0);
  unknown.writeUInt8(99, 4);
  const overlong = encodeFrame(FRAME.PING, 1, null, 0);
  overlong.writeUInt16BE(500, 9);
  const chunk = Buffer.concat([encodeFrame(FRAME.INVOKE, 1, null, MAX_CHUNK + 1), Buffer.alloc(MAX_CHUNK + 1)]);
  chunk.writeUInt8(FRAME.CHUNK, 4);
  for (const bytes of [long, unknown, overlong, chunk]) {
    expect(() => createFrameReader(() => {})(bytes)).toThrow(RangeError);
  }
});

test('a meta or body that is too long is never written', () => {
  expect(() => encodeFrame(FRAME.INVOKE, 1, { text: 'x'.repeat(70_000) }, 0)).toThrow(RangeError);
  expect(() => encodeFrame(FRAME.INVOKE, 1, null, MAX_BODY + 1)).toThrow(RangeError);
  expect(() => encodeFrame(FRAME.CHUNK, 1, null, MAX_CHUNK + 1)).toThrow(RangeError);
});
