import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeModelServer, startModelServer } from '../../../../../test/fakes/model-server.ts';
import type { McpServerConfig } from '../../../../config/index.ts';
import { createBuiltinRunner } from '../index.ts';
import { type JobRig, createJobRig, instruct, meansFor, modelAt } from '../testing.ts';
import { mcpName } from './mcp-tool.ts';

const sdk = (path: string) =>
  JSON.stringify(pathToFileURL(join(process.cwd(), 'node_modules/@modelcontextprotocol/sdk/dist/esm', path)).href);

/** A real server on the SDK. Its tools tell where it runs, and one ends it. */
const SERVER = `
import { Server } from ${sdk('server/index.js')};
import { StdioServerTransport } from ${sdk('server/stdio.js')};
import { StreamableHTTPServerTransport } from ${sdk('server/streamableHttp.js')};
import { SSEServerTransport } from ${sdk('server/sse.js')};
import { CallToolRequestSchema, ListToolsRequestSchema } from ${sdk('types.js')};
export { StreamableHTTPServerTransport, SSEServerTransport };
const word = { type: 'object', properties: { word: { type: 'string', description: 'any' } }, required: ['word'] };
export function make() {
  const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [
    { name: 'echo', description: 'Says it again', inputSchema: word, annotations: { readOnlyHint: true } },
    { name: 'where', inputSchema: { type: 'object' } },
    { name: 'flood', inputSchema: { type: 'object' } },
    { name: 'fail', inputSchema: { type: 'object' } },
    { name: 'die', inputSchema: { type: 'object' } },
  ] }));
  server.setRequestHandler(CallToolRequestSchema, ({ params: { name, arguments: given } }) => {
    if (name === 'die') process.exit(1);
    if (name === 'fail') return { isError: true, content: [{ type: 'text', text: 'it went wrong' }] };
    if (name === 'flood') return { content: [{ type: 'text', text: 'x'.repeat(1e6) }, { type: 'image', data: '', mimeType: 'image/png' }] };
    if (name === 'where') return { content: [{ type: 'text', text: JSON.stringify({ cwd: process.cwd(), env: process.env, pid: process.pid }) }] };
    return { content: [{ type: 'text', text: 'echo: ' + given.word }] };
  });
  return server;
}
if (process.argv[2] === 'stdio') await make().connect(new StdioServerTransport());
`;

let rig: JobRig;
let program: string;
const servers: FakeModelServer[] = [];
const closers: (() => void)[] = [];
beforeEach(async () => {
  rig = await createJobRig();
  program = join(rig.root, 'server.mjs');
  await writeFile(program, SERVER);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  for (const close of closers.splice(0)) close();
  await rig.remove();
});

function stdio(...more: readonly string[]): McpServerConfig {
  const command = more.length > 0 ? more : [process.execPath, program, 'stdio'];
  return { kind: 'stdio', name: 'notes', command, environment: { GIVEN: 'yes' } };
}

const done = { calls: [{ name: 'finish', arguments: { summary: 'Done.' } }] };
const plan = { calls: [{ name: 'update_plan', arguments: { items: [{ text: 'x', done: false }] } }] };

async function runWith(mcp: readonly McpServerConfig[], calls: readonly [string, object][], patience = 60_000) {
  const script = calls.map(([name, given]) => ({ calls: [{ name, arguments: { ...given } }] }));
  const server = await startModelServer([plan, ...script, done]);
  servers.push(server);
  const end = await createBuiltinRunner(meansFor(modelAt(server), { mcp, pace: { repeat: [], mcp: patience } })).run(
    rig.job(),
  );
  const results = server.requests.slice(2).map(({ body }): string => body.messages.at(-1).content);
  return { end, results, server };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('over stdio', () => {
  test('tools are offered with their schemas, called, and the server is gone afterwards', async () => {
    process.env['FUNADE_TEST_TOKEN'] = 'leak';
    const { end, results, server } = await runWith(
      [stdio()],
      [
        ['mcp_notes_echo', { word: 'hi' }],
        ['mcp_notes_where', {}],
      ],
    );
    delete process.env['FUNADE_TEST_TOKEN'];
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(results[0]).toBe('echo: hi');
    const { cwd, env, pid } = JSON.parse(results[1]!);
    // Neither the tree nor the home, which the agent can write to: it would choose what is run outside its box.
    expect(cwd).toBe(join(rig.root, 'mcp'));
    expect(env).toMatchObject({ GIVEN: 'yes', HOME: join(rig.root, 'mcp') });
    expect(env).not.toHaveProperty('FUNADE_TEST_TOKEN');
    expect(isRunning(pid)).toBe(false);
    const offered = server.requests[0]!.body.tools.find(
      (tool: { function: { name: string } }) => tool.function.name === 'mcp_notes_echo',
    );
    expect(offered.function).toMatchObject({ description: 'Says it again', parameters: { required: ['word'] } });
  });

  test('what starts the server is ended with the server that it started', async () => {
    const wrapper = stdio('/bin/sh', '-c', `"${process.execPath}" "${program}" stdio; echo over >&2`);
    const { end, results } = await runWith([wrapper], [['mcp_notes_where', {}]]);
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(isRunning(JSON.parse(results[0]!).pid)).toBe(false);
  });

  test('results are capped, failures are told, and a server that dies is told as that', async () => {
    const { end, results } = await runWith(
      [stdio()],
      [
        ['mcp_notes_flood', {}],
        ['mcp_notes_fail', {}],
        ['mcp_notes_die', {}],
        ['mcp_notes_echo', { word: 'hi' }],
      ],
    );
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(results[0]!.length).toBeLessThan(31_000);
    expect(results[0]).toContain('[image of image/png, left out]');
    expect(results[1]).toBe('it went wrong');
    expect(results[2]).toContain('The MCP server notes failed');
    expect(results[3]).toContain('The MCP server notes failed');
  });

  test('an instruction to plan gets only tools that say that they change nothing', async () => {
    const items = [{ text: 'x', done: false }];
    const server = await startModelServer([{ calls: [{ name: 'propose_plan', arguments: { items, text: 'x' } }] }]);
    servers.push(server);
    const means = meansFor(modelAt(server), { mcp: [stdio()], pace: { repeat: [], mcp: 60_000 } });
    await createBuiltinRunner(means).run(rig.job({ instruction: instruct('plan') }));
    expect(server.requests[0]!.text).toContain('mcp_notes_echo');
    expect(server.requests[0]!.text).not.toContain('mcp_notes_die');
  });

  test.each([
    ['a program that is not there', ['/no/such/program'], 60_000],
    ['a program that ends at once', ['/bin/false'], 60_000],
    ['a program that never answers', ['/bin/sh', '-c', 'echo $$ > pid; exec sleep 60'], 1000],
  ] as const)('%s fails the run for good, with the name of the server', async (_, command, patience) => {
    const { end, server } = await runWith([stdio(...command)], [], patience);
    expect(end).toMatchObject({
      ...{ kind: 'failed', reason: 'mcp_unavailable', blame: 'permanent' },
      detail: expect.stringMatching(/^notes: /),
    });
    expect(server.requests).toEqual([]);
  });

  test('a start is interrupted at once', async () => {
    const running = runWith([stdio('/bin/sh', '-c', 'sleep 60')], []);
    setTimeout(() => rig.controller.abort('stop'), 100);
    expect((await running).end).toEqual({ kind: 'interrupted' });
  });
});

describe('over HTTP', () => {
  const headers = { authorization: 'Bearer mcp-key' };

  async function listen(kind: 'streamable' | 'sse'): Promise<string> {
    const { make, StreamableHTTPServerTransport, SSEServerTransport } = await import(pathToFileURL(program).href);
    const older: { handlePostMessage(request: IncomingMessage, response: ServerResponse): Promise<void> }[] = [];
    async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
      if (request.headers.authorization !== headers.authorization) {
        response.writeHead(401).end();
        return;
      }
      if (kind === 'streamable') {
        const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
        await make().connect(transport);
        await transport.handleRequest(request, response);
        return;
      }
      const isMessage = request.url?.startsWith('/messages') === true;
      if (isMessage) await older[0]!.handlePostMessage(request, response);
      else if (request.method === 'GET') {
        const transport = new SSEServerTransport('/messages', response);
        older.push(transport);
        await make().connect(transport);
      } else response.writeHead(405).end();
    }
    const server = createServer((request, response) => void handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  }

  test.each(['streamable', 'sse'] as const)('a %s server is used with the configured headers', async (kind) => {
    const url = await listen(kind);
    const { end, results } = await runWith(
      [{ kind: 'http', name: 'remote', url, headers }],
      [['mcp_remote_echo', { word: 'hi' }]],
    );
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(results[0]).toBe('echo: hi');
  });

  test.each([
    ['one that refuses our headers', {}, 60_000],
    ['one that hangs', null, 500],
  ] as const)('%s fails the run for good', async (_, given, patience) => {
    const hanging = createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    closers.push(
      () => hanging.close(),
      () => hanging.closeAllConnections(),
    );
    const hangingUrl = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/mcp`;
    const url = given === null ? hangingUrl : await listen('streamable');
    const { end } = await runWith([{ kind: 'http', name: 'remote', url, headers: given ?? headers }], [], patience);
    expect(end).toMatchObject({
      reason: 'mcp_unavailable',
      blame: 'permanent',
      detail: expect.stringMatching(/^remote: /),
    });
  });

  test('of two servers none is left when one does not come up', async () => {
    const { end } = await runWith(
      [stdio('/bin/sh', '-c', 'echo $$ > pid; exec sleep 60'), stdio('/bin/false')],
      [],
      2000,
    );
    expect(end).toMatchObject({ reason: 'mcp_unavailable' });
    expect(isRunning(Number(await readFile(join(rig.root, 'mcp', 'pid'), 'utf8')))).toBe(false);
  });
});

test.each([
  ['a plain name', 'notes', 'add', 'mcp_notes_add'],
  ['characters that endpoints refuse', 'my notes', 'add.one', /^mcp_my_notes_add_one_[0-9a-f]{8}$/],
  ['a name that is too long', 'notes', 'x'.repeat(100), /^mcp_notes_x+_[0-9a-f]{8}$/],
])('%s becomes a name of a tool', (_, server, tool, expected) => {
  const name = mcpName(server, tool);
  expect(name).toMatch(expected);
  expect(name.length).toBeLessThanOrEqual(64);
});
