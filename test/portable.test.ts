/** What the pages about other platforms show, taken out of them and tried. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runtime } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { freePort } from '../tools/chaos/server-process.ts';
import { HTTP_CASES } from './functions/http-cases.ts';
import { until } from './functions/test-host.ts';

const DOCS = new URL('../docs/how-to/', import.meta.url);
const EXAMPLE = new URL('../examples/lambda-handler/', import.meta.url);
const knative = await readFile(new URL('run-on-knative.md', DOCS), 'utf8');
const lambda = await readFile(new URL('run-on-lambda.md', DOCS), 'utf8');

function blocksOf(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, name, body = '']) =>
    name === language ? [body] : [],
  );
}

/** For what a handler can do; `echo` answers with the value in its body. */
const HANDLERS = `
import { setTimeout as sleep } from 'node:timers/promises';
export const show = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis() });
export const echo = async (event) => JSON.parse(event.body).value;
export const fail = async () => { throw new Error('of nobody else\\'s business'); };
export const slow = async () => { console.log('begun'); await sleep(500); return { statusCode: 200, body: 'late' }; };
export const raw = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); await sleep(20); stream.end('b'); });
export const torn = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); await sleep(20); throw new Error('torn'); });
export const number = 1;
`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

describe('the adapter for containers', () => {
  let folder: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'funade-portable-'));
    const [adapter = ''] = blocksOf(knative, 'js');
    expect(adapter).toMatch(/^\/\/ server\.mjs: /);
    await writeFile(join(folder, 'server.mjs'), adapter);
    await writeFile(join(folder, 'all.mjs'), HANDLERS);
    for (const file of ['index.mjs', 'stream.mjs']) await cp(new URL(file, EXAMPLE), join(folder, file));
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  interface Served {
    readonly child: ChildProcess;
    readonly said: () => string;
    ask(path: string, sent?: { method?: string; headers?: Record<string, string>; body?: Buffer }): Promise<Answer>;
  }

  /** With plain Node.js, as the page says. */
  async function serve(handler: string, environment: Readonly<Record<string, string>> = {}): Promise<Served> {
    const port = await freePort();
    const env = {
      HANDLER: handler,
      PORT: String(port),
      K_SERVICE: 'shop-api',
      K_REVISION: 'shop-api-1',
      ...environment,
    };
    const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)));
    const ask: Served['ask'] = async (path, { method = 'GET', headers = {}, body } = {}) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(await response.toArray()),
      };
    };
    await until(
      () => listens(port),
      (is) => is || child.exitCode !== null,
    );
    return { child, said: () => said, ask };
  }

  async function listens(port: number): Promise<boolean> {
    const socket = connect(port, '127.0.0.1');
    const is = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return is;
  }

  function textOf({ body }: Answer): string {
    return body.toString('utf8');
  }

  describe('makes the events that Funade makes', () => {
    let served: Served;
    beforeAll(async () => {
      served = await serve('all.show');
    });

    test.each(HTTP_CASES.events)('$name', async ({ meta, body, event }) => {
      const { method, path, query, cookies } = meta;
      const headers = { ...meta.headers, ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}) };
      const target = query === '' ? path : `${path}?${query}`;
      const answer = await served.ask(target, { method, headers, body: Buffer.from(body, 'base64') });
      const shown = JSON.parse(textOf(answer)).event;
      const wanted = event as { readonly headers: object; readonly requestContext: { readonly http: object } };
      const { requestContext } = shown;
      expect(shown).toEqual({
        ...wanted,
        routeKey: '$default',
        headers: expect.objectContaining(wanted.headers),
        requestContext: {
          ...wanted.requestContext,
          ...{ routeKey: '$default', stage: '$default', domainName: shown.headers.host },
          ...{ requestId: expect.any(String), time: expect.any(String), timeEpoch: expect.any(Number) },
          http: { ...wanted.requestContext.http, sourceIp: expect.stringContaining('127.0.0.1') },
        },
      });
      expect(new Date(requestContext.time).getTime()).toBe(requestContext.timeEpoch);
      for (const name of ['connection', 'cookie', 'transfer-encoding']) expect(shown.headers).not.toHaveProperty(name);
    });

    test('with a context, and with the caller that a proxy names', async () => {
      const headers = { 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'x-request-id': 'r-7' };
      const { event, context, left } = JSON.parse(textOf(await served.ask('/', { headers })));
      expect(event.requestContext).toMatchObject({ requestId: 'r-7', http: { sourceIp: '203.0.113.7' } });
      expect(context).toEqual({ awsRequestId: 'r-7', functionName: 'shop-api', functionVersion: 'shop-api-1' });
      expect(left).toBeGreaterThan(2000);
      expect(left).toBeLessThanOrEqual(3000);
    });

    test('but for a body that is too large', async () => {
      const body = Buffer.alloc(6 * 1024 * 1024 + 1, 'x');
      expect((await served.ask('/', { method: 'POST', body })).status).toBe(413);
      expect((await served.ask('/', { method: 'POST', body: body.subarray(1) })).status).toBe(200);
    });
  });

  describe('answers as Funade does', () => {
    let served: Served;
    beforeAll(async () => {
      served = await serve('all.echo');
    });

    test.each(HTTP_CASES.answers)('$name', async ({ value, meta, body = '' }) => {
      const answer = await served.ask('/', { method: 'POST', body: Buffer.from(JSON.stringify({ value })) });
      if (meta === undefined) {
        expect([answer.status, textOf(answer)]).toEqual([500, '{"message":"Internal Server Error"}']);
        return;
      }
      expect(answer.status).toBe(meta.status);
      expect(answer.body.toString('base64')).toBe(body);
      expect(answer.headers).toMatchObject(meta.headers);
      expect(answer.headers['content-type']).toBe(meta.headers['content-type']);
      expect(answer.headers['set-cookie'] ?? []).toEqual(meta.cookies);
    });
  });

  test('runs the example as it is', async () => {
    const index = await serve('index.handler', { GREETING: 'Hello' });
    const greeted = await index.ask('/api?name=Ann');
    expect([greeted.status, JSON.parse(textOf(greeted))]).toEqual([
      200,
      expect.objectContaining({ greeting: 'Hello, Ann!' }),
    ]);
    expect((await index.ask('/api')).status).toBe(400);
    const stream = await serve('stream.handler');
    const counted = await stream.ask('/stream');
    expect([counted.status, counted.headers['content-type'], textOf(counted)]).toEqual([
      200,
      'text/plain; charset=utf-8',
      '3\n2\n1\nlift-off\n',
    ]);
  });

  test('streams without a head, and breaks off what breaks', async () => {
    const raw = await (await serve('all.raw')).ask('/');
    expect([raw.status, raw.headers['content-type'], textOf(raw)]).toEqual([200, 'application/octet-stream', 'ab']);
    await expect((await serve('all.torn')).ask('/')).rejects.toThrow(/aborted/);
  });

  test('tells callers nothing of what a handler threw, and goes on', async () => {
    const failing = await serve('all.fail');
    for (let round = 0; round < 2; round += 1) {
      const answer = await failing.ask('/');
      expect([answer.status, textOf(answer)]).toEqual([500, '{"message":"Internal Server Error"}']);
    }
    expect(failing.said()).toContain("of nobody else's business");
  });

  test('does not start without its handler', async () => {
    const { child, said } = await serve('all.number');
    expect(child.exitCode).toBe(1);
    expect(said()).toContain('all.mjs has no function number');
  });

  test('ends at SIGTERM, after the request that it works on', async () => {
    const { child, said, ask } = await serve('all.slow');
    const exit = once(child, 'exit');
    const late = ask('/');
    await until(said, (text) => text.includes('begun'));
    child.kill('SIGTERM');
    expect(textOf(await late)).toBe('late');
    expect(await exit).toEqual([0, null]);
  });
});

describe('the manifests for Knative', () => {
  const manifests = blocksOf(knative, 'yaml').flatMap((block) => {
    const [document, ...more] = parseAllDocuments(block);
    expect([document?.errors, more]).toEqual([[], []]);
    return [document?.toJS() as any]; // oxlint-disable-line typescript/no-explicit-any -- tests look into whatever is there
  });
  const service = manifests.find(({ kind }) => kind === 'Service');

  test('name revisions after their service, and share all of the traffic', () => {
    const { name } = service.metadata;
    expect(service.spec.template.metadata.name).toBe(`${name}-1`);
    const shares = [service.spec, ...manifests].flatMap(({ traffic }) => (traffic === undefined ? [] : [traffic]));
    expect(shares).toHaveLength(2);
    for (const traffic of shares as readonly { readonly revisionName: string; readonly percent: number }[][]) {
      expect(traffic.reduce((sum, { percent }) => sum + percent, 0)).toBe(100);
      for (const { revisionName } of traffic) expect(revisionName.startsWith(`${name}-`)).toBe(true);
    }
  });

  test('say the same time limit twice, and run as the user of the image', () => {
    const { timeoutSeconds, containers } = service.spec.template.spec;
    const variables = Object.fromEntries(
      containers[0].env.map(({ name, value }: Record<string, string>) => [name, value]),
    );
    expect(variables).toMatchObject({ HANDLER: 'index.handler', TIMEOUT_SECONDS: String(timeoutSeconds) });
    expect(containers[0].securityContext.runAsNonRoot).toBe(true);
    expect(blocksOf(knative, 'dockerfile')[0]).toMatch(/^USER [1-9]\d*$/m);
  });
});

describe('the commands for AWS Lambda', () => {
  test('name runtimes that there are', () => {
    const named = [...lambda.matchAll(/\b(?:nodejs|python|provided\.)[a-z]*\d[\w.]*/g)].map(([name]) =>
      name.replace(/\.$/, ''),
    );
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(Object.values(Runtime)).toContain(name);
  });

  test('name files that the example has', async () => {
    const zipped = [...lambda.matchAll(/^zip \S+\.zip (.+)$/gm)].flatMap(([, files = '']) => files.split(' '));
    expect(zipped).toEqual(['index.mjs', 'stream.mjs', 'bootstrap']);
    for (const file of zipped) expect((await readFile(new URL(file, EXAMPLE))).length).toBeGreaterThan(0);
  });
});
