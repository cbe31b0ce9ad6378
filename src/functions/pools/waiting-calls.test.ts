import { expect, test } from 'vitest';
import type { Call } from './call.ts';
import { createWaitingCalls } from './waiting-calls.ts';

const CALL: Call = { meta: { kind: 'payload', requestId: 'r', arn: 'a' }, body: Buffer.alloc(0) };
const STAYING = { gone: false };
const GONE = { gone: true };

function waitingCalls(limit: number) {
  return createWaitingCalls({ limit, wait: 10_000, refuse: () => ({ kind: 'throttled', reason: 'late' }) });
}

test('callers that have left give up their places when a new one needs it, and the others keep their order', async () => {
  const calls = waitingCalls(4);
  const staying = { ...CALL, body: Buffer.from('stays') };
  const left = [calls.push(CALL, GONE), calls.push(CALL, GONE)];
  void calls.push(staying, STAYING);
  left.push(calls.push(CALL, GONE));
  void calls.push(CALL, STAYING);
  expect(await Promise.all(left)).toEqual(left.map(() => ({ kind: 'abandoned' })));
  expect(calls.length()).toBe(2);
  expect(calls.shift(() => true)?.call).toBe(staying);
  calls.clear(() => ({ kind: 'shutting_down' }));
});

test('a queue of callers that are all still there refuses the next one', async () => {
  const calls = waitingCalls(2);
  for (let count = 0; count < 2; count += 1) void calls.push(CALL, STAYING);
  expect(await calls.push(CALL, STAYING)).toEqual({ kind: 'throttled', reason: '2 requests are waiting already' });
  calls.clear(() => ({ kind: 'shutting_down' }));
});
