import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  deploy,
  functionConfig,
  makeArtifact,
  removeArtifacts,
  startTestHost,
} from '../../../test/functions/test-host.ts';

/** `forge` writes the frames of its answer itself; `answer` and `stream` answer what they are told. */
const CODE = `
import { writeSync } from 'node:fs';
const BODY = 'HELLOHTTP/1.1 200 OK\\r\\ncontent-length: 5\\r\\nset-cookie: stolen=1\\r\\n\\r\\nEVIL!';
function frame(type, sequence, meta, body = '') {
  const text = meta === null ? '' : JSON.stringify(meta);
  const head = Buffer.alloc(11);
  head.writeUInt32BE(7 + Buffer.byteLength(text) + Buffer.byteLength(body), 0);
  head[4] = type;
  head.writeUInt32BE(sequence, 5);
  head.writeUInt16BE(Buffer.byteLength(text), 9);
  writeSync(3, Buffer.concat([head, Buffer.from(text), Buffer.from(body)]));
}
let sequence = 1; // of LOAD
export const forge = async (event) => {
  sequence += 1;
  const meta = { status: 200, headers: {}, cookies: [], ...JSON.parse(event.body) };
  frame(4, sequence, meta, meta.stream ? '' : BODY);
  if (meta.stream) {
    frame(6, sequence, null, BODY);
    frame(7, sequence, {});
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
};
export const answer = async (event) => ({ statusCode: 200, body: 'fine', ...JSON.parse(event.body) });
export const stream = awslambda.streamifyResponse(async (event, stream) => {
  awslambda.HttpResponseStream.from(stream, { statusCode: 200, ...JSON.parse(event.body) }).end('fine');
});
`;
const NAMES = ['forge', 'answer', 'stream'];

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
  const artifact = await makeArtifact({ 'index.mjs': CODE });
  const configs = NAMES.map((name) => [name, functionConfig({ handler: `index.${name}`, route: `/${name}` })] as const);
  const functions = Object.fromEntries(configs);
  await deploy(host.functions, { id: 'rel_a', digest: 'sha256:a', artifact, functions, variables: {} });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

/** All that comes over the connection of one request. */
function exchange(name: string, meta: unknown): Promise<string> {
  const body = JSON.stringify(meta);
  const lines = [`POST /fn/production/shop/${name} HTTP/1.1`, 'host: shop', 'connection: close'];
  const request = [...lines, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

describe.each([[false], [true]])('a frame that the function wrote itself, streamed: %s,', (stream) => {
  test.each([
    ['Content-Length', { headers: { 'Content-Length': '5' } }],
    ['Transfer-Encoding', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['X-Funade-Version', { headers: { 'X-Funade-Version': 'rel_other' } }],
    ['status 100', { status: 100 }],
    ['status 101', { status: 101, headers: { upgrade: 'x' } }],
  ])('with %s is a protocol error and one response', async (_, meta) => {
    const text = await exchange('forge', { ...meta, stream });
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(text).toContain('FUNCTION_PROTOCOL');
    expect(text).not.toContain('EVIL');
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  test('with content-length in lower case is counted anew', async () => {
    const text = await exchange('forge', { headers: { 'content-length': '5' }, stream });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.toLowerCase()).not.toContain('content-length: 5\r\n\r\nhello');
    expect(text).toMatch(stream ? /transfer-encoding: chunked/i : /content-length: 7\d\r\n/i);
  });
});

describe.each([['answer'], ['stream']])('what a handler returns through %s', (name) => {
  test.each([
    ['a line break in a header', { headers: { location: '/a\r\nset-cookie: stolen=1' } }],
    ['a line break in a cookie', { cookies: ['a=1\r\nx: 1'] }],
    ['NUL in a header', { headers: { location: '/\0' } }],
    ['a header beyond latin1', { headers: { location: '/日本' } }],
    ['a cookie beyond latin1', { cookies: ['a=日本'] }],
    ['a name that is none', { headers: { 'transfer-encoding ': 'chunked' } }],
  ])('with %s is no answer, and nothing of it is sent', async (_, answer) => {
    const text = await exchange(name, answer);
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(text).not.toMatch(/stolen|fine/);
  });

  test('loses the headers of the connection', async () => {
    const names = ['connection', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings'];
    const headers = Object.fromEntries(names.map((each) => [each, 'x-forged']));
    const text = await exchange(name, { headers: { ...headers, 'X-Own': 'yes' } });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('x-own: yes');
    expect(text).not.toContain('x-forged');
  });
});
