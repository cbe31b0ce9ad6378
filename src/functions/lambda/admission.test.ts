/** Who is let in before anything of a body is read, and how often. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { type TestHost, asError, removeArtifacts, startTestHost } from '../../../test/functions/test-host.ts';

let database: TestDatabase;
let host: TestHost;
const taken: string[] = [];
let over: { readonly seconds: number } | null = null;
beforeAll(async () => {
  database = await createTestDatabase();
  const take = (tokenId: string) => {
    taken.push(tokenId);
    return over;
  };
  host = await startTestHost(database, { callRate: { take } });
  await host.functions.standalone.publish({
    ...{ name: 'one', form: 'module', by: 'tester', onFault: asError },
    code: { kind: 'files', files: { 'index.mjs': 'export const handler = async () => 1;' } },
    config: { runtime: 'nodejs', handler: 'index.handler' },
  });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

const PATH = '/2015-03-31/functions/one/invocations';

/** What comes back while 6 MB were announced, and nothing of them was sent. */
async function answerTo(authorization: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  const lines = [`POST ${PATH} HTTP/1.1`, 'host: here', 'content-length: 6000000', ...authorization];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  socket.destroy();
  return answer.toString();
}

function signedBy(key: string): readonly string[] {
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${key}/${now.slice(0, 8)}/local/lambda/aws4_request`;
  const claim = `Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  return [`x-amz-date: ${now}`, `authorization: AWS4-HMAC-SHA256 ${claim}`];
}

test.each([
  ['no credentials', [], 'MissingAuthenticationToken'],
  ['a wrong token', ['authorization: Bearer wrong'], 'UnrecognizedClientException'],
  ['an unknown key', signedBy('nobody'), 'UnrecognizedClientException'],
  [
    'a wrong signature over a stated hash',
    [...signedBy('test'), `x-amz-content-sha256: ${'0'.repeat(64)}`],
    'InvalidSignature',
  ],
])('%s is refused before the body has come', async (_, authorization, told) => {
  const answer = await answerTo(authorization);
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).toContain(told);
  expect(taken).toEqual([]);
});

test('a caller who has called too often is refused before the body has come, with the time to wait', async () => {
  over = { seconds: 42 };
  const answer = await answerTo(['authorization: Bearer right']);
  over = null;
  expect(answer).toMatch(/^HTTP\/1\.1 429 /);
  expect(answer).toMatch(/^retry-after: 42\r$/im);
  expect(answer).toContain('TooManyRequestsException');
  expect(taken.splice(0)).toEqual(['tok_tester']);
});

test('calls with a signature count for the token of the key, and the SDK knows the refusal', async () => {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'secret' };
  const client = new LambdaClient({ endpoint: host.url, region: 'local', credentials, maxAttempts: 1 });
  const call = () => client.send(new InvokeCommand({ FunctionName: 'one', Payload: '{}' }));
  expect((await call()).StatusCode).toBe(200);
  over = { seconds: 7 };
  await expect(call()).rejects.toMatchObject({
    ...{ name: 'TooManyRequestsException', Reason: 'CallerRateLimitExceeded' },
    retryAfterSeconds: '7',
  });
  over = null;
  client.destroy();
  expect(taken.splice(0)).toEqual(['tok_tester', 'tok_tester']);
});

test('a body that is too large is told to those who may call', async () => {
  const large = ['authorization: Bearer right', 'x-extra: 1'];
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  socket.write(`${[`POST ${PATH} HTTP/1.1`, 'host: here', 'content-length: 7000000', ...large].join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  socket.destroy();
  expect(answer.toString()).toContain('413');
});
