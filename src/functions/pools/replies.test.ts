import { expect, test } from 'vitest';
import { readFault, readResult } from './replies.ts';

const RESULT = { status: 200, headers: { 'content-type': 'text/plain' }, cookies: ['a=1'] };

test('a RESULT is read, and nothing that it has besides', () => {
  expect(readResult({ ...RESULT, more: 1 }, 'http')).toEqual(RESULT);
  expect(readResult({ ...RESULT, stream: true }, 'http')).toEqual({ ...RESULT, stream: true });
  expect(readResult({}, 'payload')).toEqual({ status: 200, headers: {}, cookies: [] });
});

test.each([
  ['no meta', null],
  ['status 100', { ...RESULT, status: 100 }],
  ['status 101', { ...RESULT, status: 101 }],
  ['status 199', { ...RESULT, status: 199 }],
  ['status 600', { ...RESULT, status: 600 }],
  ['a status that is no whole number', { ...RESULT, status: 200.5 }],
  ['a status that is a text', { ...RESULT, status: '200' }],
  ['the name of a header in capitals', { ...RESULT, headers: { 'Content-Length': '5' } }],
  ['headers that are a list', { ...RESULT, headers: ['content-length', '5'] }],
  ['a header with several values', { ...RESULT, headers: { a: ['1', '2'] } }],
  ['a cookie that is no text', { ...RESULT, cookies: [{}] }],
  ['no cookies', { status: 200, headers: {} }],
])('a RESULT with %s breaks the protocol, streamed or not', (_, meta) => {
  expect(() => readResult(meta, 'http')).toThrow('RESULT frame without');
  expect(() => readResult(meta === null ? meta : { ...meta, stream: true }, 'http')).toThrow('RESULT frame without');
});

test('a fault is cut to what the wire promises and has no text that can not be stored', () => {
  const long = 'x'.repeat(60_000);
  const fault = readFault({ errorType: long, message: `\0${long}`, trace: Array(1000).fill(`\uD800${long}`) });
  expect([fault.errorType.length, fault.message.length, fault.trace.length]).toEqual([200, 4096, 12]);
  expect(fault.message.startsWith('\uFFFDx')).toBe(true);
  expect(fault.trace.every((line) => line.length === 500 && line.startsWith('\uFFFDx'))).toBe(true);
});

test('a cut never leaves half of a character', () => {
  const { message } = readFault({ errorType: 'E', message: `${'x'.repeat(4095)}😀`, trace: [] });
  expect(message).toBe(`${'x'.repeat(4095)}\uFFFD`);
});

test.each([[null], [{ errorType: 'E', message: 1, trace: [] }], [{ errorType: 'E', message: 'm', trace: [[[]]] }]])(
  '%j is no fault',
  (meta) => {
    expect(() => readFault(meta)).toThrow('ERROR frame without an error');
  },
);
