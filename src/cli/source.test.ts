import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { type CliOptions, cli } from '../../test/fakes/terminal.ts';
import { repository, source } from '../../test/fixtures/intake-views.ts';
import { view as sources } from '../../test/fixtures/sources-in-trouble/view.ts';
import { addSourceRequest, installSourceRequest, rotateSourceRequest } from '../api/contract/index.ts';

const VALUE = 'hunter2-and-then-some';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function funade(argv: readonly string[], options: CliOptions = {}) {
  const environment = { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN, ...options.environment };
  return cli(argv, { ...options, environment });
}

const MADE = {
  source: source({ name: 'acme', webhookPath: '/webhook/github/acme' }),
  secret: { label: 'l1', value: 'f00d' },
};

test('source list shows what is wrong with each below it', async () => {
  plane.route('GET /api/v1/sources', { json: { items: sources, next: null } });
  const { stdout } = await funade(['source', 'list'], { columns: 120 });
  expect(stdout).toContain('fits no secret of the source');
  expect(stdout).toContain('none: all is refused');
  const json = await funade(['source', 'list', '--json']);
  expect(JSON.parse(json.stdout)).toEqual(sources);
});

test('source add sends what was given and prints the made secret alone', async () => {
  plane.route('POST /api/v1/sources', { json: MADE, status: 201 });
  const { code, stdout, stderr } = await funade([
    'source',
    'add',
    'acme',
    '--forge',
    'github',
    '--repository',
    'acme/site',
    '--repository',
    'acme/api,acme/web',
  ]);
  expect([code, stdout]).toEqual([0, 'f00d\n']);
  expect(stderr).toContain(`${plane.address}/webhook/github/acme`);
  expect(addSourceRequest.strict().parse(plane.seen.at(-1)?.body)).toEqual({
    name: 'acme',
    forge: 'github',
    repositories: ['acme/site', 'acme/api', 'acme/web'],
  });
});

test('a token comes from standard input, and is in no output', async () => {
  plane.route('POST /api/v1/sources', { json: { ...MADE, secret: null }, status: 201 });
  const { code, stdout, stderr } = await funade(['source', 'add', 'github', '--token-stdin', '--debug'], {
    input: `${VALUE}\n`,
  });
  expect([code, stdout]).toEqual([0, '']);
  expect(plane.seen.at(-1)?.body).toEqual({ name: 'github', repositories: [], token: VALUE });
  expect(stderr).not.toContain('hunter2');
});

test('a person is asked for several secrets without being shown what they type', async () => {
  plane.route('POST /api/v1/sources', { json: { ...MADE, secret: null }, status: 201 });
  const { code, stdout, stderr } = await funade(['source', 'add', 'github', '--secret-stdin'], {
    tty: true,
    input: `${VALUE}\n`,
  });
  expect([code, plane.seen.at(-1)?.body]).toEqual([0, { name: 'github', repositories: [], secret: VALUE }]);
  expect(stderr).toContain('webhook secret');
  expect(stdout + stderr).not.toContain('hunter2');
});

test.each([
  ['a token among the arguments', ['source', 'add', 'github', VALUE], {}, 'too many arguments'],
  [
    'two secrets from one standard input',
    ['source', 'add', 'x', '--token-stdin', '--secret-stdin'],
    { input: VALUE },
    'only one secret',
  ],
  ['an empty standard input', ['source', 'add', 'github', '--token-stdin'], { input: '' }, 'the value is empty'],
  ['a forge that is none', ['source', 'add', 'acme', '--forge', 'svn'], {}, "'svn' is not one of github, gitlab"],
  ['a name that is none', ['source', 'add', 'Acme!'], {}, 'small letters'],
])('%s is a usage error', async (_, argv, options, reason) => {
  const { code, stderr } = await funade(argv, options);
  expect([code, plane.seen]).toEqual([2, []]);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
  expect(stderr).not.toContain('hunter2');
});

test('source rotate makes a secret, or removes some', async () => {
  plane.route('POST /api/v1/sources/acme/rotate', { json: MADE });
  expect((await funade(['source', 'rotate', 'acme'])).stdout).toBe('f00d\n');
  expect(rotateSourceRequest.strict().parse(plane.seen.at(-1)?.body)).toEqual({});
  plane.route('POST /api/v1/sources/acme/rotate', { json: { ...MADE, secret: null } });
  const { stdout, stderr } = await funade(['source', 'rotate', 'acme', '--remove', 'a', '--remove', 'b']);
  expect(rotateSourceRequest.strict().parse(plane.seen.at(-1)?.body)).toEqual({ remove: ['a', 'b'] });
  expect([stdout, stderr]).toEqual(['', expect.stringContaining('20260131-3fa9')]);
});

test('source install shows each hook, and fails when one does', async () => {
  const hook = { url: 'https://funade.example/webhook/github/acme', done: 'created', troubles: ['hook_inactive'] };
  plane.route('POST /api/v1/sources/acme/install', { json: { hooks: [{ ...hook, repository: 'acme/site' }] } });
  const good = await funade([
    'source',
    'install',
    'acme',
    '--url',
    'https://funade.example',
    '--repository',
    'acme/site',
  ]);
  expect([good.code, installSourceRequest.strict().parse(plane.seen.at(-1)?.body)]).toEqual([
    0,
    { url: 'https://funade.example', repositories: ['acme/site'] },
  ]);
  expect(good.stdout).toContain('The hook is switched off.');
  const failed = { ...hook, done: 'failed', troubles: ['not there\u001b[2J'], repository: 'acme/gone' };
  plane.route('POST /api/v1/sources/acme/install', { json: { hooks: [failed] } });
  const bad = await funade(['source', 'install', 'acme']);
  expect([bad.code, plane.seen.at(-1)?.body]).toEqual([1, {}]);
  expect(bad.stdout).toContain('not there');
  expect(bad.stdout).not.toContain('\u001b');
});

test('source remove asks, and takes repositories', async () => {
  plane.route('DELETE /api/v1/sources/acme', { json: {} });
  expect((await funade(['source', 'remove', 'acme'])).code).toBe(4);
  expect((await funade(['source', 'remove', 'acme', '--yes'])).code).toBe(0);
  await funade(['source', 'remove', 'acme', '--repository', 'acme/site', '--yes']);
  expect(plane.seen.map(({ query }) => query)).toEqual([{}, { repository: 'acme/site' }]);
});

async function doctor(items: readonly object[]) {
  plane.route('GET /healthz', { json: { status: 'ok', version: '1.2.3', components: [] } });
  plane.route('GET /api/v1/apps', { json: { items: [], next: null } });
  plane.route('GET /api/v1/sources', { json: { items, next: null } });
  const { stdout } = await funade(['doctor', '--json'], { environment: { PATH: process.env['PATH'] } });
  const { checks } = JSON.parse(stdout) as {
    checks: { name: string; status: string; finding: string; fix: string | null }[];
  };
  return checks.filter(({ name }) => name.startsWith('source'));
}

test('doctor tells of each source what keeps it from working, and what to do', async () => {
  const checks = await doctor(sources);
  expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'source: github ok',
    'source: acme warn',
    'source: acme warn',
    'source: acme warn',
    'source: gitlab fail',
    'source: gitlab warn',
  ]);
  expect(checks[1]?.finding).toContain('fits no secret of the source');
  expect(checks[2]?.finding).toContain('does not check the TLS certificate');
  expect(checks[3]?.finding).toContain('takes no more requests');
  expect(checks[4]?.fix).toContain('funade source rotate gitlab');
  expect(checks.slice(1).every(({ fix }) => fix !== null)).toBe(true);
});

test('doctor tells what is wrong with a source itself, and codes of a forge in words', async () => {
  const hook = {
    id: '7',
    url: null,
    troubles: ['last_status=502', 'disabled_until=2026-05-01T00:00:00.000Z'],
    checkedAt: 0,
  };
  const lastFailure = { at: Date.now(), reason: 'addresses_unknown', client: '192.0.2.7', count: 1 };
  const troubled = { troubles: ['plain_http', 'secret_unreadable=old'], lastFailure, lastDelivery: null };
  const checks = await doctor([source({ ...troubled, repositories: [repository('a/b', { hook })] })]);
  expect(checks).toMatchObject([
    { status: 'warn', finding: expect.stringContaining('can read the token'), fix: expect.any(String) },
    { status: 'warn', finding: expect.stringContaining('secret old can’t be decrypted'), fix: expect.any(String) },
    {
      status: 'warn',
      finding: expect.stringContaining('does not tell from where GitHub delivers'),
      fix: expect.stringContaining('githubAddressesOnly'),
    },
    { status: 'warn', finding: expect.stringContaining('was 502.') },
    { status: 'warn', finding: expect.stringContaining('until 2026-05-01T00:00:00.000Z.') },
  ]);
});

test('doctor warns of requests to a forge that nobody set up, and does not fail', async () => {
  const lastFailure = { at: 0, reason: 'no_secret', client: '192.0.2.7', count: 1 };
  const unused = { credentials: 'none' as const, secrets: [], lastDelivery: null, lastFailure };
  expect(await doctor([source({ name: 'gitlab', forge: 'gitlab', ...unused })])).toMatchObject([
    { status: 'warn', finding: expect.stringContaining('no secret'), fix: expect.stringContaining('rotate gitlab') },
  ]);
});

test('doctor does not complain about a forge that nobody uses', async () => {
  const unused = { credentials: 'none' as const, secrets: [], lastDelivery: null };
  const checks = await doctor([
    source({ name: 'gitlab', forge: 'gitlab', ...unused }),
    source({ repositories: [repository('a/b')] }),
  ]);
  expect(checks).toMatchObject([
    { status: 'ok', finding: 'not in use' },
    { status: 'ok', finding: expect.stringContaining('last delivery') },
  ]);
});
