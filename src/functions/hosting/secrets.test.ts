import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  NO_SECRETS,
  asError,
  deploy,
  newKey,
  removeArtifacts,
  startTestHost,
  until,
  versionOf,
} from '../../../test/functions/test-host.ts';

const TOKEN = 'hunter2-of-production';
const KEY = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n';
const SECRETS = new Map([
  ['TOKEN', TOKEN],
  ['KEY', KEY],
]);
const PARTS = [TOKEN, encodeURIComponent('MIIEvQIBADANBgkq'), 'hkiG9w0BAQEFAASC'];

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database, { secrets: { ...NO_SECRETS, resolve: () => Promise.resolve(SECRETS) } });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

function publish(name: string, source: string) {
  return host.functions.standalone.publish({
    ...{
      name,
      form: 'module',
      by: 'tester',
      onFault: asError,
      code: { kind: 'files', files: { 'index.mjs': source } },
    },
    config: {
      ...{ runtime: 'nodejs', handler: 'index.handler' },
      environment: { TOKEN: '${TOKEN}', KEY: 'key=${KEY}' },
    },
  });
}

function expectNoSecret(text: string): void {
  for (const part of PARTS) expect(text).not.toContain(part);
}

test('no secret is in the log, nor in the lines that a caller hears, whatever lines it has', async () => {
  await publish(
    'leaks',
    `export const handler = async () => {
      console.log('the token: ' + process.env.TOKEN);
      console.error(process.env.KEY);
      console.log(JSON.stringify({ key: process.env.KEY }));
      return 1;
    };`,
  );
  const heard: string[] = [];
  await host.functions.invoker.invoke({
    ...{ requestId: 'r', name: 'leaks', qualifier: null, body: Buffer.from('{}'), caller: { gone: false } },
    heard: (line) => heard.push(line),
  });
  const lines = await until(
    () => host.functions.logs.list({ app: 'leaks', limit: 100 }),
    (all) => all.length >= 6,
  );
  expect(heard).toContain('the token: ***');
  expect(lines.map(({ text }) => text)).toContain('the token: ***');
  expectNoSecret(heard.join('\n'));
  expectNoSecret(lines.map(({ text }) => text).join('\n'));
});

test('no secret is in the reason why a function does not start', async () => {
  const failed = publish('fails', `throw new Error('refused: ' + process.env.TOKEN + ' and ' + process.env.KEY);`);
  const { message } = await failed.then(
    () => new Error('it started'),
    (thrown: Error) => thrown,
  );
  expect(message).toContain('refused: ***');
  expectNoSecret(message);
});

test('a release whose reason PostgreSQL can not hold keeps no other release from being served', async () => {
  const { platform } = host.functions;
  const bad = await versionOf('rel_bad', `throw new Error('a\\0b\\ud800');`);
  const alias = { app: 'evil', environment: 'production', fence: 1 };
  await platform.publish({ ...alias, key: newKey(), sticky: null, version: bad });
  const [seen] = await until(
    () => platform.observe(alias),
    ([first]) => first?.failure !== null && first?.failure !== undefined,
  );
  expect(seen?.failure).toContain('a\uFFFDb\uFFFD');
  await deploy(host.functions, await versionOf('rel_good', `export const handler = async () => 'good';`));
  expect(await (await fetch(`${host.url}/fn/production/shop/`)).text()).toBe('good');
});
