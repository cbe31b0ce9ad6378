import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  deploy,
  functionConfig,
  makeArtifact,
  removeArtifacts,
  startTestHost,
  until,
} from '../../../test/functions/test-host.ts';

const CODE = `
export async function echo(event, context) {
  return { statusCode: 201, headers: { 'X-Seen': context.awsRequestId }, cookies: ['a=1; Path=/', 'b=2'], body: JSON.stringify(event) };
}
export const plain = async () => ({ hello: 'world' });
export const empty = async () => ({ statusCode: 204 });
export const binary = async (event) => ({ statusCode: 200, headers: { 'content-type': 'image/png' }, isBase64Encoded: true, body: event.body });
export function callback(event, context, done) { setTimeout(() => done(null, { statusCode: 200, body: context.functionName }), 5); }
export const throws = async () => { throw new TypeError('the secret is platypus'); };
export const refuses = async () => ({ statusCode: 503, body: 'closed' });
export const nonsense = async () => ({ statusCode: 'many' });
export const header = async () => ({ statusCode: 200, headers: { 'bad header': 'x' } });
export const large = async () => 'x'.repeat(7 * 1024 * 1024);
export const hog = async () => { const kept = []; for (;;) kept.push(Array.from({ length: 1e5 }, (_, i) => ({ i }))); };
export const variables = async () => ({ ...process.env, initial: (await import('node:fs')).readFileSync('/proc/self/environ', 'utf8') });
`;
const NAMES = [
  'echo',
  'plain',
  'empty',
  'binary',
  'callback',
  'throws',
  'refuses',
  'nonsense',
  'header',
  'large',
  'hog',
  'variables',
];

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database, { privateCookies: ['funade_session'] });
  const artifact = await makeArtifact({ 'index.mjs': CODE });
  const routes = Object.fromEntries(
    NAMES.map((name) => [
      name,
      // Filling memory takes a busy machine its time.
      functionConfig({ handler: `index.${name}`, route: `/${name}`, memory: 64, timeout: 30_000 }),
    ]),
  );
  await deploy(host.functions, {
    id: 'rel_a',
    digest: 'sha256:a',
    artifact,
    functions: {
      ...routes,
      deep: functionConfig({ handler: 'index.echo', route: '/deep/*', environment: { COLOUR: 'blue' } }),
      guarded: functionConfig({ handler: 'index.echo', route: '/guarded', auth: 'token' }),
    },
    variables: { SECRET: 'not in argv' },
  });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

function call(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${host.url}/fn/production/shop${path}`, init);
}

test('a request arrives as an API Gateway v2 event and its answer goes back with headers and cookies', async () => {
  const answer = await call('/echo?a=1&a=2&b=%20x', {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'funade_session=private; theme=dark', 'x-own': 'yes' },
    body: '{"n":1}',
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('x-funade-version')).toBe('rel_a');
  expect(answer.headers.get('x-funade-alias')).toBe('shop/production');
  expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
  const event = (await answer.json()) as Record<string, unknown>;
  expect(event).toMatchObject({
    version: '2.0',
    rawPath: '/echo',
    rawQueryString: 'a=1&a=2&b=%20x',
    queryStringParameters: { a: '1,2', b: ' x' },
    cookies: ['theme=dark'],
    headers: { 'x-own': 'yes' },
    requestContext: { http: { method: 'POST', path: '/echo' }, stage: 'production' },
    body: '{"n":1}',
    isBase64Encoded: false,
  });
  expect(answer.headers.get('x-seen')).toBe((event['requestContext'] as { requestId: string }).requestId);
});

test('bytes that are no text go in and come out unchanged', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index % 256);
  const answer = await call('/binary', { method: 'PUT', headers: { 'content-type': 'image/png' }, body: bytes });
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
});

test('a value without statusCode is the JSON body, and a callback handler answers too', async () => {
  const plain = await call('/plain');
  expect([plain.status, plain.headers.get('content-type'), await plain.json()]).toEqual([
    200,
    'application/json',
    { hello: 'world' },
  ]);
  expect(await (await call('/callback')).text()).toBe('shop-callback');
  expect((await call('/empty')).status).toBe(204);
});

test('HEAD gets the headers of the answer and no body', async () => {
  const answer = await call('/plain', { method: 'HEAD' });
  expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '17', '']);
});

test('a route with /* takes everything below, an exact one only itself', async () => {
  expect((await call('/deep/er/still')).status).toBe(201);
  expect((await call('/deep')).status).toBe(201);
  expect((await call('/echo/more')).status).toBe(404);
});

test('variables reach the handler and never the environment that the process was started with', async () => {
  const seen = (await (await call('/variables')).json()) as Record<string, string>;
  expect(seen['SECRET']).toBe('not in argv');
  expect(seen['FUNADE_VERSION']).toBe('rel_a');
  expect(seen['initial']).not.toContain('not in argv');
});

test.each([
  ['/throws', 422, 'FUNCTION_ERROR'],
  ['/nonsense', 502, 'FUNCTION_PROTOCOL'],
  ['/header', 502, 'FUNCTION_PROTOCOL'],
  ['/large', 502, 'RESPONSE_TOO_LARGE'],
  ['/hog', 507, 'FUNCTION_OUT_OF_MEMORY'],
])(
  '%s answers %i %s and blames the function without telling its secrets',
  async (path, status, code) => {
    const answer = await call(path);
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(JSON.parse(text)).toMatchObject({
      status,
      code,
      details: { by: 'function' },
      requestId: expect.any(String),
    });
    expect(text).not.toContain('platypus');
    expect(answer.headers.get('x-funade-version')).toBe('rel_a');
  },
  60_000,
);

test('what a handler threw is in the log with its request and stack', async () => {
  const answer = await call('/throws');
  const { requestId } = (await answer.json()) as { requestId: string };
  const isThis = (each: { readonly requestId: string | null }) => each.requestId === requestId;
  const lines = await until(
    () => host.functions.logs.list({ app: 'shop', environment: 'production', limit: 1000 }),
    (all) => all.some(isThis),
  );
  expect(lines.find(isThis)?.text).toMatch(/^TypeError: the secret is platypus\nat .*index\.mjs:/);
});

test('an answer of the function keeps its own status, 503 included', async () => {
  const answer = await call('/refuses');
  expect([answer.status, await answer.text()]).toEqual([503, 'closed']);
});

test('an unknown application, environment or path is a 404 that says what to do', async () => {
  for (const path of ['/fn/production/nobody/x', '/fn/moon/shop/echo', '/fn/production/shop/none', '/fn/', '/fn/a']) {
    const answer = await fetch(`${host.url}${path}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', fix: expect.stringContaining('funade status') });
  }
});

test('a function with auth: token wants a right bearer token and never sees it', async () => {
  expect((await call('/guarded')).status).toBe(401);
  expect((await call('/guarded', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
  const answer = await call('/guarded', { headers: { authorization: 'Bearer right' } });
  expect(answer.status).toBe(201);
  expect(await answer.text()).not.toContain('Bearer');
});

test('a payload of 6 MB passes and a larger one is a 413, announced or not', async () => {
  const limit = 6 * 1024 * 1024;
  const passes = await call('/empty', { method: 'POST', body: new Uint8Array(limit) });
  expect(passes.status).toBe(204);
  expect((await call('/empty', { method: 'POST', body: new Uint8Array(limit + 1) })).status).toBe(413);
  const stream = new ReadableStream({
    start(controller) {
      for (let sent = 0; sent < 7; sent += 1) controller.enqueue(new Uint8Array(1024 * 1024));
      controller.close();
    },
  });
  const chunked = await call('/empty', { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
  expect([chunked.status, ((await chunked.json()) as { code: string }).code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
});

test('a WebSocket upgrade is refused with 426', async () => {
  const status = await new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    httpRequest(`${host.url}/fn/production/shop/echo`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(426);
});
