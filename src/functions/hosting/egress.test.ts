import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { type TestHost, asError, removeArtifacts, startTestHost, until } from '../../../test/functions/test-host.ts';
import { isForbiddenAddress } from '../egress/addresses.ts';

let database: TestDatabase;
let host: TestHost;
let server: Server;
let port: number;
beforeAll(async () => {
  database = await createTestDatabase();
  server = createServer((request, response) =>
    response.end(`${request.method} ${request.url} by ${request.headers.host}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  host = await startTestHost(database, {
    egress: {
      resolve: () => Promise.resolve(['127.0.0.1']),
      isForbidden: (address) => (address === '127.0.0.1' ? null : isForbiddenAddress(address)),
    },
  });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
  server.closeAllConnections();
  server.close();
});

/** Each gives what it got from the address that it is called with, or what stood in the way. */
const CLIENTS = {
  nodejs: {
    file: 'index.mjs',
    code: `export const handler = async ({ url }) => {
      try { return await (await fetch(url)).text(); } catch (fault) { return 'failed: ' + (fault.cause ?? fault).message; }
    };`,
  },
  python: {
    file: 'index.py',
    code: `import urllib.request
def handler(event, context):
    try:
        return urllib.request.urlopen(event['url'], timeout=20).read().decode()
    except Exception as fault:
        return 'failed: ' + str(fault)
`,
  },
} as const;

describe.each(Object.entries(CLIENTS))('a function in %s', (runtime, { file, code }) => {
  async function call(name: string, url: string, egress?: readonly string[]): Promise<unknown> {
    await host.functions.standalone.publish({
      ...{ name, form: 'module', by: 'tester', onFault: asError, code: { kind: 'files', files: { [file]: code } } },
      config: { runtime, handler: 'index.handler', timeout: '60s', ...(egress === undefined ? {} : { egress }) },
    });
    const body = Buffer.from(JSON.stringify({ url }));
    const invocation = { requestId: name, name, qualifier: null, body, caller: { gone: false } };
    const { outcome } = await host.functions.invoker.invoke(invocation);
    if (outcome.kind !== 'result') throw asError(outcome);
    return JSON.parse(outcome.body.toString('utf8'));
  }

  test('reaches the host that its egress names', async () => {
    const url = `http://api.example:${port}/prices?day=1`;
    const answer = await call(`${runtime}-allowed`, url, [`api.example:${port}`]);
    expect(answer).toBe(`GET /prices?day=1 by api.example:${port}`);
  });

  test('reaches no other one, and its log says which and why', async () => {
    const name = `${runtime}-refused`;
    expect(await call(name, `http://other.example:${port}/`, [`api.example:${port}`])).not.toContain(
      'by other.example',
    );
    const lines = await until(
      () => host.functions.logs.list({ app: name, limit: 100 }),
      (found) => found.some(({ stream, text }) => stream === 'platform' && text.includes('other.example')),
    );
    expect(lines.map(({ text }) => text).join('\n')).toContain(`other.example:${port}`);
  });

  test('without egress reaches nothing: not the server, not its own machine', async () => {
    for (const url of [`http://api.example:${port}/`, `http://127.0.0.1:${port}/`]) {
      expect(await call(`${runtime}-closed`, url)).toMatch(/^failed: /);
    }
  });
});
