import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Frame, FRAME, MAX_BODY, createFrameReader, encodeFrame } from './frames.ts';

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

test('a length that no frame may have, an unknown type and a meta longer than its frame are refused', () => {
  const long = Buffer.alloc(11);
  long.writeUInt32BE(100 * 1024 * 1024, 0);
  const unknown = encodeFrame(FRAME.PING, 1, null, 0);
  unknown.writeUInt8(99, 4);
  const overlong = encodeFrame(FRAME.PING, 1, null, 0);
  overlong.writeUInt16BE(500, 9);
  for (const bytes of [long, unknown, overlong]) {
    expect(() => createFrameReader(() => {})(bytes)).toThrow(RangeError);
  }
});

test('a meta or body that is too long is never written', () => {
  expect(() => encodeFrame(FRAME.INVOKE, 1, { text: 'x'.repeat(70_000) }, 0)).toThrow(RangeError);
  expect(() => encodeFrame(FRAME.INVOKE, 1, null, MAX_BODY + 1)).toThrow(RangeError);
});
