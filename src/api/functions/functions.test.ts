import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FunctionApiRig, createFunctionApiRig } from '../../../test/functions/api-rig.ts';
import { functionConfig, makeArtifact, deploy as release, until } from '../../../test/functions/test-host.ts';
import { makeZip } from '../../../test/functions/zips.ts';

let rig: FunctionApiRig;
beforeAll(async () => {
  rig = await createFunctionApiRig({ functions: { eventPauses: [20, 20] } });
});
afterAll(() => rig.close());

const says = (text: string) => `export const handler = async () => ${JSON.stringify(text)};`;
const ECHO = 'export const handler = async (event) => event;';

async function deploy(name: string, source: string, config: object = {}) {
  return rig.send(`PUT /functions/${name}`, { body: { config: { runtime: 'nodejs', ...config }, code: { source } } });
}

const invoke = (name: string, body: unknown = {}, more: { query?: string; headers?: Record<string, string> } = {}) =>
  rig.send(`POST /functions/${name}/invocations${more.query ?? ''}`, {
    body,
    ...(more.headers === undefined ? {} : { headers: more.headers }),
  });

describe('deploying', () => {
  test('inline code, files and a zip; the same again is the same version', async () => {
    const first = await deploy('forms', says('inline'));
    expect([first.status, first.body.version.number, first.body.isNew]).toEqual([201, 1, true]);
    const again = await deploy('forms', says('inline'));
    expect([again.status, again.body.version.number, again.body.isNew]).toEqual([200, 1, false]);

    const files = { 'index.mjs': 'export { handler } from "./lib/said.mjs";', 'lib/said.mjs': says('files') };
    const config = { runtime: 'nodejs', handler: 'index.handler' };
    await rig.send('PUT /functions/forms', { body: { config, code: { files } } });
    expect((await invoke('forms')).body).toBe('files');

    const zip = makeZip([{ name: 'app/main.mjs', content: says('zipped') }]).toString('base64');
    const body = { config: { ...config, handler: 'app/main.handler' }, code: { zip } };
    expect((await rig.send('PUT /functions/forms', { body })).body.version.number).toBe(3);
    expect((await invoke('forms')).body).toBe('zipped');
    expect((await rig.send('GET /functions/forms/versions')).body.items).toHaveLength(3);
  });

  test('settings alone keep the code and the other settings', async () => {
    await deploy('settings', 'export const handler = async () => process.env.A;', {
      timeout: '9s',
      environment: { A: 'one' },
    });
    const body = { config: { memory: 256, environment: { A: 'two' } } };
    expect((await rig.send('PUT /functions/settings', { body })).body.version.config).toMatchObject({
      timeout: 9000,
      memory: 256,
    });
    expect((await invoke('settings')).body).toBe('two');
  });

  test('all faults are told at once, and the version before stays', async () => {
    await deploy('faulty', says('good'));
    const { status, body } = await deploy('faulty', says('x'), { memory: 7, timout: '3s', egress: ['nowhere'] });
    expect([status, body.error.code]).toEqual([422, 'INVALID_REQUEST']);
    expect(body.error.details.errors.map(({ path }: { path: string }) => path)).toEqual([
      'memory',
      'timout',
      'egress[0]',
    ]);
    const broken = await deploy('faulty', 'export const handler = () => {{;');
    expect([broken.status, broken.body.error.code]).toEqual([422, 'COMPILE_ERROR']);
    expect(broken.body.error.details).toMatchObject({ by: 'function', line: 1, column: expect.any(Number) });
    const thrower = await deploy('faulty', 'throw new TypeError("no database");');
    expect([thrower.status, thrower.body.error.code]).toEqual([502, 'INIT_ERROR']);
    expect(thrower.body.error.message).toContain('no database');
    expect((await invoke('faulty')).body).toBe('good');
  });

  test('a zip that leaves its folder, holds a link, or is none is refused', async () => {
    const link = makeZip([{ name: 'index.mjs', content: '/etc/passwd', mode: 0o120777 }]);
    const outside = makeZip([{ name: '../index.mjs', content: says('x') }]);
    for (const bytes of [link, outside, Buffer.from('not a zip')]) {
      const code = { zip: bytes.toString('base64') };
      const body = { config: { runtime: 'nodejs', handler: 'index.handler' }, code };
      const answer = await rig.send('PUT /functions/zipped', { body });
      expect([answer.status, answer.body.error.code]).toEqual([400, 'INVALID_REQUEST']);
    }
    expect((await rig.send('GET /functions/zipped')).status).toBe(404);
  });

  test('only an owner vouches for code or opens the network to it', async () => {
    for (const config of [{ trusted: true }, { network: 'open' }]) {
      const body = { config: { runtime: 'nodejs', ...config }, code: { source: says('x') } };
      const answer = await rig.send('PUT /functions/trusting', { as: 'approver', body });
      expect([answer.status, answer.body.error.code]).toEqual([403, 'FORBIDDEN']);
    }
    const body = { config: { runtime: 'nodejs', trusted: true }, code: { source: says('x') } };
    expect(
      (await rig.send('PUT /functions/trusting', { as: 'deployer', body: { ...body, config: { runtime: 'nodejs' } } }))
        .status,
    ).toBe(201);
    expect((await rig.send('PUT /functions/trusting', { body })).status).toBe(201);
  });

  test('a viewer, and a token with scopes, deploys nothing', async () => {
    for (const as of ['viewer', ['execute:all', 'read:functions']] as const) {
      const answer = await rig.send('PUT /functions/nope', { as, body: { code: { source: says('x') } } });
      expect([answer.status, answer.body.error.code]).toEqual([403, 'FORBIDDEN']);
    }
  });

  test('a function that was deleted is gone', async () => {
    await deploy('leaving', says('x'));
    expect((await rig.send('DELETE /functions/leaving')).status).toBe(204);
    for (const call of ['GET /functions/leaving', 'DELETE /functions/leaving', 'GET /functions/leaving/aliases']) {
      expect([call, (await rig.send(call)).status]).toEqual([call, 404]);
    }
    expect((await invoke('leaving')).body.error.code).toBe('NOT_FOUND');
  });
});

describe('an alias', () => {
  test('changes with the revision that its writer has seen', async () => {
    await deploy('aliased', says('one'));
    await deploy('aliased', says('two'));
    const path = '/functions/aliased/aliases/live';
    const made = await rig.send(`PUT ${path}`, { body: { version: 1 }, headers: { 'if-none-match': '*' } });
    expect([made.status, made.body.weights]).toEqual([200, [{ version: '1', weight: 100 }]]);
    const etag = made.headers.get('etag') ?? '';
    expect(etag).toBe(`"${made.body.revision}"`);
    expect((await rig.send(`GET ${path}`)).headers.get('etag')).toBe(etag);
    const body = {
      weights: [
        { version: '1', weight: 50 },
        { version: '2', weight: 50 },
      ],
      sticky: { header: 'x-user' },
    };
    const changed = await rig.send(`PUT ${path}`, { body, headers: { 'if-match': etag } });
    expect(changed.body).toMatchObject({ sticky: { header: 'x-user' }, revision: made.body.revision + 1 });
    for (const headers of [{ 'if-match': etag }, { 'if-none-match': '*' }] as Record<string, string>[]) {
      const stale = await rig.send(`PUT ${path}`, { body, headers });
      expect([stale.status, stale.body.error.code]).toEqual([412, 'REVISION_MISMATCH']);
    }
    const seen = new Set<string>();
    for (let n = 0; n < 10; n += 1) {
      const answer = await invoke(
        'aliased',
        {},
        { query: '?qualifier=live', headers: { 'x-funade-sticky-key': 'aoi' } },
      );
      seen.add(answer.headers.get('x-funade-version') ?? '');
      expect(answer.headers.get('x-funade-alias')).toBe('aliased/live');
    }
    expect(seen.size).toBe(1);
    expect((await rig.send(`DELETE ${path}`)).status).toBe(204);
    expect((await rig.send(`GET ${path}`)).status).toBe(404);
  });

  test.each([
    ['three versions', { weights: ['1', '2', '3'].map((version) => ({ version, weight: 33 })) }],
    ['weights that sum up to something else', { weights: [{ version: '1', weight: 50 }] }],
    ['both forms at once', { version: 1, weights: [{ version: '1', weight: 100 }] }],
    ['nothing', {}],
    ['a version that is no number', { version: 'newest' }],
  ])('with %s is refused', async (_name, body) => {
    await deploy('aliased', says('one'));
    const answer = await rig.send('PUT /functions/aliased/aliases/wrong', { body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await rig.send('GET /functions/aliased/aliases/wrong')).status).toBe(404);
  });

  test('to a version that is not there is refused', async () => {
    await deploy('aliased', says('one'));
    const answer = await rig.send('PUT /functions/aliased/aliases/wrong', { body: { version: 99 } });
    expect([answer.status, answer.body.error.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('a call', () => {
  beforeAll(async () => {
    await deploy('echo', ECHO);
  });

  test('gives the event as it was sent and the result as it was written', async () => {
    const event = '{"n":1.50,"text":"世界","big":12345678901234567890}';
    const answer = await invoke('echo', event);
    expect([answer.status, answer.body.text]).toEqual([200, '世界']);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(Number(answer.headers.get('x-funade-duration-ms'))).toBeGreaterThan(0);
    expect((await rig.send('POST /functions/echo/invocations')).text).toBe('{}');
  });

  test('with no JSON, another type, or more than 6 MB is refused', async () => {
    expect((await invoke('echo', '{"n":')).body.error.code).toBe('INVALID_JSON');
    const text = await invoke('echo', 'n=1', { headers: { 'content-type': 'text/plain' } });
    expect([text.status, text.body.error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const large = await invoke('echo', `"${'x'.repeat(6 * 1024 * 1024)}"`);
    expect([large.status, large.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(large.body.detail).toContain('larger than 6 MiB');
  });

  test('of what is not there is 404', async () => {
    expect((await invoke('nowhere')).body.error.code).toBe('NOT_FOUND');
    expect((await invoke('echo', {}, { query: '?qualifier=nothing' })).body.error.code).toBe('NOT_FOUND');
    expect((await invoke('echo', {}, { query: '?qualifier=77' })).body.error.code).toBe('NOT_FOUND');
  });

  test('with an idempotency key runs once', async () => {
    await deploy('counting', 'let n = 0; export const handler = async () => (n += 1);');
    const headers = { 'idempotency-key': 'order-1' };
    const calls = [await invoke('counting', { a: 1 }, { headers }), await invoke('counting', { a: 1 }, { headers })];
    expect(calls.map(({ body, headers: got }) => [body, got.get('x-funade-replayed')])).toEqual([
      [1, 'false'],
      [1, 'true'],
    ]);
    const other = await invoke('counting', { a: 2 }, { headers });
    expect([other.status, other.body.error.code]).toEqual([409, 'CONFLICT']);
    expect((await invoke('counting', { a: 1 })).body).toBe(2);
    const wrong = await invoke('counting', {}, { headers: { 'idempotency-key': 'x'.repeat(256) } });
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('with an idempotency key runs once also when it fails, and frees the key when it never ran', async () => {
    await deploy('failing', 'let n = 0; export const handler = async () => { throw new Error("try " + (n += 1)); };');
    const headers = { 'idempotency-key': 'order-1' };
    const calls = [await invoke('failing', {}, { headers }), await invoke('failing', {}, { headers })];
    expect(calls.map(({ status, body, headers: got }) => [status, body.detail, got.get('x-funade-replayed')])).toEqual([
      [422, 'Error: try 1', 'false'],
      [422, 'Error: try 1', 'true'],
    ]);
    await deploy('off', says('on'), { reserved: 0 });
    expect((await invoke('off', {}, { headers })).status).toBe(429);
    await deploy('off', says('on'));
    expect((await invoke('off', {}, { headers })).body).toBe('on');
  });

  test('whose answer is too large to be kept still runs once', async () => {
    await deploy('verbose', 'export const handler = async () => "x".repeat(1024 * 1024);');
    const headers = { 'idempotency-key': 'order-1' };
    expect((await invoke('verbose', {}, { headers })).status).toBe(200);
    const again = await invoke('verbose', {}, { headers });
    expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('more than 1 MB')]);
  });

  test('in the background is tried three times, then a dead letter that can be tried again', async () => {
    await deploy('flaky', 'export const handler = async (event) => { if (event.fail) throw new Error("not yet"); };');
    const accepted = await invoke('flaky', { fail: true }, { query: '?type=event' });
    expect([accepted.status, accepted.body]).toEqual([
      202,
      { id: expect.any(String), state: 'queued', duplicate: false },
    ]);
    const path = `/functions/flaky/invocations/${accepted.body.id}`;
    const dead = await until(
      async () => (await rig.send(`GET ${path}`)).body,
      ({ state }) => state !== 'queued',
    );
    expect(dead).toMatchObject({ state: 'dead', attempts: 3, failure: { errorType: 'Error', message: 'not yet' } });
    expect((await rig.send('GET /functions/flaky/invocations?state=dead')).body.items).toHaveLength(1);
    expect((await rig.send(`POST ${path}/retry`, { as: 'viewer' })).status).toBe(403);
    expect((await rig.send(`POST ${path}/retry`)).body).toMatchObject({ state: 'queued', attempts: 0 });

    const key = { 'idempotency-key': 'mail-1' };
    const sent = [1, 2].map(() => invoke('flaky', {}, { query: '?type=event', headers: key }));
    const [one, two] = await Promise.all(sent);
    expect([one?.body.id === two?.body.id, one?.body.duplicate !== two?.body.duplicate]).toEqual([true, true]);
    const other = await invoke('flaky', { another: 1 }, { query: '?type=event', headers: key });
    expect([other.status, other.body.error.code]).toEqual([409, 'CONFLICT']);
    const large = await invoke('flaky', `"${'x'.repeat(1024 * 1024)}"`, { query: '?type=event' });
    expect([large.status, large.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });
});

describe('watching', () => {
  const noisy = `export const handler = async (event) => { console.log('said', event.n); console.error('loud', event.n); };`;

  test('logs tell what was written, by which version and call', async () => {
    await deploy('noisy', noisy);
    const called = await invoke('noisy', { n: 1 });
    const lines = await until(
      async () => (await rig.send('GET /functions/noisy/logs', { as: 'viewer' })).body.items,
      (items) => items.length >= 2,
    );
    expect(lines).toMatchObject([
      { stream: 'stdout', text: 'said 1', version: '1', app: 'noisy' },
      { stream: 'stderr', text: 'loud 1' },
    ]);
    expect(new Set(lines.map(({ requestId }: { requestId: string }) => requestId)).size).toBe(1);
    expect(called.status).toBe(200);
    const after = lines.at(-1).position as number;
    expect((await rig.send(`GET /functions/noisy/logs?after=${after}`)).body.items).toEqual([]);
  });

  test('the function of an application has logs and counts under the name that it is called by', async () => {
    const code = `export const loud = async () => console.log('loud'); export const quiet = async () => console.log('quiet');`;
    await release(rig.host.functions, {
      ...{ id: 'rel_a', digest: 'sha256:a', artifact: await makeArtifact({ 'index.mjs': code }), variables: {} },
      functions: {
        loud: functionConfig({ handler: 'index.loud', route: '/loud' }),
        'not-loud': functionConfig({ handler: 'index.quiet', route: '/quiet' }),
      },
    });
    for (const name of ['shop-loud', 'shop-not-loud']) {
      expect((await invoke(name, {}, { query: '?qualifier=production' })).status).toBe(200);
    }
    for (const [name, text] of [
      ['shop-loud', 'loud'],
      ['shop-not-loud', 'quiet'],
    ]) {
      const lines = await until(
        async () => (await rig.send(`GET /functions/${name}/logs`)).body.items,
        (items) => items.length > 0,
      );
      expect(lines.map((line: { text: string }) => line.text)).toEqual([text]);
    }
    expect((await rig.send('GET /functions/shop-loud/metrics')).status).toBe(200);
    for (const path of ['logs', 'metrics']) {
      expect((await rig.send(`GET /functions/shop-nothing/${path}`)).body.error.code).toBe('NOT_FOUND');
    }
  });

  test('logs come live, and go on where a reader was', async () => {
    await deploy('live', noisy);
    const left = new AbortController();
    const headers = { authorization: await rig.authorization('viewer'), accept: 'text/event-stream' };
    const response = await fetch(`${rig.url}/api/v1/functions/live/logs`, { headers, signal: left.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    await invoke('live', { n: 1 });
    await invoke('live', { n: 2 });
    while (!seen.includes('loud 2')) seen += (await reader?.read())?.value ?? '';
    left.abort();
    const ids = [...seen.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids).toHaveLength(4);

    const again = new AbortController();
    const resumed = await fetch(`${rig.url}/api/v1/functions/live/logs`, {
      headers: { ...headers, 'last-event-id': String(ids[1]) },
      signal: again.signal,
    });
    const second = resumed.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    while (!rest.includes('loud 2')) rest += (await second?.read())?.value ?? '';
    again.abort();
    expect(rest).not.toContain('loud 1');
    expect(rest).toContain('said 2');
  });

  test('metrics count calls and errors by version', async () => {
    await deploy('metered', 'export const handler = async (event) => { if (event.fail) throw new Error("no"); };');
    await invoke('metered');
    await invoke('metered', { fail: true });
    const versions = await until(
      async () => (await rig.send('GET /functions/metered/metrics', { as: ['read:functions'] })).body.versions,
      (found) => found.length > 0 && found[0].invocations === 2,
    );
    expect(versions).toEqual([
      {
        qualifier: '$LATEST',
        version: '1',
        invocations: 2,
        errors: 1,
        latencyP50: expect.any(Number),
        latencyP95: expect.any(Number),
      },
    ]);
  });

  test('what functions run with is told: tier, layers, languages', async () => {
    const { body } = await rig.send('GET /runtimes', { as: 'viewer' });
    expect(body.isolation.tier).toMatch(/^[ABC]$/);
    expect(body.isolation.layers.length).toBeGreaterThan(5);
    expect(body.runtimes.map(({ name }: { name: string }) => name)).toEqual(['nodejs', 'python', 'rust', 'provided']);
    for (const { available, version, fix } of body.runtimes)
      expect(available ? version : fix).toEqual(expect.any(String));
  });
});

test('secrets reach the function, and neither its log nor its settings', async () => {
  await rig.secrets.set({ app: 'secretive', environment: null, name: 'API_KEY', value: 's3cr3t-value', by: 'aoi' });
  const source = `export const handler = async () => { console.log('key is', process.env.KEY); return process.env.KEY; };`;
  const environment = { KEY: 'Bearer ${API_KEY}' };
  const missing = await deploy('secretive', source, { environment: { KEY: '${NO_SUCH} ${NOR_THIS}' } });
  expect([missing.status, missing.text]).toEqual([422, expect.stringContaining('NOR_THIS, NO_SUCH')]);
  expect((await deploy('secretive', source, { environment })).status).toBe(201);
  expect((await invoke('secretive')).body).toBe('Bearer s3cr3t-value');
  const lines = await until(
    async () => (await rig.send('GET /functions/secretive/logs')).body.items,
    (items) => items.length > 0,
  );
  expect(lines[0].text).toBe('key is Bearer ***');
  for (const call of ['GET /functions/secretive/versions', 'GET /functions/secretive']) {
    expect((await rig.send(call)).text).not.toContain('s3cr3t');
  }
  // A new value is for the next version; what is published stays with its own.
  await rig.secrets.set({ app: 'secretive', environment: null, name: 'API_KEY', value: 'another-value', by: 'aoi' });
  expect((await invoke('secretive')).body).toBe('Bearer s3cr3t-value');
  expect((await deploy('secretive', source, { environment })).body.version.number).toBe(2);
  expect((await invoke('secretive')).body).toBe('Bearer another-value');
  expect((await invoke('secretive', {}, { query: '?qualifier=1' })).body).toBe('Bearer s3cr3t-value');
});
