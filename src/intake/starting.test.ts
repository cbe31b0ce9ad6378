import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { deliver } from '../../test/intake-rig.ts';
import { handleWhileStarting } from './index.ts';

test('a delivery that comes before everything is up is asked to come again', async () => {
  const server = createServer((request, response) => void handleWhileStarting(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const answer = await deliver((server.address() as AddressInfo).port);
  expect([answer.status, answer.headers['retry-after'], answer.body['code']]).toEqual([
    503,
    '30',
    'FUN_WEBHOOK_NOT_STORED',
  ]);
  server.close();
});
