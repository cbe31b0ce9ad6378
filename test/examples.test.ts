/** The examples, shipped as their readers ship them: to a server in a process of its own, by the command line. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  InvocationType,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamResponseEvent,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Change, type Repository, createRepository } from '../tools/demo/repository.ts';
import { PYTHON } from './functions/python.ts';
import { RUST_MISSING } from './functions/rust.ts';
import { until } from './functions/test-host.ts';
import { type DatabaseOnPort, openDatabaseOnPort } from './postgres-port.ts';
import { type Ran, type ServerRig, run, startServerRig } from './server-rig.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');
/** Milliseconds for a pipeline on a machine that is busy. */
const PIPELINE = 180_000;
const PYTHON_MISSING = PYTHON === null ? 'skipped: there is no python3 here' : null;
/** With the reason why a language can't be tested here. */
const LANGUAGES = [
  { language: 'nodejs', missing: null },
  { language: 'python', missing: PYTHON_MISSING },
  { language: 'rust', missing: RUST_MISSING },
] as const;
const NEEDS_ALL = PYTHON_MISSING ?? RUST_MISSING;

interface Case {
  readonly title: string;
  readonly event: unknown;
  readonly answer?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
}

/** A call in the background. */
interface Invocation {
  readonly state: string;
  readonly attempts: number;
  readonly failure: unknown;
}

let rig: ServerRig;
beforeAll(async () => {
  rig = await startServerRig({ FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE: '0' });
}, 60_000);
afterAll(() => rig.close());

/** A repository of an example, registered with the server. */
async function register(name: string, prepare?: (directory: string) => Promise<Change | null>): Promise<Repository> {
  const directory = join(rig.folder, name);
  const repository = await createRepository(join(EXAMPLES, name), directory);
  await repository.commit((await prepare?.(directory)) ?? null);
  expectDone(await rig.funade('app', 'add', directory));
  return repository;
}

async function ship(name: string): Promise<void> {
  expectDone(await rig.funade('ship', name, '--wait', '--timeout', '170s'));
}

function expectDone({ code, stdout, stderr }: Ran): void {
  expect(code, `${stdout}\n${stderr}`).toBe(0);
}

/** `call('calc-nodejs/invocations', body)` as an owner. */
async function call(path: string, body: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { authorization: `Bearer ${rig.token}`, 'content-type': 'application/json' };
  const response = await fetch(`${rig.url}/api/v1/functions/${path}`, { method: 'POST', headers, body });
  return { status: response.status, body: await response.json() };
}

async function collect<T>(stream: AsyncIterable<T> | Iterable<T>): Promise<readonly T[]> {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe('calculator', async () => {
  const cases = JSON.parse(await readFile(join(EXAMPLES, 'calculator/cases.json'), 'utf8')) as readonly Case[];

  test('has cases of both kinds', () => {
    expect(cases.filter(({ answer }) => answer !== undefined).length).toBeGreaterThan(5);
    expect(cases.filter(({ error }) => error !== undefined).length).toBeGreaterThan(5);
  });

  describe.each(LANGUAGES.filter(({ missing }) => missing === null))('by itself in $language', ({ language }) => {
    const name = `calc-${language}`;

    test('is published from its folder', { timeout: 60_000 }, async () => {
      // Trusted, so that it runs on a machine without isolation, too.
      expectDone(await rig.funade('fn', 'deploy', name, join(EXAMPLES, 'calculator', language), '--trusted'));
    });

    test.each(cases)('$title', async ({ event, answer, error }) => {
      const { status, body } = await call(`${name}/invocations`, JSON.stringify(event));
      if (error === undefined) {
        expect({ status, body }).toEqual({ status: 200, body: answer });
        return;
      }
      const { errorType, errorMessage } = error;
      expect(status).toBe(422);
      expect(body).toMatchObject({
        code: 'FUNCTION_ERROR',
        details: { by: 'function', errorType },
        error: { code: 'FUNCTION_ERROR', message: `${errorType}: ${errorMessage}` },
      });
      // The same members, whatever the language.
      expect(
        Object.keys(body as object)
          .toSorted()
          .join(' '),
      ).toBe('code detail details error errors fix next status title type');
    });

    test.each([
      ['a number that no double can hold', '{"a":1e400}'],
      ['half an object', '{'],
      ['more than 1,000 levels', `${'['.repeat(1001)}${']'.repeat(1001)}`],
    ])('never sees %s', async (_, event) => {
      expect(await call(`${name}/invocations`, event)).toMatchObject({ status: 400, body: { code: 'INVALID_JSON' } });
    });
  });

  test.for(LANGUAGES)('can be tested here in $language', ({ missing }, { skip }) => {
    if (missing !== null) skip(missing);
    expect(missing).toBeNull();
  });

  test.skipIf(NEEDS_ALL !== null)(
    `goes through its pipeline, and has the same answers in production${NEEDS_ALL === null ? '' : ` (${NEEDS_ALL})`}`,
    { timeout: PIPELINE },
    async () => {
      await register('calculator');
      await ship('calculator');
      const env = { ...rig.environment, FUNADE_URL: `${rig.url}/fn/production/calculator` };
      const verified = await run(process.execPath, [join(EXAMPLES, 'calculator/test/verify.mjs')], { env });
      expectDone(verified);
      expect(verified.stdout).toBe(`${cases.length} cases, 3 languages: the same answers and the same errors\n`);
    },
  );
});

describe('lambda-handler', () => {
  let client: LambdaClient;
  /** As curl takes it: `id:secret`. */
  let accessKey: string;
  const Qualifier = 'production';

  beforeAll(async () => {
    // A server without rustc runs no bootstraps: there the rest goes without it.
    const withoutBytes = {
      message: 'no bootstrap',
      file: 'funade.yaml',
      edit: (text: string) => text.replace(/^ {2}bytes:\n(?: {4}.*\n)+/m, ''),
    };
    await register('lambda-handler', () => Promise.resolve(RUST_MISSING === null ? null : withoutBytes));
    await ship('lambda-handler');
    const made = await rig.funade('token', 'create', '--name', 'sdk', '--role', 'deployer', '--aws', '--json');
    expectDone(made);
    const { accessKeyId, secretAccessKey } = JSON.parse(made.stdout) as Record<
      'accessKeyId' | 'secretAccessKey',
      string
    >;
    accessKey = `${accessKeyId}:${secretAccessKey}`;
    client = new LambdaClient({ endpoint: rig.url, region: 'local', credentials: { accessKeyId, secretAccessKey } });
  }, PIPELINE);
  afterAll(() => client.destroy());

  const address = (path: string) => `${rig.url}/fn/production/lambda-handler${path}`;

  /** The last line is the status. */
  async function curl(...args: readonly string[]): Promise<string> {
    return (await run('curl', ['--silent', '--write-out', '\n%{http_code}', ...args])).stdout;
  }

  test('answers curl by HTTP', async () => {
    const [, body = '', status] = /^([\s\S]*)\n(\d+)$/.exec(await curl(address('/api?name=Ann'))) ?? [];
    expect(status).toBe('200');
    expect(JSON.parse(body)).toMatchObject({ greeting: 'Hello, Ann!' });
    expect(await curl(address('/api'))).toBe('{"error":"name is missing"}\n400');
    expect(await curl('--request', 'PUT', address('/api'))).toBe('{"error":"PUT is not known here"}\n405');
    expect(await curl('--json', '{"name":"Bo"}', address('/api'))).toContain('Hello, Bo!');
    expect(await curl('--data', '{"name":"Cy"}', address('/api'))).toContain('Hello, Cy!'); // base64, as it is no text type
  });

  test('streams to curl, line by line as they come', async () => {
    const response = await fetch(address('/stream'));
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const pieces = (await collect<Uint8Array>(response.body ?? [])).map((piece) => Buffer.from(piece).toString());
    expect(pieces.join('')).toBe('3\n2\n1\nlift-off\n');
    expect(pieces.length).toBeGreaterThan(1);
    expect(await curl('--no-buffer', address('/stream'))).toBe('3\n2\n1\nlift-off\n\n200');
  });

  test('answers the AWS SDK, with the event of a gateway', async () => {
    const event = { requestContext: { http: { method: 'GET', path: '/api' } }, queryStringParameters: { name: 'Di' } };
    const { StatusCode, FunctionError, LogResult, Payload } = await client.send(
      new InvokeCommand({
        ...{ FunctionName: 'lambda-handler-api', Qualifier, LogType: 'Tail' },
        Payload: JSON.stringify(event),
      }),
    );
    expect([StatusCode, FunctionError]).toEqual([200, undefined]);
    expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({ statusCode: 200 });
    expect(Buffer.from(LogResult ?? '', 'base64').toString()).toContain('GET /api, ');
  });

  test('streams to the AWS SDK', async () => {
    const { EventStream = [] } = await client.send(
      new InvokeWithResponseStreamCommand({ FunctionName: 'lambda-handler-stream', Qualifier, Payload: '{}' }),
    );
    const parts = await collect<InvokeWithResponseStreamResponseEvent>(EventStream);
    const text = parts.map(({ PayloadChunk }) => Buffer.from(PayloadChunk?.Payload ?? []).toString()).join('');
    expect(text).toBe('3\n2\n1\nlift-off\n');
    expect(parts.at(-1)?.InvokeComplete).toBeDefined();
    expect(parts.at(-1)?.InvokeComplete?.ErrorCode).toBeUndefined();
  });

  async function send(body: string): Promise<string> {
    const Payload = JSON.stringify({ Records: [{ messageId: 'm-1', body }] });
    const order = { FunctionName: 'lambda-handler-queue', Qualifier, InvocationType: InvocationType.Event, Payload };
    const { StatusCode, $metadata } = await client.send(new InvokeCommand(order));
    expect(StatusCode).toBe(202);
    return $metadata.requestId ?? '';
  }

  async function inBackground(id: string): Promise<Invocation> {
    const headers = { authorization: `Bearer ${rig.token}` };
    const path = `/api/v1/functions/lambda-handler-queue/invocations/${id}`;
    return (await (await fetch(`${rig.url}${path}`, { headers })).json()) as Invocation;
  }

  test('takes a message in the background', async () => {
    const id = await send('{"order":"A-1"}');
    await until(
      () => inBackground(id),
      ({ state }) => state === 'succeeded',
    );
    const lines = await until(
      async () => (await rig.funade('fn', 'logs', 'lambda-handler', '--function', 'queue')).stdout,
      (text) => text.includes('packed'),
    );
    expect(lines).toContain('order A-1 is packed');
  });

  test('takes a message from curl, which signs it', async () => {
    const body = JSON.stringify({ Records: [{ messageId: 'm-2', body: '{"order":"B-2"}' }] });
    const path = `/2015-03-31/functions/lambda-handler-queue/invocations?Qualifier=${Qualifier}`;
    const signed = ['--aws-sigv4', 'aws:amz:local:lambda', '--user', accessKey, '--json', body, `${rig.url}${path}`];
    expect(await curl('--header', 'X-Amz-Invocation-Type: Event', ...signed)).toBe('\n202');
    expect(await curl(...signed, '--user', `${accessKey}x`)).toMatch(/\n403$/);
  });

  test('keeps a message that it can not work on, to try it again', async () => {
    const id = await send('{}');
    const kept = await until(
      () => inBackground(id),
      ({ attempts, failure }) => attempts === 1 && failure !== null,
    );
    expect(kept).toMatchObject({
      state: 'queued',
      failure: { code: 'FUNCTION_ERROR', errorType: 'TypeError', message: 'message m-1 names no order' },
    });
  });

  test('does not take requests for messages', async () => {
    expect(await curl('--output', '/dev/null', address('/queue'))).toBe('\n401');
  });

  describe.skipIf(RUST_MISSING !== null)(`bootstrap${RUST_MISSING === null ? '' : ` (${RUST_MISSING})`}`, () => {
    test('answers curl', async () => {
      const [, bytes] = /^\{"bytes":(\d+)\}\n200$/.exec(await curl(address('/bytes'))) ?? [];
      expect(Number(bytes)).toBeGreaterThan(300); // an event of a gateway is longer than that
    });

    test('answers the AWS SDK, call after call', async () => {
      for (const Payload of ['{}', '{"text":"船出"}', '"’ $(id) \\\\ `id`"']) {
        const answer = await client.send(
          new InvokeCommand({ FunctionName: 'lambda-handler-bytes', Qualifier, Payload }),
        );
        const { bytes } = JSON.parse(answer.Payload?.transformToString() ?? '') as { readonly bytes: number };
        expect(bytes).toBe(Buffer.byteLength(Payload));
      }
    });
  });
});

describe('notes-api', () => {
  let database: DatabaseOnPort;
  beforeAll(async () => {
    database = await openDatabaseOnPort();
  });
  afterAll(() => database.close());

  const npm = (...args: readonly string[]) =>
    run('npm', args, { cwd: join(EXAMPLES, 'notes-api'), env: { ...process.env, DATABASE_URL: database.url } });

  test('passes its own tests', { timeout: 60_000 }, async () => {
    expectDone(await npm('test'));
  });

  test('has a lock file that fits its package.json', { timeout: 60_000 }, async () => {
    expectDone(await npm('ci', '--dry-run', '--offline', '--omit=dev', '--no-audit'));
  });

  const notes = () => `${rig.url}/fn/production/notes-api/notes`;

  test('goes through its pipeline and keeps notes', { timeout: PIPELINE }, async () => {
    await register('notes-api', withPackages);
    const missing = await rig.funade('ship', 'notes-api', '--wait', '--timeout', '170s');
    expect(missing.code, missing.stderr).not.toBe(0);
    expect(`${missing.stdout}${missing.stderr}`).toContain('DATABASE_URL');

    await setUrl(database.url);
    await ship('notes-api');
    const made = await fetch(notes(), { method: 'POST', body: '{"text":"船出"}' });
    const note = (await made.json()) as { readonly id: number };
    expect([made.status, note]).toEqual([201, expect.objectContaining({ text: '船出' })]);
    expect(await (await fetch(notes())).json()).toEqual({ notes: [note] });
    expect((await fetch(`${notes()}/${note.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(notes())).json()).toEqual({ notes: [] });
  });

  test('does not go live when its database is away', { timeout: PIPELINE }, async () => {
    await setUrl('postgres://nobody@127.0.0.1:1/none');
    const { code, stderr } = await rig.funade('ship', 'notes-api', '--wait', '--timeout', '170s');
    expect(code, stderr).not.toBe(0);
    expect((await fetch(notes())).status).toBe(200); // the version before goes on
  });

  async function setUrl(value: string): Promise<void> {
    const file = join(rig.folder, 'url');
    await writeFile(file, value, { mode: 0o600 });
    expectDone(await rig.funade('secret', 'set', 'notes-api', 'DATABASE_URL', '--from-file', file));
  }

  /** The packages come from this checkout and become part of the commit, so that no test needs a registry. */
  async function withPackages(directory: string): Promise<Change> {
    const lock = JSON.parse(await readFile(join(directory, 'package-lock.json'), 'utf8')) as { packages: object };
    for (const path of Object.keys(lock.packages).filter((each) => each !== '' && !each.endsWith('/pg-cloudflare'))) {
      await cp(join(ROOT, path), join(directory, path), { recursive: true });
    }
    await rm(join(directory, '.gitignore'));
    return {
      message: 'packages of this checkout',
      file: 'funade.yaml',
      edit: (text) => text.replace('npm ci --omit=dev', 'npm ls --omit=dev'),
    };
  }
});
