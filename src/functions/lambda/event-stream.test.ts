import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type EventMessage,
  createMessageReader,
  encodeInvokeComplete,
  encodeMessage,
  encodePayloadChunk,
} from './event-stream.ts';

function read(bytes: Uint8Array): readonly EventMessage[] {
  const messages: EventMessage[] = [];
  createMessageReader((message) => messages.push(message))(bytes);
  return messages;
}

function textOf(message: EventMessage | undefined): string {
  return Buffer.from(message?.payload ?? []).toString();
}

const anyHeaders = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name !== '__proto__'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  { maxKeys: 4, noNullPrototype: true },
);
const anyMessage = fc.record({ headers: anyHeaders, payload: fc.uint8Array({ maxLength: 200 }) });

test('messages survive any cutting of the byte stream', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 90 })), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map(encodeMessage));
      const received: EventMessage[] = [];
      const reader = createMessageReader((message) => received.push(message));
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        reader(bytes.subarray(at, at + cut));
        at += cut;
      }
      expect(received.map(({ headers, payload }) => ({ headers, payload: [...payload] }))).toEqual(
        messages.map(({ headers, payload }) => ({ headers, payload: [...payload] })),
      );
    }),
  );
});

test('a bit that flipped anywhere in a message is noticed', () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.integer({ min: 0, max: 7 }), (message, position, bit) => {
      const bytes = encodeMessage(message);
      const at = position % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
      expect(() => read(bytes)).toThrow(RangeError);
    }),
  );
});

test('an empty message has the bytes that the format publishes', () => {
  const bytes = encodeMessage({ headers: {}, payload: Buffer.alloc(0) });
  expect(bytes.toString('hex')).toBe('000000100000000005c248eb7d98c8ff');
});

test('a chunk is the raw bytes of the answer with the headers of its event', () => {
  const [message] = read(encodePayloadChunk(Buffer.from([0, 255, 10])));
  expect(message?.headers).toEqual({
    ':message-type': 'event',
    ':event-type': 'PayloadChunk',
    ':content-type': 'application/octet-stream',
  });
  expect([...(message?.payload ?? [])]).toEqual([0, 255, 10]);
});

test('the end of a stream tells only what there is to tell', () => {
  const [good] = read(encodeInvokeComplete({}));
  expect(good?.headers).toEqual({
    ':message-type': 'event',
    ':event-type': 'InvokeComplete',
    ':content-type': 'application/json',
  });
  expect(textOf(good)).toBe('{}');
  const [broken] = read(
    encodeInvokeComplete({ errorCode: 'Runtime.ExitError', errorDetails: 'gone', logResult: 'bG9n' }),
  );
  expect(JSON.parse(textOf(broken))).toEqual({
    ErrorCode: 'Runtime.ExitError',
    ErrorDetails: 'gone',
    LogResult: 'bG9n',
  });
});

test('a part that is too long is never written', () => {
  const payload = Buffer.alloc(0);
  expect(() => encodePayloadChunk(Buffer.alloc(16 * 1024 * 1024))).toThrow(RangeError);
  expect(() => encodeMessage({ headers: { ['n'.repeat(256)]: '' }, payload })).toThrow(RangeError);
  expect(() => encodeMessage({ headers: { '': 'v' }, payload })).toThrow(RangeError);
  expect(() => encodeMessage({ headers: { name: 'v'.repeat(32_768) }, payload })).toThrow(RangeError);
});
