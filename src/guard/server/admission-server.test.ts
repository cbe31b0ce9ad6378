import { Agent } from 'node:https';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ALLOWED,
  type Asked,
  type GuardServerRig,
  type RigWishes,
  ask,
  openGuardServer,
  review,
} from '../../../test/guard-server-rig.ts';
import type { Decision } from '../decision.ts';

const WITHIN = { timeout: 20_000, interval: 20 };
const MEBIBYTE = 1024 * 1024;

let rig: GuardServerRig;
afterEach(() => rig.stop());

async function open(wishes?: RigWishes): Promise<GuardServerRig> {
  rig = await openGuardServer(wishes);
  return rig;
}

async function metric(line: string): Promise<string | undefined> {
  const { text } = await rig.health('/metrics');
  return text
    .split('\n')
    .find((each) => each.startsWith(`${line} `))
    ?.slice(line.length + 1);
}

describe('a request that is no review is refused', () => {
  const cases: readonly (readonly [string, Asked, number, string])[] = [
    ['another path', { path: '/' }, 404, 'path'],
    ['a path below', { path: '/validate/all' }, 404, 'path'],
    ['a path that only begins like it', { path: '/validated' }, 404, 'path'],
    ['GET', { method: 'GET', body: '' }, 405, 'method'],
    ['PUT', { method: 'PUT' }, 405, 'method'],
    ['DELETE', { method: 'DELETE' }, 405, 'method'],
    ['OPTIONS', { method: 'OPTIONS' }, 405, 'method'],
    ['text', { headers: { 'content-type': 'text/plain' } }, 415, 'media_type'],
    ['protobuf', { headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }, 415, 'media_type'],
    ['a type that only begins like JSON', { headers: { 'content-type': 'application/jsonp' } }, 415, 'media_type'],
    ['no type', { headers: { 'content-type': '' } }, 415, 'media_type'],
    ['gzip', { headers: { 'content-encoding': 'gzip' } }, 415, 'encoding'],
    ['a Content-Length above the limit', { body: Buffer.alloc(3 * MEBIBYTE + 1, ' ') }, 413, 'too_large'],
    [
      'pieces that go beyond the limit',
      { body: Array.from({ length: 50 }, () => Buffer.alloc(65_536, ' ')) },
      413,
      'too_large',
    ],
    ['no body', { body: '' }, 400, 'bad_json'],
    ['text that is no JSON', { body: '{"apiVersion":' }, 400, 'bad_json'],
    ['bytes', { body: Buffer.from([0xff, 0xfe, 0x00, 0x80]) }, 400, 'bad_json'],
    ['3 MB of brackets', { body: '['.repeat(3_000_000) }, 400, 'too_deep'],
    ['3 MB of nested objects', { body: '{"a":'.repeat(600_000) }, 400, 'too_deep'],
    ['{}', { body: '{}' }, 400, 'malformed'],
    ['null', { body: 'null' }, 400, 'malformed'],
    ['a list', { body: '[]' }, 400, 'malformed'],
    ['a number', { body: '7' }, 400, 'malformed'],
    ['request: null', { body: JSON.stringify({ ...review(), request: null }) }, 400, 'malformed'],
    ['request: []', { body: JSON.stringify({ ...review(), request: [] }) }, 400, 'malformed'],
    [
      'a version that does not exist',
      { body: JSON.stringify({ ...review(), apiVersion: 'admission.k8s.io/v2' }) },
      400,
      'version',
    ],
    ['another kind', { body: JSON.stringify({ ...review(), kind: 'Pod' }) }, 400, 'version'],
  ];

  test('with its status and a code, as JSON without a stack, and counted', async () => {
    await open();
    for (const [name, asked, status, code] of cases) {
      const before = Number(await metric(`webhook_validation_errors_total{code="${code}"}`));
      const answer = await ask(rig, asked);
      expect.soft([name, answer.status]).toEqual([name, status]);
      expect.soft(answer.headers['content-type']).toBe('application/json');
      expect.soft(answer.json()).toEqual({ code, message: expect.any(String) as string });
      expect.soft(answer.text).not.toMatch(/\bat .*:\d+:\d+|\.ts/);
      expect.soft(Number(await metric(`webhook_validation_errors_total{code="${code}"}`))).toBe(before + 1);
      if (status === 405) expect.soft(answer.headers['allow']).toBe('POST');
      if (status === 413) expect.soft(answer.headers['connection']).toBe('close');
    }
    expect((await ask(rig)).status).toBe(200);
  });

  test('HEAD has no body, and OPTIONS tells the method', async () => {
    await open();
    const answer = await ask(rig, { method: 'HEAD', body: '' });
    expect([answer.status, answer.headers['allow'], answer.text]).toEqual([405, 'POST', '']);
  });

  test('in Japanese when the guard speaks it', async () => {
    await open({ language: 'ja' });
    expect((await ask(rig, { body: 'x' })).json()['message']).toBe('本文が JSON ではありません。');
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset=UTF-8',
    'application/json ; x=y',
  ])('but not for the type %s', async (type) => {
    await open();
    expect((await ask(rig, { headers: { 'content-type': type } })).status).toBe(200);
    expect((await ask(rig, { headers: { 'content-encoding': 'identity' } })).status).toBe(200);
  });

  test('before the body is sent, when the caller asks for that first', async () => {
    await open();
    const said = await sayOverTls(
      `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n`,
    );
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    const body = JSON.stringify(review());
    const head = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    expect(await sayOverTls(`${head}${body}`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  test('when it is no HTTP, or its head is too large', async () => {
    await open();
    expect(await sayOverTls('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad_http"/);
    expect(await sayOverTls(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await ask(rig)).status).toBe(200);
  });
});

describe('strange JSON breaks nothing', () => {
  test.each([
    ['__proto__ in the review', `{"__proto__":{"allowed":true},${JSON.stringify(review()).slice(1)}`],
    [
      '__proto__ in the object',
      JSON.stringify(review()).replace('"spec":', '"__proto__":{"replicas":1},"constructor":{"prototype":{}},"spec":'),
    ],
    ['the same key many times', JSON.stringify(review()).replace('"dryRun":false', '"dryRun":true,"dryRun":false')],
    ['lone surrogates', JSON.stringify(review({ name: 'a\ud800b' }))],
  ])('%s', async (_name, body) => {
    await open();
    const answer = await ask(rig, { body });
    expect(answer.status).toBe(200);
    expect(answer.json()['response']).toMatchObject({ allowed: true });
    expect(({} as Record<string, unknown>)['allowed']).toBeUndefined();
  });

  test('anything is answered with 200 or 400', async () => {
    await open();
    const agent = new Agent({ keepAlive: true });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .record({
              apiVersion: fc.constant('admission.k8s.io/v1'),
              kind: fc.constant('AdmissionReview'),
              request: fc.jsonValue(),
            })
            .map((each) => JSON.stringify(each)),
        ),
        async (body) => {
          expect([200, 400]).toContain((await ask(rig, { body, agent })).status);
        },
      ),
      { numRuns: 150 },
    );
    agent.destroy();
  });
});

test('a chunked body of 200 MB is refused without growth of memory', async () => {
  await open();
  await ask(rig);
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
  const said = await pourChunked(200 * MEBIBYTE);
  clearInterval(timer);
  expect(said.answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(said.sent).toBeLessThan(200 * MEBIBYTE + 1);
  // Caller and guard are one process here, and garbage comes and goes; a body that is kept would show whole.
  expect((most - before) / MEBIBYTE).toBeLessThan(120);
});

test('bodies that come byte by byte hold no more than the limit', async () => {
  const sizes: number[] = [];
  await open({ server: { bodyLimit: 4096 }, decider: { decide: () => ALLOWED } });
  const body = JSON.stringify(review());
  const answer = await ask(rig, { body: body.split('') });
  expect(answer.status).toBe(200);
  sizes.push(
    (await ask(rig, { body: 'x'.repeat(4097).split('') })).status,
    (await ask(rig, { body: [...' '.repeat(4096 - body.length).split(''), body] })).status,
  );
  expect(sizes).toEqual([413, 200]);
});

test('a connection is used again, and outlasts the 90 s of an API server', async () => {
  await open();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = await ask(rig, { agent });
  const second = await ask(rig, { agent });
  expect([first.reused, second.reused]).toEqual([false, true]);
  expect(first.headers['keep-alive']).toBe('timeout=95');
  expect(await metric('guard_connections')).toBe('1');
  agent.destroy();
  await expect.poll(() => metric('guard_connections'), WITHIN).toBe('0');
});

test('a body that comes too slowly ends with 408', async () => {
  await open({ server: { requestTimeoutMs: 1000, headersTimeoutMs: 1000 } });
  const head = 'POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
  expect(await sayOverTls(head)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"too_slow"/);
  expect(await sayOverTls('POST /validate HTTP/1.1\r\nHost')).toMatch(/^HTTP\/1\.1 408 /);
  expect(await metric('webhook_validation_errors_total{code="too_slow"}')).toBe('2');
});

describe('the deadline', () => {
  const hanging = { decide: () => new Promise<Decision>(() => {}) };

  test('is answered by the server when the decider hangs, as uncertain', async () => {
    await open({ decider: hanging });
    const begun = performance.now();
    const answer = await ask(rig, { path: '/validate?timeout=1s' });
    const took = performance.now() - begun;
    expect(answer.json()['response']).toMatchObject({
      allowed: false,
      status: { code: 503, details: { retryAfterSeconds: 2 } },
    });
    expect(took).toBeGreaterThan(650);
    expect(took).toBeLessThan(1000 + 2000); // on a machine that others use
    expect(await metric('webhook_requests_total{operation="CREATE",kind="Deployment",decision="uncertain"}')).toBe('1');
    expect(await metric('webhook_validation_errors_total{code="deadline"}')).toBe('1');
  });

  test('lets the change pass with a warning when so configured', async () => {
    await open({ decider: hanging, rules: { onUncertain: 'allow' } });
    const answer = await ask(rig, { path: '/validate?timeout=600ms' });
    expect(answer.json()['response']).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('Allowed without a check')] as unknown[],
    });
  });

  test('is told to the decider, whose own answer counts when it comes at once', async () => {
    const told: Decision = {
      kind: 'uncertain',
      uncertainty: { reason: 'unreachable', detail: 'get x' },
      message: 'mine',
      retryAfterSeconds: 1,
    };
    await open({
      decider: {
        decide: (_review, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(told))),
      },
    });
    const answer = await ask(rig, { path: '/validate?timeout=500ms' });
    expect(answer.json()['response']).toMatchObject({ status: { code: 503, message: 'mine' } });
    expect(await metric('webhook_validation_errors_total{code="unreachable"}')).toBe('1');
    expect(await metric('webhook_validation_errors_total{code="deadline"}')).toBe('0');
  });

  test('that passed for one decision does not touch the next one', async () => {
    const signals: AbortSignal[] = [];
    await open({
      decider: {
        decide: (_review, signal) => {
          signals.push(signal);
          return signals.length === 1 ? new Promise<Decision>(() => {}) : ALLOWED;
        },
      },
    });
    await ask(rig, { path: '/validate?timeout=500ms' });
    await ask(rig);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});

describe('an exception of the decider', () => {
  const thrower = {
    decide: () => {
      throw new Error('secret-host:6443 is down');
    },
  };
  const rejecter = { decide: () => Promise.reject(new Error('secret-host:6443 is down')) };

  test.each([
    ['thrown', thrower],
    ['rejected', rejecter],
  ])('%s in production: an id for the caller, and for the log', async (_name, decider) => {
    await open({ decider });
    const answer = await ask(rig);
    const { message } = (answer.json()['response'] as { status: { message: string } }).status;
    const id = /err_[0-9a-z]+/.exec(message)?.[0];
    expect(id).toBeDefined();
    expect(answer.text).not.toContain('secret-host');
    expect(rig.rawLog()).not.toContain('secret-host');
    expect(rig.log).toContainEqual(
      expect.objectContaining({ level: 'error', class: 'internal', code: 'decider_failed', errorId: id }),
    );
    expect(await metric('webhook_validation_errors_total{code="decider_failed"}')).toBe('1');
  });

  test('in development: the stack for both', async () => {
    await open({ decider: thrower, profile: 'development' });
    expect((await ask(rig)).text).toContain('secret-host');
    expect(rig.log.find((line) => line['code'] === 'decider_failed')?.['stack']).toContain('at ');
  });

  test('in production with a log level of debug: the stack for the log', async () => {
    await open({ decider: thrower, logLevel: 'debug' });
    expect((await ask(rig)).text).not.toContain('secret-host');
    expect(rig.rawLog()).toContain('secret-host');
  });
});

test('a caller that goes away ends its decision quietly', async () => {
  let signal: AbortSignal | undefined;
  await open({
    decider: {
      decide: (_review, deadline) => {
        signal = deadline;
        return new Promise<Decision>(() => {});
      },
    },
  });
  const body = JSON.stringify(review());
  const socket = await openTls();
  socket.write(
    `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await expect.poll(() => signal !== undefined, WITHIN).toBe(true);
  socket.destroy();
  await expect.poll(() => signal?.aborted, WITHIN).toBe(true);
  expect(rig.log.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('connections beyond the cap are refused and counted; the others go on', async () => {
  await open({ server: { maxConnections: 2 } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(rig, { agent });
  const other = await openTls();
  await expect(ask(rig)).rejects.toThrow();
  expect((await ask(rig, { agent })).status).toBe(200);
  expect(Number(await metric('webhook_validation_errors_total{code="connection_limit"}'))).toBeGreaterThan(0);
  other.destroy();
  agent.destroy();
  await expect.poll(() => metric('guard_connections'), WITHIN).toBe('0');
  expect((await ask(rig)).status).toBe(200);
});

test('a decision is one line that tells who, what and how it ended, never the object', async () => {
  const denied: Decision = {
    kind: 'denied',
    violations: [
      {
        policy: 'singleReplicaUnderHpa',
        key: 'k',
        degree: 0,
        severity: 'violation',
        text: 'deploymentLow',
        values: {},
      },
    ],
    message: 'no',
    warnings: [],
  };
  await open({ decider: { decide: () => denied } });
  const object = { metadata: { name: 'web' }, spec: { template: { env: 'hunter2' } } };
  const answer = await ask(rig, {
    body: JSON.stringify(review({ object, oldObject: object, name: 'n'.repeat(5000), dryRun: true })),
  });
  expect(answer.json()['response']).toMatchObject({
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: 'no' },
  });
  const lines = rig.log.filter((line) => line['decision'] !== undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: 'info',
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    namespace: 'shop',
    operation: 'CREATE',
    kind: 'Deployment',
    user: 'alice',
    decision: 'denied',
    code: 403,
    policies: ['singleReplicaUnderHpa'],
    dryRun: true,
    ms: expect.any(Number) as number,
  });
  expect(String(lines[0]?.['name']).length).toBeLessThan(300);
  expect(rig.rawLog()).not.toContain('hunter2');
});

test('a read that is not permitted is named in the log, and other details are not told in production', async () => {
  const decisions: Decision[] = [
    {
      kind: 'uncertain',
      uncertainty: { reason: 'forbidden', detail: 'may not list deployments' },
      message: 'm',
      retryAfterSeconds: 1,
    },
    {
      kind: 'uncertain',
      uncertainty: { reason: 'unreachable', detail: 'connect 10.0.0.1:6443' },
      message: 'm',
      retryAfterSeconds: 1,
    },
  ];
  await open({ decider: { decide: () => decisions.shift() ?? ALLOWED } });
  await ask(rig);
  await ask(rig);
  expect(rig.log).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      reason: 'forbidden',
      class: 'kubernetes_api',
      detail: 'may not list deployments',
    }),
  );
  expect(rig.log).toContainEqual(expect.objectContaining({ reason: 'unreachable', class: 'network', code: 503 }));
  expect(rig.rawLog()).not.toContain('10.0.0.1');
});

test('TLS 1.1 is not spoken, and a caller without trust is told of once', async () => {
  await open();
  await expect(openTls({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  for (let count = 0; count < 3; count += 1) await expect(openTls({ ca: [] })).rejects.toThrow();
  expect(Number(await metric('webhook_validation_errors_total{code="tls_handshake"}'))).toBeGreaterThan(0);
  expect((await ask(rig)).status).toBe(200);
});

function openTls(
  options: { readonly minVersion?: 'TLSv1.1'; readonly maxVersion?: 'TLSv1.1'; readonly ca?: readonly string[] } = {},
): Promise<ReturnType<typeof connectTls>> {
  const { ca = [rig.authority.cert], ...versions } = options;
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { port: rig.port, host: '127.0.0.1', servername: 'localhost', ca: [...ca], ...versions },
      () => resolve(socket),
    );
    socket.on('error', reject);
  });
}

/** Everything that the server says until it ends the connection. */
async function sayOverTls(text: string): Promise<string> {
  const socket = await openTls();
  let said = '';
  socket.on('data', (piece: Buffer) => (said += piece.toString('utf8')));
  socket.on('error', () => {});
  socket.write(text);
  await new Promise((resolve) => socket.on('close', resolve).on('end', resolve));
  socket.destroy();
  return said;
}

/** Sends chunks for as long as the server takes them. */
async function pourChunked(bytes: number): Promise<{ readonly answer: string; readonly sent: number }> {
  const socket = await openTls();
  let answer = '';
  let sent = 0;
  let isOver = false;
  socket.on('data', (piece: Buffer) => (answer += piece.toString('utf8')));
  socket.on('error', () => (isOver = true));
  socket.on('close', () => (isOver = true));
  socket.write(
    'POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, ' '), Buffer.from('\r\n')]);
  while (!isOver && sent < bytes) {
    sent += 65_536;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      function go(): void {
        socket.off('drain', go).off('close', go);
        resolve();
      }
      socket.on('drain', go).on('close', go);
    });
  }
  await expect.poll(() => answer !== '' || isOver, WITHIN).toBe(true);
  socket.destroy();
  return { answer, sent };
}
