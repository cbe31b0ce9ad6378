import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  asError,
  removeArtifacts,
  startTestHost,
  testSandbox,
} from '../../../test/functions/test-host.ts';
import type { CodeSource, PublishOrder } from '../index.ts';

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

function hasRust(): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'PATH="$PATH:$HOME/.cargo/bin" rustc --version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('CI needs rustc to test functions in Rust');
    return false;
  }
}
const rustTests = describe.skipIf(!hasRust());

function publish(name: string, code: CodeSource, config: Record<string, unknown>) {
  return host.functions.standalone.publish({ name, code, form: 'module', by: 'tester', config, onFault: asError });
}

async function invoke(name: string, event: unknown = {}): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(event));
  const call = { requestId: 'r-1', name, qualifier: null, body, caller: { gone: false } };
  const { outcome } = await host.functions.invoker.invoke(call);
  if (outcome.kind !== 'result') throw new Error(JSON.stringify(outcome));
  return JSON.parse(outcome.body.toString('utf8')) as unknown;
}

/** A zip whose files are executable. */
async function zipOf(files: Readonly<Record<string, string>>): Promise<CodeSource> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), path, { mode: 0o100755 });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return { kind: 'zip', bytes: Buffer.concat(chunks) };
}

rustTests('a function in Rust', () => {
  test('is compiled from a program of several files, and computes', async () => {
    const files = {
      'main.rs':
        'mod sum;\nuse funade_rt::{serve, Value};\nfn main() { serve(|event: Value| sum::primes(event["below"].as_i64().unwrap_or(0))) }\n',
      'sum.rs':
        'pub fn primes(below: i64) -> i64 { (2..below).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).sum() }\n',
    };
    await publish('rust-primes', { kind: 'files', files }, { runtime: 'rust', handler: 'main.rs' });
    expect(await invoke('rust-primes', { below: 1000 })).toBe(76127);
  }, 60_000);

  test('is compiled where the files of the host are not', async () => {
    const files = {
      'main.rs':
        'fn main() { funade_rt::serve(|_: funade_rt::Value| include_str!("/etc/passwd").contains("root:x:0:0:root:/root")) }\n',
    };
    const publishing = publish('rust-spy', { kind: 'files', files }, { runtime: 'rust', handler: 'main.rs' });
    if ((await testSandbox()).isolation().tier === 'C') return;
    await publishing;
    expect(await invoke('rust-spy')).toBe(false);
  }, 60_000);

  test('is built by cargo from a project without anything to download', async () => {
    const files = {
      'Cargo.toml':
        '[package]\nname = "greet"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\nfunade_rt = "0.1"\n',
      'src/main.rs':
        'fn main() { funade_rt::serve(|event: funade_rt::Value| format!("hello {}", event["name"].as_str().unwrap_or("you"))) }\n',
    };
    await publish('rust-cargo', { kind: 'files', files }, { runtime: 'rust', handler: 'Cargo.toml' });
    expect(await invoke('rust-cargo', { name: 'Ann' })).toBe('hello Ann');
  }, 120_000);

  test('that cargo can not build is refused with file and line', async () => {
    const files = {
      'Cargo.toml': '[package]\nname = "greet"\nversion = "1.0.0"\nedition = "2021"\n',
      'src/main.rs': 'fn main() {\n    let n: i32 = "text";\n}\n',
    };
    await expect(
      publish('rust-cargo', { kind: 'files', files }, { runtime: 'rust', handler: 'Cargo.toml' }),
    ).rejects.toMatchObject({
      code: 'FUN_FUNCTION_INVALID',
      faults: [{ line: 2, message: expect.stringContaining('src/main.rs: mismatched types') }],
    });
  }, 120_000);
});

rustTests('an unmodified bootstrap of AWS Lambda', () => {
  const BOOTSTRAP = `#!/usr/bin/python3
import json, os, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
while True:
    with urllib.request.urlopen(api + 'next') as answer:
        request, event = answer.headers['Lambda-Runtime-Aws-Request-Id'], json.load(answer)
    result = json.dumps({'twice': event['n'] * 2, 'root': os.environ['LAMBDA_TASK_ROOT']}).encode()
    urllib.request.urlopen(urllib.request.Request(api + request + '/response', data=result, method='POST'))
`;

  test('runs without a network, call after call', async () => {
    await publish('bootstrapped', await zipOf({ bootstrap: BOOTSTRAP }), { runtime: 'provided' });
    expect(await invoke('bootstrapped', { n: 4 })).toMatchObject({ twice: 8 });
    expect(await invoke('bootstrapped', { n: 5 })).toMatchObject({ twice: 10 });
  }, 60_000);

  test('finds the handler in _HANDLER', async () => {
    const code = BOOTSTRAP.replace("'LAMBDA_TASK_ROOT'", "'_HANDLER'");
    await publish('handled', await zipOf({ bootstrap: code }), { runtime: 'provided', handler: 'app.main' });
    expect(await invoke('handled', { n: 1 })).toEqual({ twice: 2, root: 'app.main' });
  }, 60_000);

  test('that is not executable is refused with the fix', async () => {
    const code = { kind: 'files', files: { bootstrap: BOOTSTRAP } } as const;
    await expect(publish('inert', code, { runtime: 'provided' })).rejects.toMatchObject({
      faults: [{ path: 'handler', message: expect.stringContaining('chmod +x') }],
    });
  });
});

test('code that nobody vouches for is refused where isolation is missing, before anything of it is compiled or run', async () => {
  const bare = await startTestHost(database, { sandbox: await testSandbox('C') });
  const order: PublishOrder = {
    ...{
      name: 'stranger',
      form: 'module',
      by: 'tester',
      code: { kind: 'files', files: { 'index.mjs': 'export const handler = () => 1;' } },
    },
    config: { runtime: 'nodejs', handler: 'index.handler' },
    onFault: asError,
  };
  try {
    await expect(bare.functions.standalone.publish(order)).rejects.toMatchObject({
      code: 'FUN_ISOLATION_UNAVAILABLE',
      status: 503,
      values: { reason: expect.stringContaining('turned off') },
    });
    const vouched = { ...order, config: { ...order.config, trusted: true } };
    await expect(bare.functions.standalone.publish(vouched)).resolves.toMatchObject({ isNew: true });
  } finally {
    await bare.stop();
  }
  const allowing = await startTestHost(database, { sandbox: await testSandbox('C'), untrusted: 'allow' });
  try {
    await expect(allowing.functions.standalone.publish({ ...order, name: 'allowed' })).resolves.toMatchObject({
      isNew: true,
    });
  } finally {
    await allowing.stop();
  }
});
