import { expect, test } from 'vitest';
import { view as runtimes } from '../../../test/fixtures/fn-doctor-plain-processes/view.ts';
import { type FunctionInvocationView, functionAliasRequest } from '../../api/contract/index.ts';
import { aliasOf, createFnRig, functionOf, versionOf } from '../../../test/fn-rig.ts';

const { plane, funade, acts } = createFnRig();

const LIST = 'GET /api/v1/functions';
const CALC = '/api/v1/functions/calc';
const page = (items: readonly unknown[]) => ({ json: { items, next: null } });

test('list asks for as many pages as --limit needs, and for one language only where that is wanted', async () => {
  plane().route(LIST, ({ query }) => {
    const [number, size] = [Number(query['page']), Number(query['per_page'])];
    const functions = Array.from({ length: size }, (_, index) => functionOf(`f${(number - 1) * size + index}`));
    return { json: { functions, page: number, per_page: size, total: 250, total_pages: 3 } };
  });
  const { stdout, stderr } = await funade(['list', '--language', 'rust', '--limit', '150', '--plain']);
  expect(stdout.trimEnd().split('\n')).toHaveLength(150);
  expect(stdout.split('\n')[149]).toMatch(/^f149\tnodejs\tv1\t/u);
  expect(stderr).toContain('raise --limit');
  expect(plane().seen.map(({ query }) => query)).toEqual([
    { language: 'rust', page: '1', per_page: '100' },
    { language: 'rust', page: '2', per_page: '100' },
  ]);
});

test('list of a server without functions says so and asks once', async () => {
  plane().route(LIST, { json: { functions: [], page: 1, per_page: 20, total: 0, total_pages: 0 } });
  expect(await funade(['list'])).toEqual({ code: 0, stdout: '', stderr: 'Nothing here.\n' });
  expect((await funade(['list', '--json'])).stdout).toBe('[]\n');
  expect(plane().seen).toHaveLength(2);
});

test.each([
  [['list', '--language', 'ruby'], "'ruby' is not one of nodejs, python, rust, provided"],
  [['list', '--type', 'lambda'], "'lambda' is not one of session, function"],
  [['alias', 'calc', 'live', 'newest'], "'newest' is neither the number of a version nor a share such as 2=10"],
  [['alias', 'calc', 'live', '1=90', '2=5', '3=5'], 'an alias takes one version or two, not 3'],
  [['alias', 'calc', 'Live', '3'], "'Live' is not the name of an alias"],
  [['versions', 'Calc'], "'Calc' is not the name of a function"],
  [['dead-letters', 'calc', '--retry', 'nope'], "'nope' is not the id of a dead letter; `funade fn dead-letters calc`"],
  [
    ['logs', 'calc', '--limit', '1001'],
    "'1001' is not a whole number from 1 to 1000. Fix: See `funade fn logs --help`",
  ],
  [['versions', 'calc', '--limit', 'x'], 'from 1 to 500. Fix: See `funade fn versions --help`'],
  [['deplyo', 'calc'], "unknown command 'deplyo' (did you mean `deploy`?). Fix:"],
  [['alias', 'calc', 'live', '1=90', '2=20'], 'the shares v1 90%, v2 20% sum up to 110, not to 100'],
  [['alias', 'calc', 'live', '3', '--if-revision', 'now'], "'now' is not the number of a revision"],
  [['alias', 'calc', '--delete'], "the argument 'alias' is missing"],
  [['alias', 'calc', 'live', '3', '--delete'], '--delete goes with no versions'],
])('%j is a usage error and asks the server nothing', async (argv, reason) => {
  const { code, stdout, stderr } = await funade(argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
  expect(plane().seen).toEqual([]);
});

test('an unknown function ends with 2 and the command that lists the known ones', async () => {
  plane().route(`GET ${CALC}/versions`, {
    problem: {
      status: 404,
      code: 'FUN_NOT_FOUND',
      detail: "Can't find function calc.",
      fix: 'List what there is with `funade fn list`.',
    },
  });
  const { code, stderr } = await funade(['versions', 'calc']);
  expect(code).toBe(2);
  expect(stderr).toContain("Can't find function calc.");
  expect(stderr).toContain('→ funade fn list');
});

test('versions tells which aliases point to each', async () => {
  plane().route(`GET ${CALC}/versions`, page([versionOf(2), versionOf(1)]));
  const weights = [
    { version: '1', weight: 90 },
    { version: '2', weight: 10 },
  ];
  plane().route(`GET ${CALC}/aliases`, page([aliasOf('live', { weights }), aliasOf('old')]));
  const { stdout } = await funade(['versions', 'calc', '--plain']);
  const rows = stdout.trimEnd().split('\n');
  expect(rows.map((row) => row.split('\t').slice(0, 6))).toEqual([
    ['v2', 'nodejs', '128 MB', '3s', '2'.repeat(12), 'live 10%'],
    ['v1', 'nodejs', '128 MB', '3s', '1'.repeat(12), 'live 90%, old'],
  ]);
  const json = await funade(['versions', 'calc', '--limit', '1', '--json']);
  expect(JSON.parse(json.stdout)).toEqual([versionOf(2)]);
});

test('alias lists all and shows one', async () => {
  plane().route(`GET ${CALC}/aliases`, page([aliasOf('live'), aliasOf('old')]));
  plane().route(`GET ${CALC}/aliases/old`, { json: aliasOf('old') });
  expect((await funade(['alias', 'calc'])).stdout).toMatch(/^ALIAS.*\nlive +v1 .*\nold +v1 /u);
  expect(JSON.parse((await funade(['alias', 'calc', 'old', '--json'])).stdout)).toEqual(aliasOf('old'));
});

test.each([
  [['3'], { version: '3' }],
  [['v3'], { version: '3' }],
  [
    ['1=90', 'v2=10%'],
    {
      weights: [
        { version: '1', weight: 90 },
        { version: '2', weight: 10 },
      ],
    },
  ],
])('alias points to %j and leaves alone how callers are kept on a version', async (versions, target) => {
  plane().route(`PUT ${CALC}/aliases/live`, ({ body, headers }) => {
    expect(functionAliasRequest.parse(body)).toEqual(target);
    expect(headers['if-match']).toBeUndefined();
    return { json: aliasOf('live', { revision: 2, weights: [{ version: '3', weight: 100 }] }) };
  });
  const { code, stdout, stderr } = await funade(['alias', 'calc', 'live', ...versions]);
  expect([code, stderr]).toEqual([0, 'calc:live points to v3.\n']);
  expect(stdout).toMatch(/live +v3 +- +2 /u);
});

test('a revision that has passed is explained: what the alias is now, and the same command with its revision', async () => {
  plane().route(`GET ${CALC}/aliases/live`, { json: aliasOf('live', { revision: 4 }) });
  plane().route(`PUT ${CALC}/aliases/live`, ({ headers }) => {
    expect(headers['if-match']).toBe('"3"');
    const detail = "Can't change calc:live: it has revision 4, not 3.";
    return { problem: { status: 412, code: 'FUN_REVISION_MISMATCH', detail } };
  });
  const { code, stderr } = await funade(['alias', 'calc', 'live', '1=90', '2=10', '--if-revision', '3']);
  expect(code).toBe(1);
  const told = stderr.replaceAll(/\s+/gu, ' ');
  expect(told).toContain('it has revision 4, not 3.');
  expect(told).toContain('calc:live points to v1 at revision 4 now.');
  expect(told).toContain('→ funade fn alias calc live → funade fn alias calc live 1=90 2=10 --if-revision 4');
});

test.each([
  [['delete', 'calc'], `DELETE ${CALC}`],
  [['alias', 'calc', 'live', '--delete'], `DELETE ${CALC}/aliases/live`],
])('%j asks first', async (argv, route) => {
  plane().route(route, { json: null, status: 204 });
  const unasked = await funade([...argv, '--json']);
  expect(unasked.code).toBe(4);
  expect(JSON.parse(unasked.stdout)).toMatchObject({ next: [{ command: `funade fn ${argv.join(' ')} --yes` }] });
  expect((await funade(argv, { tty: true, input: 'n\n' })).code).toBe(1);
  expect(acts()).toEqual([]);
  expect((await funade(argv, { tty: true, input: 'y\n' })).code).toBe(0);
  const json = await funade([...argv, '--yes', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ deleted: true });
  expect(acts()).toHaveLength(2);
});

const letter: FunctionInvocationView = {
  id: '0b9f3c52-6a0e-4a55-9d3c-0f6a3c0d2b11',
  name: 'calc',
  qualifier: null,
  state: 'dead',
  attempts: 3,
  payload: '{}',
  failure: { code: 'FUNCTION_ERROR', errorType: 'TypeError', message: 'a is \u001B[2Jundefined' },
  requestedBy: 'mei',
  requestedAt: 0,
  finishedAt: 0,
};

test('dead-letters lists what was given up with the reason, and nothing of it moves the cursor', async () => {
  plane().route(`GET ${CALC}/invocations`, ({ query }) => {
    expect(query).toEqual({ state: 'dead', limit: '21' });
    const { payload: _, ...listed } = letter;
    return page([listed]);
  });
  const { stdout } = await funade(['dead-letters', 'calc']);
  expect(stdout).toContain(letter.id);
  expect(stdout).toContain('\n  FUNCTION_ERROR: TypeError: a is undefined\n');
});

test('dead-letters of a name that nothing has is not found, of one without any is empty', async () => {
  plane().route(`GET ${CALC}/invocations`, page([]));
  plane().route(`GET ${CALC}/logs`, page([]));
  expect(await funade(['dead-letters', 'calc'])).toEqual({ code: 0, stdout: '', stderr: 'Nothing here.\n' });
  const problem = { status: 404, code: 'FUN_NOT_FOUND', detail: "Can't find function calc." };
  plane().route(`GET ${CALC}/logs`, { problem });
  const { code, stderr } = await funade(['dead-letters', 'calc']);
  expect(code).toBe(2);
  expect(stderr).toContain("Can't find function calc.");
  plane().route(`GET ${CALC}/logs`, { problem: { status: 403, code: 'FUN_FORBIDDEN' } });
  expect((await funade(['dead-letters', 'calc'])).code).toBe(0);
});

test('dead-letters --retry has one tried again', async () => {
  plane().route(`POST ${CALC}/invocations/${letter.id}/retry`, {
    json: { ...letter, state: 'queued', attempts: 0, failure: null, finishedAt: null },
    status: 202,
  });
  const { code, stdout } = await funade(['dead-letters', 'calc', '--retry', letter.id]);
  expect([code, stdout]).toEqual([0, `${letter.id}\n`]);
});

test('a dead letter that is none is told with the command to look with', async () => {
  plane().route(`POST ${CALC}/invocations/${letter.id}/retry`, {
    problem: {
      status: 409,
      code: 'FUN_CONFLICT',
      detail: `Can't retry invocation ${letter.id}: it is not dead.`,
      fix: 'Look at the present state with `funade fn list`.',
    },
  });
  const { code, stderr } = await funade(['dead-letters', 'calc', '--retry', letter.id]);
  expect(code).toBe(1);
  expect(stderr).toContain('→ funade fn list');
});

test('doctor ends with 0 whatever is missing on the server', async () => {
  plane().route('GET /api/v1/runtimes', { json: runtimes });
  const { code, stdout } = await funade(['doctor']);
  expect(code).toBe(0);
  expect(stdout).toContain('! tier C');
  expect(stdout).toContain('Fix: apt-get install bubblewrap');
  expect(JSON.parse((await funade(['doctor', '--json'])).stdout)).toEqual(runtimes);
});
