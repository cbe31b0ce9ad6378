import { expect, test } from 'vitest';
import { exchange } from './exchange.ts';

test('a reason shows nothing of the password that an address has', async () => {
  const request = {
    url: new URL('http://mona:hunter2@127.0.0.1:1/'),
    method: 'GET',
    headers: new Headers(),
    body: null,
  };
  const exchanged = await exchange(request, { timeoutMs: 5000, maxBytes: 1000 });
  expect(exchanged).toMatchObject({ kind: 'nothing', reason: expect.stringContaining('://***@127.0.0.1:1/') });
});
