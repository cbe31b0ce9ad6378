import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { type CliOptions, cli } from '../../test/fakes/terminal.ts';
import { rollout } from '../../test/fixtures/run-canary-at-25/view.ts';
import { view as failed } from '../../test/fixtures/run-failed-in-test/view.ts';
import { view as approvalRun } from '../../test/fixtures/run-waiting-for-approval/view.ts';
import { view as apps } from '../../test/fixtures/status-mixed/view.ts';
import { NOW, commit } from '../../test/fixtures/views.ts';
import { type EnvironmentView, decisionRequest, rollbackRequest, shipRequest } from '../api/contract/index.ts';

let plane: ControlPlane;
let folder: string;
beforeEach(async () => {
  plane = await startControlPlane();
  folder = await mkdtemp(join(tmpdir(), 'funade-cli-'));
});
afterEach(async () => {
  await plane.close();
  await rm(folder, { recursive: true, force: true });
});

function funade(argv: readonly string[], options: CliOptions = {}) {
  const environment = { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN, ...options.environment };
  return cli(argv, { directory: folder, ...options, environment });
}

function acts() {
  return plane.seen.filter((request) => request.method !== 'GET');
}

const [app] = apps;
const [staging, production] = app?.environments ?? [];
if (staging === undefined || production === undefined) throw new Error('the fixture has two environments');

function environments(items: readonly EnvironmentView[]): void {
  plane.route('GET /api/v1/environments', { json: { items, next: null } });
}

test('status prints the table, and with --json only JSON', async () => {
  plane.route('GET /api/v1/apps', { json: { items: apps, next: null } });
  const table = await funade(['status']);
  expect(table.stdout).toContain('greeter');
  expect(table.stdout.split('\n')[0]).toMatch(/^APP +ENV +LIVE/u);
  const json = await funade(['status', '--json']);
  expect(JSON.parse(json.stdout)).toEqual(apps);
  expect(json.stderr).toBe('');
});

test('--plain prints tab-separated records without headings or icons beyond ASCII', async () => {
  plane.route('GET /api/v1/apps', { json: { items: apps, next: null } });
  const { stdout } = await funade(['status', '--plain']);
  const rows = stdout.trimEnd().split('\n');
  expect(rows).toHaveLength(3);
  expect(rows[0]?.split('\t')).toEqual(['greeter', 'staging', 'v12', '. idle', 'ok', '0.0', '-', '-']);
});

test('ship --no-wait sends the ref and prints the id of the run alone', async () => {
  plane.route('POST /api/v1/releases', (request) => {
    expect(shipRequest.parse(request.body)).toEqual({ app: 'greeter', ref: 'main' });
    return { json: { runId: failed.id } };
  });
  const { stdout, code } = await funade(['ship', 'greeter', '--ref', 'main', '--no-wait']);
  expect([stdout, code]).toEqual([`${failed.id}\n`, 0]);
});

test('ship follows the run and ends with its exit code', async () => {
  plane.route('POST /api/v1/releases', { json: { runId: failed.id } });
  plane.route(`GET /api/v1/runs/${failed.id}`, { json: failed });
  const { stdout, code } = await funade(['ship', 'greeter']);
  expect(code).toBe(1);
  expect(stdout).toContain('test  ✖ failed');
});

test('a problem of the server is shown with every fault, its fix and the next commands, on standard error', async () => {
  plane.route('POST /api/v1/releases', {
    problem: {
      status: 422,
      code: 'FUN_CONFIG_INVALID',
      detail: "Can't use funade.yaml: 1 fault(s).",
      errors: [{ message: 'Unknown key `buidl`.', file: 'funade.yaml', line: 3, column: 5, fix: 'Write `build`.' }],
      next: [{ command: 'funade config lint' }],
    },
  });
  const { stdout, stderr, code } = await funade(['ship', 'greeter']);
  expect([stdout, code]).toEqual(['', 2]);
  for (const part of ['funade.yaml:3:5', 'Unknown key `buidl`.', 'Write `build`.', '→ funade config lint']) {
    expect(stderr).toContain(part);
  }
});

test.each(['promote', 'pause', 'resume', 'abort'])('%s finds the one rollout that runs', async (verb) => {
  environments([staging, production]);
  plane.route(`POST /api/v1/rollouts/${rollout.id}/${verb}`, { json: rollout });
  const { code, stdout } = await funade([verb, '--reason', 'because', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ rolloutId: rollout.id });
  expect(acts().map((request) => request.body)).toEqual([{ reason: 'because' }]);
});

test('promote --full says so', async () => {
  plane.route(`POST /api/v1/rollouts/${rollout.id}/promote`, { json: rollout });
  await funade(['promote', rollout.id, '--full', '--reason', 'customers wait']);
  expect(acts()[0]?.body).toEqual({ full: true, reason: 'customers wait' });
});

test('without a running rollout an act ends with 2 and tells where to look', async () => {
  environments([staging]);
  const { code, stderr } = await funade(['abort', 'greeter']);
  expect(code).toBe(2);
  expect(stderr).toContain("Can't find any running rollout of greeter.");
  expect(stderr).toContain('→ funade status');
  expect(acts()).toEqual([]);
});

test('with two running rollouts and nobody to ask an act ends with 4 and names both', async () => {
  environments([{ ...staging, rolloutId: 'rol_01hzx3v5q0000001' }, production]);
  const { code, stdout, stderr } = await funade(['pause', '--json']);
  expect([code, stderr]).toEqual([4, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'action_required',
    next: [{ command: 'funade pause greeter staging' }, { command: 'funade pause greeter production' }],
  });
  expect(acts()).toEqual([]);
});

test('with two running rollouts a person picks one by number', async () => {
  environments([{ ...staging, rolloutId: 'rol_01hzx3v5q0000001' }, production]);
  plane.route(`POST /api/v1/rollouts/${rollout.id}/pause`, { json: rollout });
  const { code, stderr } = await funade(['pause'], { tty: true, input: '2\n' });
  expect(code).toBe(0);
  expect(stderr).toContain('Paused greeter production; its weight stays.');
});

test('rollback asks nothing, names the release to go back to and follows the rollout', async () => {
  const rolledBack = { ...rollout, kind: 'rollback', phase: 'succeeded', id: 'rol_01hzx3v5q0000099' };
  plane.route('POST /api/v1/environments/greeter/production/rollback', (request) => {
    expect(rollbackRequest.parse(request.body)).toEqual({ to: 'v10', reason: 'wrong names' });
    return { json: { rolloutId: rolledBack.id } };
  });
  plane.route(`GET /api/v1/rollouts/${rolledBack.id}`, { json: rolledBack });
  const { code } = await funade(['rollback', 'greeter', 'production', '--to', 'v10', '--reason', 'wrong names']);
  expect(code).toBe(0);
});

test('rollback of an application with two environments wants to know which', async () => {
  environments([staging, production]);
  const { code, stderr } = await funade(['rollback', 'greeter']);
  expect(code).toBe(4);
  expect(stderr).toContain('→ funade rollback greeter production');
  expect(acts()).toEqual([]);
});

test('hold release finds the environment that is held', async () => {
  environments([staging, production]);
  plane.route('POST /api/v1/environments/greeter/production/release-hold', { json: {} });
  const { code } = await funade(['hold', 'release', '--reason', 'fixed in v13']);
  expect(code).toBe(0);
  expect(acts()[0]?.body).toEqual({ reason: 'fixed in v13' });
});

test.each([
  ['approve', 'greeter'],
  ['reject', approvalRun.id],
])('%s decides the pending approval of %s', async (decision, name) => {
  const approval = approvalRun.stages.find((stage) => stage.approval !== null)?.approval;
  plane.route('GET /api/v1/approvals', (request) => {
    expect(request.query).toEqual({ state: 'pending' });
    return { json: { items: [approval], next: null } };
  });
  plane.route(`POST /api/v1/approvals/${approval?.id}`, (request) => {
    expect(decisionRequest.parse(request.body)).toEqual({ decision, comment: 'seen' });
    return { json: approval };
  });
  const { code } = await funade([decision, name, '--comment', 'seen']);
  expect(code).toBe(0);
});

test('logs prints the stream without what would move the cursor', async () => {
  plane.route(`GET /api/v1/runs/${failed.id}/log`, {
    text: ['first\nsec', 'ond \u001B[2J\u001B[31mred\u001B[0m\r\n', 'last'],
  });
  const { stdout } = await funade(['logs', failed.id, '--stage', 'test', '--follow']);
  expect(stdout).toBe('first\nsecond red\nlast\n');
  expect(plane.seen.at(-1)?.query).toEqual({ stage: 'test', follow: '1' });
});

test('logs --follow stops at --timeout with 5', async () => {
  plane.route(`GET /api/v1/runs/${failed.id}/log`, { stream: () => {} });
  const { code, stderr } = await funade(['logs', failed.id, '--follow', '--timeout', '200ms']);
  expect(code).toBe(5);
  expect(stderr).toContain(`→ funade logs ${failed.id} --follow`);
});

test('app add sends a folder as an absolute path and a git URL as it is', async () => {
  plane.route('POST /api/v1/apps', { json: app });
  await mkdir(join(folder, 'greeter'));
  await funade(['app', 'add', './greeter']);
  await funade(['app', 'add', 'git@example.com:team/greeter.git', '--ref', 'main']);
  expect(acts().map((request) => request.body)).toEqual([
    { source: join(folder, 'greeter') },
    { source: 'git@example.com:team/greeter.git', ref: 'main' },
  ]);
});

test.each([
  [['app', 'remove', 'greeter'], 'DELETE /api/v1/apps/greeter'],
  [['token', 'revoke', 'tok_01hzx3v5q0000001'], 'DELETE /api/v1/tokens/tok_01hzx3v5q0000001'],
])('%j asks first', async (argv, route) => {
  plane.route(route, { json: {} });
  const unasked = await funade([...argv, '--json']);
  expect(unasked.code).toBe(4);
  expect(JSON.parse(unasked.stdout)).toMatchObject({
    status: 'action_required',
    next: [{ command: `funade ${argv.join(' ')} --yes` }],
  });
  const refused = await funade(argv, { tty: true, input: 'n\n' });
  expect([refused.code, acts()]).toEqual([1, []]);
  expect((await funade(argv, { tty: true, input: 'y\n' })).code).toBe(0);
  expect((await funade([...argv, '--yes'])).code).toBe(0);
  expect(acts()).toHaveLength(2);
});

test('a list reads as many pages as --limit needs', async () => {
  const release = (number: number) => ({
    id: `rel_${number}`,
    app: 'greeter',
    number,
    commit: commit(),
    range: [],
    artifactDigest: 'sha256:a',
    configHash: 'sha256:c',
    createdAt: NOW,
  });
  plane.route('GET /api/v1/releases', ({ query }) => {
    const from = Number(query['cursor'] ?? 250);
    const size = Number(query['limit']);
    const items = Array.from({ length: size }, (_, index) => release(from - index));
    return { json: { items, next: String(from - size) } };
  });
  const { stdout, stderr } = await funade(['release', 'list', '--app', 'greeter', '--limit', '150', '--plain']);
  expect(stdout.trimEnd().split('\n')).toHaveLength(150);
  expect(stderr).toContain('raise --limit');
  expect(plane.seen.map((request) => request.query['limit'])).toEqual(['100', '50']);
});

test('diff tells the commits between what is live and the newest release', async () => {
  const release = (number: number, sha: string, range: readonly string[]) => ({
    id: `rel_${number}`,
    app: 'greeter',
    number,
    commit: commit({ sha, message: `change ${sha}` }),
    range: range.map((each) => ({ sha: each, message: `change ${each}` })),
    artifactDigest: `sha256:${number}`,
    configHash: 'sha256:same',
    createdAt: NOW,
  });
  const live = { id: 'rel_1', app: 'greeter', number: 1, commit: commit({ sha: 'aaaaaaa1' }) };
  plane.route('GET /api/v1/apps/greeter', { json: { ...app, environments: [{ ...production, live }] } });
  plane.route('GET /api/v1/releases', {
    json: {
      items: [
        release(3, 'ccccccc3', ['ccccccc3', 'bbbbbbb2']),
        release(2, 'bbbbbbb2', ['bbbbbbb2']),
        release(1, 'aaaaaaa1', []),
      ],
      next: null,
    },
  });
  const { stdout } = await funade(['diff', 'greeter']);
  expect(stdout.split('\n')).toEqual([
    'greeter production: v1 is live, v3 is the newest',
    '  artifact: changed',
    '  config:   unchanged',
    '  commits:',
    '    ccccccc change ccccccc3',
    '    bbbbbbb change bbbbbbb2',
    '',
  ]);
});

test('config lint shows every fault with its line and ends with 2', async () => {
  await writeFile(join(folder, 'funade.yaml'), 'version: 1\napp: greeter\npipelin:\n  - test: { run: npm test }\n');
  const { code, stdout, stderr } = await funade(['config', 'lint']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('funade.yaml:3:1');
  expect(stderr).toContain('3 │ pipelin:');
});

test('config init writes a file without faults, named after the folder, and never over another', async () => {
  const home = join(folder, 'My Greeter!');
  await mkdir(home);
  expect((await funade(['config', 'init'], { directory: home })).code).toBe(0);
  expect(await readFile(join(home, 'funade.yaml'), 'utf8')).toMatch(/^app: my-greeter$/mu);
  expect((await funade(['config', 'lint'], { directory: home })).code).toBe(0);
  await writeFile(join(home, 'funade.yaml'), 'mine');
  const second = await funade(['config', 'init'], { directory: home });
  expect(second.code).toBe(2);
  expect(await readFile(join(home, 'funade.yaml'), 'utf8')).toBe('mine');
  expect((await funade(['config', 'init', '--yes'], { directory: home })).code).toBe(0);
});

test('config schema and docs come from the schema that the parser uses', async () => {
  const schema = JSON.parse((await funade(['config', 'schema'])).stdout) as { properties: object };
  expect(Object.keys(schema.properties)).toContain('pipeline');
  const { stdout } = await funade(['config', 'docs']);
  expect(stdout).toContain('functions.<name>.runtime  ');
});

test('config show --origin tells where each value came from and masks secrets', async () => {
  const environment = { FUNADE_PORT: '9123', GITHUB_WEBHOOK_SECRET: 'a-very-long-secret' };
  const { stdout, code } = await funade(['config', 'show', '--origin'], { environment });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^port +9123 +environment FUNADE_PORT$/mu);
  expect(stdout).not.toContain('a-very-long-secret');
});

test('faults of the server settings are all told', async () => {
  await writeFile(join(folder, 'funade.config.yaml'), 'port: yes\nrol: all\n');
  const { code, stderr } = await funade(['config', 'show']);
  expect(code).toBe(2);
  expect(stderr).toContain('FUN_SETTINGS_INVALID');
  expect(stderr).toContain('funade.config.yaml:1');
  expect(stderr).toContain('funade.config.yaml:2');
});

test('a fault of the server settings shows its line without what may be a secret, in the language that was asked for', async () => {
  await writeFile(join(folder, 'funade.config.yaml'), 'github:\n  secrets: [hunter2]\nport: eighty\n');
  const { stderr } = await funade(['config', 'show', '--lang', 'ja']);
  expect(stderr).toContain('secrets: ***');
  expect(stderr).toContain('port: eighty');
  expect(stderr).not.toContain('hunter2');
  const told = await funade(['config', 'show', '--lang', 'ja', '--json']);
  const { error } = JSON.parse(told.stdout) as { error: { errors: { fix: string }[] } };
  expect(error.errors[0]?.fix).toMatch(/[\u3040-\u30ff]/u);
});

test.each([
  ['en', '$(cat <data directory>/secrets/owner-token)'],
  ['ja', '$(cat <データディレクトリ>/secrets/owner-token)'],
])('without a token the fix needs none (%s)', async (lang, part) => {
  const { code, stderr } = await funade(['status', '--lang', lang], { environment: { FUNADE_TOKEN: undefined } });
  expect(code).toBe(6);
  expect(stderr.replaceAll(/\s+/gu, '')).toContain(`exportFUNADE_TOKEN=${part.replaceAll(' ', '')}`);
});

test('config init over a file names the one way to replace it', async () => {
  await writeFile(join(folder, 'funade.yaml'), '');
  const { code, stderr } = await funade(['config', 'init']);
  expect(code).toBe(2);
  expect(stderr).toContain('Fix: Add --yes to replace it.\n');
});

test('serve describes a second name of a flag as such', async () => {
  const { stdout } = await funade(['serve', '--help']);
  expect(stdout).toMatch(/--mode <value> +The same as --role\./u);
});

test('the token of the owner is read from the data directory, for this machine only', async () => {
  await mkdir(join(folder, '.funade', 'secrets'), { recursive: true });
  await writeFile(join(folder, '.funade', 'secrets', 'owner-token'), `${TOKEN}\n`);
  plane.route('GET /api/v1/apps', { json: { items: [], next: null } });
  const environment = { FUNADE_SERVER: plane.address };
  const { code } = await cli(['status'], { directory: folder, environment });
  expect(code).toBe(0);
});

test.each([
  [['stauts'], "unknown command 'stauts' (did you mean `status`?)"],
  [['ship'], "the argument 'app' is missing"],
  [['status', '--timeout', 'soon'], "'soon' is not a duration"],
  [['status', '--jsn'], "unknown option '--jsn' (did you mean `--json`?)"],
  [['app'], 'a subcommand is missing'],
])('%j is a usage error', async (argv, reason) => {
  const { code, stderr, stdout } = await funade(argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
});

test('with --json even a usage error is JSON on standard output', async () => {
  const { code, stderr, stdout } = await funade(['stauts', '--json']);
  expect([code, stderr]).toEqual([2, '']);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FUN_USAGE' } });
});

test('help is on standard output in the chosen language', async () => {
  const english = await funade(['ship', '--help']);
  expect([english.code, english.stderr]).toEqual([0, '']);
  expect(english.stdout).toContain('Usage: funade ship');
  const japanese = await funade(['ship', '--help'], { environment: { FUNADE_LANG: 'ja' } });
  expect(japanese.stdout).toContain('使い方: funade ship');
});

test('completion knows every command and subcommand', async () => {
  const { stdout } = await funade(['completion', 'bash']);
  for (const word of ['status', 'rollback', 'deliveries', 'replay', '--no-wait']) expect(stdout).toContain(word);
});

test('doctor checks this machine, the server, its parts and the token', async () => {
  plane.route('GET /healthz', {
    json: {
      status: 'down',
      version: '1.2.3',
      components: [
        { name: 'database', status: 'down', detail: 'connection refused' },
        { name: 'engine', status: 'ok', detail: 'tick 0.2 s ago' },
      ],
    },
    status: 503,
  });
  plane.route('GET /api/v1/apps', { json: { items: [], next: null } });
  plane.route('GET /api/v1/sources', { json: { items: [], next: null } });
  const { code, stdout } = await funade(['doctor', '--json'], { environment: { PATH: process.env['PATH'] } });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; finding: string }[] };
  const found = Object.fromEntries(checks.map((check) => [check.name, check.status]));
  expect(found).toMatchObject({ 'Node.js': 'ok', git: 'ok', server: 'ok', 'server: database': 'fail', token: 'ok' });
  expect(code).toBe(1);
});

test.each([
  ['works', { runner: 'builtin', trouble: null, tier: 'A', model: null }, [{ name: 'agent', status: 'ok' }]],
  [
    'has no runner',
    { runner: 'none', trouble: 'no_runner', tier: 'A', model: null },
    [{ name: 'agent', status: 'warn' }],
  ],
  [
    'may not work without isolation',
    { runner: 'command', trouble: 'no_isolation', tier: 'C', model: null },
    [{ name: 'agent', status: 'fail' }],
  ],
  [
    'works without isolation',
    { runner: 'command', trouble: null, tier: 'C', model: null },
    [{ name: 'agent', status: 'warn' }],
  ],
  [
    'has a model that refuses the key',
    { runner: 'builtin', trouble: null, tier: 'B', model: 'model_key_refused' },
    [
      { name: 'agent', status: 'ok' },
      { name: 'model', status: 'fail' },
    ],
  ],
] as const)('doctor tells of an agent that %s', async (_, { runner, trouble, tier, model }, expected) => {
  plane.route('GET /healthz', { json: { status: 'ok', version: '1.2.3', components: [] } });
  plane.route('GET /api/v1/apps', { json: { items: [], next: null } });
  plane.route('GET /api/v1/sources', { json: { items: [], next: null } });
  const asked = model === null ? null : { name: 'small', host: 'models.example', trouble: model, detail: 'HTTP 401' };
  plane.route('GET /api/v1/agent', { json: { runner, trouble, isolation: { tier, reason: 'why' }, model: asked } });
  const { stdout } = await funade(['doctor', '--json'], { environment: { PATH: process.env['PATH'] } });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; finding: string }[] };
  const found = checks.filter(({ name }) => name === 'agent' || name === 'model');
  expect(found.map(({ name, status }) => ({ name, status }))).toEqual(expected);
  if (model !== null) expect(found[1]?.finding).toContain('small at models.example: The endpoint of the model refuses');
});

test('doctor takes a server that was never started as a warning and says how to start it', async () => {
  const gone = await startControlPlane();
  await gone.close();
  const environment = { FUNADE_SERVER: gone.address, PATH: process.env['PATH'] };
  const { stdout } = await funade(['doctor'], { environment });
  expect(stdout).toMatch(/warn +server +not running at/u);
  expect(stdout).toContain('npm start');
});
