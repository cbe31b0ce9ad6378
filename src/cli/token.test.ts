import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { type CliOptions, cli } from '../../test/fakes/terminal.ts';
import { SCOPES, createTokenRequest } from '../api/contract/index.ts';
import { createManualClock } from '../kernel/index.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function funade(argv: readonly string[], options: CliOptions = {}) {
  const environment = { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN, ...options.environment };
  return cli(argv, { ...options, environment });
}

const CREATE = ['token', 'create', '--name', 'ci', '--role', 'deployer'];
const MADE = { id: 'tok_1', name: 'ci', role: 'deployer', scopes: null, expiresAt: null, token: 'fun_secret' };
const KEY = { accessKeyId: 'tok_1', secretAccessKey: 'derived' };

/** Answers the creation of a token, and gives what was asked for. */
function creation(answer: object = MADE): () => unknown {
  plane.route('POST /api/v1/tokens', { json: answer, status: 201 });
  return () => createTokenRequest.strict().parse(plane.seen.at(-1)?.body);
}

test('token create prints the token alone on standard output', async () => {
  const asked = creation();
  const { stdout } = await funade(CREATE);
  expect(stdout).toBe('fun_secret\n');
  expect(asked()).toEqual({ name: 'ci', role: 'deployer' });
});

test.each([
  [['--scope', 'execute:nodejs', '--scope', 'read:functions']],
  [['--scope', 'execute:nodejs,read:functions']],
  [['--scope', 'read:functions, execute:nodejs', '--scope', 'execute:nodejs']],
])('%j asks for each scope once', async (argv) => {
  const asked = creation();
  expect((await funade([...CREATE, ...argv])).code).toBe(0);
  expect(asked()).toMatchObject({ scopes: ['execute:nodejs', 'read:functions'] });
});

test('--expires-in says how long the token is valid', async () => {
  const asked = creation();
  await funade([...CREATE, '--expires-in', '30d']);
  expect(asked()).toMatchObject({ expiresIn: '30d' });
});

test('--aws prints what a shell can take over, and notes what else clients need', async () => {
  const asked = creation({ ...MADE, ...KEY });
  const { stdout, stderr } = await funade([...CREATE, '--aws']);
  expect(asked()).toMatchObject({ aws: true });
  expect(stdout).toBe('export AWS_ACCESS_KEY_ID=tok_1\nexport AWS_SECRET_ACCESS_KEY=derived\n');
  expect(stderr).toContain(`export AWS_ENDPOINT_URL_LAMBDA=${plane.address} AWS_REGION=local`);
  expect(stderr).not.toContain('fun_secret');
});

test('--aws --json is the whole answer', async () => {
  creation({ ...MADE, ...KEY });
  const { stdout, stderr } = await funade([...CREATE, '--aws', '--json']);
  expect(JSON.parse(stdout)).toEqual({ ...MADE, ...KEY });
  expect(stderr).not.toContain('AWS_');
});

test.each([
  [['token', 'create', '--name', 'ci', '--role', 'king'], "'king' is not one of viewer, deployer, approver, owner"],
  [[...CREATE, '--scope', 'execute:php'], `'execute:php' is not one of ${SCOPES.join(', ')}`],
  [[...CREATE, '--scope', 'execute:all,'], "'' is not one of"],
  [[...CREATE, '--expires-in', 'soon'], "'soon' is not a duration"],
])('%j is a usage error', async (argv, reason) => {
  const { code, stderr, stdout } = await funade(argv);
  expect([code, stdout, plane.seen]).toEqual([2, '', []]);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
});

test('token list shows scopes and the end of a token, and what it is now', async () => {
  const clock = createManualClock();
  const day = 86_400_000;
  const token = { name: 'ci', role: 'deployer', createdAt: clock.now() - day, lastUsedAt: null };
  const plain = { scopes: null, expiresAt: null, revokedAt: null };
  const items = [
    { ...token, ...plain, id: 'tok_a', scopes: ['execute:nodejs', 'read:functions'], expiresAt: clock.now() + 7 * day },
    { ...token, ...plain, id: 'tok_b', expiresAt: clock.now() },
    { ...token, ...plain, id: 'tok_c', expiresAt: clock.now(), revokedAt: clock.now() },
    { ...token, ...plain, id: 'tok_d' },
  ];
  plane.route('GET /api/v1/tokens', { json: { items, next: null } });
  const { stdout } = await funade(['token', 'list', '--plain'], { clock });
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(rows.map(([id, , , scopes, , , end, state]) => [id, scopes, end, state])).toEqual([
    ['tok_a', 'execute:nodejs read:functions', '7d', 'valid'],
    ['tok_b', '-', '0ms', 'expired'],
    ['tok_c', '-', '0ms', 'revoked'],
    ['tok_d', '-', '-', 'valid'],
  ]);
});
