import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { type CliOptions, cli } from '../../test/fakes/terminal.ts';
import { setSecretRequest } from '../api/contract/index.ts';

const SET = ['secret', 'set', 'greeter', 'TOKEN'];
const VALUE = 'hunter2-and-then-some';
const ENTRY = { name: 'TOKEN', environment: null, version: 3, setBy: 'mika', setAt: 0 };

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

/** What the control plane was asked to set. */
function sent(): unknown {
  return setSecretRequest.strict().parse(plane.seen.at(-1)?.body);
}

beforeEach(() => plane.route('PUT /api/v1/apps/greeter/secrets/TOKEN', { json: ENTRY }));

test.each([
  ['as it is', VALUE, VALUE],
  ['without the newline that `echo` adds', `${VALUE}\n`, VALUE],
  ['without a newline of another system', `${VALUE}\r\n`, VALUE],
  ['with every other newline', `one\ntwo\n\n`, 'one\ntwo\n'],
  ['with its spaces', ` ${VALUE} `, ` ${VALUE} `],
])('secret set takes standard input %s', async (_, input, value) => {
  const { code, stdout, stderr } = await funade(SET, { input });
  expect([code, stdout]).toEqual([0, '']);
  expect(sent()).toEqual({ value });
  expect(stderr).toContain('Set TOKEN of greeter, version 3');
});

test('secret set takes the content of a file as it is, for one environment', async () => {
  await writeFile(join(folder, 'key.pem'), '-----BEGIN-----\n');
  const { code } = await funade([...SET, '--from-file', 'key.pem', '--environment', 'production']);
  expect(code).toBe(0);
  expect(sent()).toEqual({ value: '-----BEGIN-----\n', environment: 'production' });
});

test('secret set asks a person, and shows nothing of what they type', async () => {
  const { code, stdout, stderr } = await funade(SET, { tty: true, input: `${VALUE}\n` });
  expect([code, sent()]).toEqual([0, { value: VALUE }]);
  expect(stderr).toContain('Value of TOKEN (not shown): ');
  expect(stdout + stderr).not.toContain('hunter2');
});

test('Ctrl-C at the question ends with 130 and sets nothing', async () => {
  const { code } = await funade(SET, { tty: true, input: 'hunt\u0003' });
  expect([code, plane.seen]).toEqual([130, []]);
});

test('where nobody can be asked the fix says how to give the value', async () => {
  const { code, stdout } = await funade([...SET, '--json'], { tty: true });
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'action_required',
    next: [{ command: 'funade secret set greeter TOKEN --from-file <file>' }],
  });
});

test.each([
  ['an empty standard input', SET, { input: '' }, 'the value is empty'],
  ['an empty line', SET, { input: '\n' }, 'the value is empty'],
  ['an empty answer', SET, { input: '\n', tty: true }, 'the value is empty'],
  ['a file that is not there', [...SET, '--from-file', 'none'], {}, "'none' can not be read: ENOENT"],
  ['a value among the arguments', [...SET, VALUE], {}, 'too many arguments'],
  [
    'a value behind the name',
    ['secret', 'set', 'greeter', `TOKEN=${VALUE}`],
    {},
    'give it on standard input or with --from-file',
  ],
  [
    'a reserved name',
    ['secret', 'set', 'greeter', 'FUNADE_TOKEN'],
    { input: VALUE },
    'names that start with FUNADE_ are set by Funade. Fix:',
  ],
  [
    'a name with a hyphen',
    ['secret', 'set', 'greeter', 'a-b'],
    { input: VALUE },
    'this command: the name of a secret has only letters, digits and _, and does not start with a digit. Fix:',
  ],
  ['a long name', ['secret', 'set', 'greeter', 'A'.repeat(65)], { input: VALUE }, 'at most 64 long. Fix:'],
  ['a large value', SET, { input: 'x'.repeat(65_537) }, 'the value has more than 64 KB'],
])('%s is a usage error that shows no value', async (_, argv, options, reason) => {
  const { code, stdout, stderr } = await funade(argv, options);
  expect([code, stdout, plane.seen]).toEqual([2, '', []]);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
  expect(stderr).not.toContain('hunter2');
});

test('a value that is no text is refused', async () => {
  await writeFile(join(folder, 'key.der'), Buffer.of(0x30, 0x82, 0xff));
  const { code, stderr } = await funade([...SET, '--from-file', 'key.der']);
  expect([code, plane.seen]).toEqual([2, []]);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain('encode it first, for example with base64');
});

test('a value is in no trace and in no problem of the server', async () => {
  plane.route('PUT /api/v1/apps/greeter/secrets/TOKEN', {
    problem: { status: 403, code: 'FUN_FORBIDDEN', detail: "Can't set a secret as ci (deployer): it needs approver." },
  });
  const { code, stderr } = await funade([...SET, '--debug'], { input: VALUE });
  expect(code).toBe(6);
  expect(stderr).toContain('it needs approver');
  expect(stderr).not.toContain('hunter2');
});

test('secret list shows names, where they count, and who set them', async () => {
  const items = [ENTRY, { ...ENTRY, environment: 'production', version: 1 }];
  plane.route('GET /api/v1/apps/greeter/secrets', { json: { items, next: null } });
  const { stdout } = await funade(['secret', 'list', 'greeter', '--plain']);
  const rows = stdout.trimEnd().split('\n');
  expect(rows.map((row) => row.split('\t').slice(0, 4))).toEqual([
    ['TOKEN', 'all', '3', 'mika'],
    ['TOKEN', 'production', '1', 'mika'],
  ]);
});

test('secret list of a name that nothing has is not found', async () => {
  plane.route('GET /api/v1/apps/nosuch/secrets', { json: { items: [], next: null } });
  const { code, stderr } = await funade(['secret', 'list', 'nosuch']);
  expect([code, stderr.includes('FUN_NOT_FOUND')]).toEqual([2, true]);
  plane.route('GET /api/v1/functions/nosuch/logs', { json: { items: [], next: null } });
  expect((await funade(['secret', 'list', 'nosuch'])).stderr).toBe('Nothing here.\n');
});

test('secret remove asks first, and removes the one of the environment', async () => {
  plane.route('DELETE /api/v1/apps/greeter/secrets/TOKEN', { json: {} });
  const argv = ['secret', 'remove', 'greeter', 'TOKEN', '--environment', 'production'];
  const unasked = await funade([...argv, '--json']);
  expect(unasked.code).toBe(4);
  expect(JSON.parse(unasked.stdout)).toMatchObject({ next: [{ command: `funade ${argv.join(' ')} --yes` }] });
  expect((await funade(argv, { tty: true, input: 'n\n' })).code).toBe(1);
  expect(plane.seen).toEqual([]);
  expect((await funade(argv, { tty: true, input: 'y\n' })).code).toBe(0);
  expect(plane.seen.at(-1)?.query).toEqual({ environment: 'production' });
  expect((await funade([...argv.slice(0, 4), '--yes'])).code).toBe(0);
  expect(plane.seen.at(-1)?.query).toEqual({});
});
