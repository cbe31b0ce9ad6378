import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  asError,
  makeArtifact,
  removeArtifacts,
  startTestHost,
  until,
} from '../../../test/functions/test-host.ts';
import type { CodeSource, Session } from '../index.ts';

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

const OPEN = { context: '{}', affinity: false, by: 'tester' };

function open(
  languageTitle: string,
  script: string | null,
  more: { context?: string; affinity?: boolean } = {},
): Promise<Session> {
  return host.functions.sessions.initialize({ ...OPEN, languageTitle, script, ...more }, asError);
}

let calls = 0;

async function execute(session: Session, params: unknown = {}): Promise<unknown> {
  const { outcome } = await run(session, params);
  if (outcome.kind !== 'result') throw asError(outcome);
  return JSON.parse(outcome.body.toString('utf8')) as unknown;
}

function run(session: Session, params: unknown = {}) {
  calls += 1;
  return host.functions.sessions.execute(session.id, JSON.stringify(params), { requestId: `r-${calls}` });
}

const CALC = {
  nodejs: `
    const { op, a, b } = event.params;
    if (op === 'add') return a + b;
    if (op === 'div') { if (b === 0) throw new Error('division by zero'); return a / b; }
    throw new Error('unknown operation ' + op);`,
  python: `
def handler(event, context):
    op, a, b = event['params']['op'], event['params']['a'], event['params']['b']
    if op == 'add':
        return a + b
    if op == 'div':
        if b == 0:
            raise ValueError('division by zero')
        return a / b
    raise ValueError('unknown operation ' + op)
`,
  rust: `
fn handler(event: Value) -> Result<f64, String> {
    let params = &event["params"];
    let (a, b) = (params["a"].as_f64().unwrap_or(0.0), params["b"].as_f64().unwrap_or(0.0));
    match params["op"].as_str() {
        Some("add") => Ok(a + b),
        Some("div") if b == 0.0 => Err("division by zero".to_string()),
        Some("div") => Ok(a / b),
        other => Err(format!("unknown operation {}", other.unwrap_or(""))),
    }
}
`,
} as const;

const hasRust = await (async () => {
  const { execFileSync } = await import('node:child_process');
  try {
    execFileSync('/bin/sh', ['-c', 'PATH="$PATH:$HOME/.cargo/bin" rustc --version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const languages = (['nodejs', 'python', 'rust'] as const).filter((language) => language !== 'rust' || hasRust);

describe.each(languages)('calc in %s', (language) => {
  let session: Session;
  beforeAll(async () => {
    session = await open(`${language}-calc`, CALC[language]);
  }, 60_000);

  test.each([
    [{ op: 'add', a: 1, b: 2 }, 3],
    [{ op: 'add', a: 0.5, b: 0.25 }, 0.75],
    [{ op: 'div', a: 9, b: 4 }, 2.25],
    [{ op: 'div', a: -1e21, b: 1 }, -1e21],
  ])('%j is %d', async (params, result) => {
    expect(await execute(session, params)).toBe(result);
  });

  test('what it throws has the same shape, and the next call works', async () => {
    const { outcome } = await run(session, { op: 'div', a: 1, b: 0 });
    expect(outcome).toMatchObject({ kind: 'threw', message: 'division by zero', errorType: expect.any(String) });
    expect(await execute(session, { op: 'add', a: 2, b: 2 })).toBe(4);
  });

  test('what it throws comes back in its own characters, but for NUL, which PostgreSQL can not keep', async () => {
    await expect(execute(session, { op: '加算 🙂 \u0000', a: 1, b: 1 })).rejects.toThrow(
      'unknown operation 加算 🙂 \uFFFD',
    );
  });
});

describe.each([
  ['nodejs', 'return {;', 1],
  ['python', 'def handler(event, context)\n    return 1\n', 1],
  ['rust', 'fn handler(event: Value) -> f64 {\n    let x: i64 = "text";\n    1.0\n}\n', 2],
] as const)('a script in %s that does not compile', (language, script, line) => {
  test.skipIf(language === 'rust' && !hasRust)('is refused when the session is opened, with its place', async () => {
    const opening = open(`${language}-broken`, script);
    const thrown: unknown = await opening.catch((reason: unknown) => reason);
    const fault = (thrown as { outcome?: { fault?: { place?: { line: number } } } }).outcome?.fault;
    const place = fault?.place ?? (thrown as { faults?: readonly { line: number }[] }).faults?.[0];
    expect(place).toMatchObject({ line });
  });
});

test('the context of a session reaches every call byte for byte, and numbers that JavaScript would change do not change', async () => {
  const session = await open(
    'python-context',
    'def handler(event, context):\n    return [event["context"]["n"], event["params"]["n"]]\n',
    {
      context: '{"n":12345678901234567890123}',
    },
  );
  const { outcome } = await host.functions.sessions.execute(session.id, '{"n":98765432109876543210}', {
    requestId: 'big',
  });
  expect(outcome.kind === 'result' ? outcome.body.toString() : outcome).toBe(
    '[12345678901234567890123,98765432109876543210]',
  );
});

test('a session stays on the version that it began with', async () => {
  const before = await open('nodejs-pinned', 'return "one";');
  const after = await open('nodejs-pinned', 'return "two";');
  expect([await execute(before), await execute(after)]).toEqual(['one', 'two']);
  expect([before.version, after.version]).toEqual([1, 2]);
  const again = await open('nodejs-pinned', 'return "one";');
  expect(again.version).toBe(1);
  const newest = await open('nodejs-pinned', null);
  expect(newest.version).toBe(1); // published last, like a version that is brought back
});

describe('a script takes the place of nothing that somebody else answers for:', () => {
  const titles = ['nodejs-deployed', 'nodejs-granted', 'nodejs-limited', 'nodejs-deployed-meanwhile'];
  const order = { form: 'module', by: 'deployer', onFault: asError } as const;
  const deploy = (name: string, code: CodeSource, config: object) =>
    host.functions.standalone.publish({ ...order, name, code, config: { runtime: 'nodejs', ...config } });
  /** Other settings for the script that is there. */
  async function configure(name: string, config: object) {
    const { latest: number } = await host.functions.standalone.get(name);
    return deploy(name, { kind: 'version', number }, { handler: 'script.js', ...config });
  }
  afterAll(async () => {
    for (const title of titles) await host.functions.standalone.remove(title);
  });

  test('not of code that was deployed', async () => {
    const files = { 'index.mjs': 'export const handler = async () => "deployed";' };
    await deploy('nodejs-deployed', { kind: 'files', files }, { handler: 'index.handler' });
    await expect(open('nodejs-deployed', 'return "script";')).rejects.toMatchObject({
      code: 'FUN_CONFLICT',
      message: expect.stringContaining('it was deployed'),
    });
    const without = await open('nodejs-deployed', null);
    expect(await execute(without)).toBe('deployed');
  });

  test('not even of code that is deployed while the script comes up', async () => {
    const slow = 'const end = Date.now() + 1500; while (Date.now() < end); module.exports = () => "script";';
    const opening = open('nodejs-deployed-meanwhile', slow);
    opening.catch(() => {});
    await until(
      () => host.functions.standalone.find('nodejs-deployed-meanwhile'),
      (found) => found !== undefined,
    );
    const files = { 'index.mjs': 'export const handler = async () => "deployed";' };
    await deploy('nodejs-deployed-meanwhile', { kind: 'files', files }, { handler: 'index.handler' });
    await expect(opening).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
    expect(await execute(await open('nodejs-deployed-meanwhile', null))).toBe('deployed');
  });

  test.each([
    [{ environment: { KEY: 'value' } }, 'an environment'],
    [{ egress: ['example.com:443'] }, 'egress'],
    [{ route: '/*' }, 'a route'],
    [{ trusted: true }, 'trust'],
    [{ trusted: true, network: 'open' }, 'trust, an open network'],
  ])('nor of a script that was given %j', async (granted, words) => {
    const title = titles[1] ?? '';
    if ((await host.functions.standalone.find(title)) === undefined) await open(title, 'return "script";');
    await configure(title, granted);
    await expect(open(title, 'return "another";')).rejects.toMatchObject({
      message: expect.stringContaining(`it was given ${words},`),
    });
    await configure(title, {});
    expect(await execute(await open(title, null))).toBe('script');
  });

  test('limits that were set for a script stay with the next one', async () => {
    await open('nodejs-limited', 'return 1;');
    await configure('nodejs-limited', { memory: 200, timeout: '9s', reserved: 3 });
    const { version } = await open('nodejs-limited', 'return 2;');
    expect(await host.functions.standalone.version('nodejs-limited', version)).toMatchObject({
      form: 'script',
      config: { memory: 200, timeout: 9000, reserved: 3, trusted: false },
    });
  });
});

test('a session ends with its function, also where another one of that name takes its place', async () => {
  const session = await open('nodejs-replaced', 'return "old";');
  expect(await execute(session)).toBe('old');
  await host.functions.standalone.remove('nodejs-replaced');
  await open('nodejs-replaced', 'return "new";');
  await expect(execute(session)).rejects.toMatchObject({ code: 'FUN_NOT_FOUND', values: { kind: 'session' } });
});

test('scripts are limited in number, and go when nobody has used them for long', async () => {
  const own = await createTestDatabase();
  const limited = await startTestHost(own, { mostScripts: 2 });
  const opening = (languageTitle: string, script: string | null) =>
    limited.functions.sessions.initialize({ ...OPEN, languageTitle, script }, asError);
  try {
    await opening('nodejs-one', 'return 1;');
    await opening('nodejs-two', 'return 2;');
    await expect(opening('nodejs-three', 'return 3;')).rejects.toMatchObject({
      code: 'FUN_CONFLICT',
      values: { reason: expect.stringContaining('there are 2 scripts already') },
    });
    await opening('nodejs-two', 'return "another";');
    await sql`update standalone_functions set used_at = now() - interval '31 days'`.execute(own.db);
    await sql`update function_sessions set expires_at = now() where function = 'nodejs-one'`.execute(own.db);
    await limited.functions.prune();
    expect(await limited.functions.standalone.find('nodejs-one')).toBeUndefined();
    expect(await limited.functions.standalone.find('nodejs-two')).toBeDefined(); // it has a session
    await opening('nodejs-three', 'return 3;');
  } finally {
    await limited.stop();
    await own.drop();
  }
});

test('a session of a function that is not there is refused, and one that is unknown is not found', async () => {
  await expect(open('nodejs-nowhere', null)).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  const unknown = host.functions.sessions.execute('unknown', '{}', { requestId: 'x' });
  await expect(unknown).rejects.toMatchObject({ code: 'FUN_NOT_FOUND', values: { kind: 'session' } });
});

test('a session with affinity keeps to one process, one call at a time; others share', async () => {
  const script =
    'globalThis.count = (globalThis.count ?? 0) + 1; await new Promise((r) => setTimeout(r, event.params.wait ?? 0)); return globalThis.count;';
  const mine = await open('nodejs-affine', script, { affinity: true });
  const other = await open('nodejs-affine', script);
  expect(await execute(mine)).toBe(1);
  const slow = execute(other, { wait: 300 });
  expect([await execute(mine), await execute(mine)]).toEqual([expect.any(Number), expect.any(Number)]);
  await slow;
  const busy = execute(mine, { wait: 300 });
  await expect(execute(mine)).rejects.toMatchObject({ code: 'FUN_SESSION_BUSY' });
  await busy;
});

test('counts and times of a session are kept, and it ends when it was not used for its time', async () => {
  let opened = '';
  const short = await startTestHost(database, { sessions: { ttl: 600, longest: 5000 } });
  try {
    const { sessions } = short.functions;
    const session = await sessions.initialize(
      { ...OPEN, languageTitle: 'nodejs-short', script: 'if (event.params.fail) throw new Error("no"); return 1;' },
      asError,
    );
    for (let count = 0; count < 3; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await sessions.execute(session.id, count === 2 ? '{"fail":true}' : '{}', { requestId: 'x' });
    }
    expect(await sessions.get(session.id)).toMatchObject({ state: 'active', executions: 3, errors: 1 });
    await until(
      () => sessions.get(session.id),
      ({ state }) => state === 'expired',
    );
    await expect(sessions.execute(session.id, '{}', { requestId: 'x' })).rejects.toMatchObject({
      code: 'FUN_NOT_FOUND',
    });
    opened = session.id;
  } finally {
    await short.stop();
  }
  // Another host, and this one after a restart, know the same.
  expect(await host.functions.sessions.get(opened)).toMatchObject({ state: 'expired', executions: 3, errors: 1 });
});

test('a host that does not have the code of a session says so, and works once it has', async () => {
  const [ours, theirs] = [await makeArtifact({}), await makeArtifact({})];
  const first = await startTestHost(database, { directory: ours });
  const second = await startTestHost(database, { directory: theirs });
  try {
    const order = { ...OPEN, languageTitle: 'nodejs-shared', script: 'return event.params.n + 1;' };
    const session = await first.functions.sessions.initialize(order, asError);
    const executing = () => second.functions.sessions.execute(session.id, '{"n":1}', { requestId: 'x' });
    expect((await executing()).outcome).toMatchObject({
      kind: 'init_failed',
      reason: expect.stringContaining('not on this server'),
    });
    await cp(join(ours, 'code'), join(theirs, 'code'), { recursive: true });
    expect((await executing()).outcome).toMatchObject({ kind: 'result', body: Buffer.from('2') });
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
});

test('the first execution of a session that was just opened takes no start of a process', async () => {
  const session = await open('nodejs-warm', 'return performance.timeOrigin;');
  const openedAt = Date.now();
  expect(await execute(session)).toBeLessThanOrEqual(openedAt);
});

test('5,000 calls one after the other use one instance and make it hardly larger', async () => {
  const session = await open(
    'nodejs-steady',
    'globalThis.name ??= crypto.randomUUID(); return [globalThis.name, process.memoryUsage().rss];',
  );
  // The heap finds its size first.
  for (let count = 0; count < 1000; count += 1) await execute(session);
  const [first, before] = (await execute(session)) as [string, number];
  let last: [string, number] = [first, before];
  for (let count = 0; count < 5000; count += 1) last = (await execute(session)) as [string, number];
  expect(last[0]).toBe(first);
  expect(last[1] - before).toBeLessThan(10 * 1024 * 1024);
}, 60_000);
