import assert from 'node:assert/strict';
import test from 'node:test';
import { handler, queue } from '../index.mjs';

const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 3000 };
const http = (method, more) => ({ requestContext: { http: { method, path: '/api' } }, ...more });
process.env.GREETING = 'Hello';

test('greets who is named in the query', async () => {
  const { statusCode, body } = await handler(http('GET', { queryStringParameters: { name: 'Ann' } }), context);
  assert.deepEqual([statusCode, JSON.parse(body)], [200, { greeting: 'Hello, Ann!', requestId: 'r-1' }]);
});

test('greets who is named in the body, base64 or not', async () => {
  const body = '{"name":"Ann"}';
  const inBase64 = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
  for (const sent of [{ body, isBase64Encoded: false }, inBase64])
    assert.equal((await handler(http('POST', sent), context)).statusCode, 200);
});

test('tells who does not say a name', async () => {
  for (const event of [http('GET'), http('POST'), http('POST', { body: '[' }), http('POST', { body: 'null' })]) {
    const { statusCode, body } = await handler(event, context);
    assert.deepEqual([statusCode, JSON.parse(body)], [400, { error: 'name is missing' }]);
  }
});

test('takes messages of a queue, and throws when one can not be worked on', async () => {
  await queue({ Records: [{ messageId: 'm-1', body: '{"order":"A-1"}' }] });
  await assert.rejects(queue({ Records: [{ messageId: 'm-2', body: '{}' }] }), /message m-2 names no order/);
});
