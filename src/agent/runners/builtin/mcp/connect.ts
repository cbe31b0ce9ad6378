import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { McpServerConfig } from '../../../../config/index.ts';
import { sleep } from '../../../../kernel/index.ts';
import { GroupTransport } from './group-transport.ts';

export interface McpConnection {
  readonly server: string;
  readonly client: Client;
  readonly tools: readonly Tool[];
  close(): Promise<void>;
}

export interface McpStart {
  readonly home: string;
  readonly signal: AbortSignal;
  /** Milliseconds until a server has answered with its tools. */
  readonly patience: number;
}

const MOST_PAGES = 50;
const CLOSE_PATIENCE = 4000;

/** Starts or reaches a server and asks for its tools. Throws when it does not answer in time; nothing of it is left then. */
export async function connectMcp(config: McpServerConfig, start: McpStart): Promise<McpConnection> {
  const limit = AbortSignal.any([start.signal, AbortSignal.timeout(start.patience)]);
  if (config.kind === 'stdio') return open(config.name, new GroupTransport({ ...config, home: start.home }), limit);
  const url = new URL(config.url);
  const options = { requestInit: { headers: { ...config.headers } } };
  try {
    return await open(config.name, new StreamableHTTPClientTransport(url, options) as Transport, limit);
  } catch (thrown) {
    if (!speaksOlder(thrown)) throw thrown;
    return open(config.name, new SSEClientTransport(url, options), limit);
  }
}

/** A server of the protocol's 2024 version refuses the first POST; its successor says to try that transport then. */
function speaksOlder(thrown: unknown): boolean {
  if (!(thrown instanceof StreamableHTTPError)) return false;
  const { code } = thrown;
  return code === 400 || code === 404 || code === 405 || code === 406;
}

async function open(server: string, transport: Transport, signal: AbortSignal): Promise<McpConnection> {
  const client = new Client({ name: 'funade', version: '1' });
  // Faults of single messages are told by the calls that they belong to.
  client.onerror = () => {};
  const close = () => closing(client, transport);
  try {
    await unlessAborted(client.connect(transport, { signal }), signal);
    return { server, client, tools: await unlessAborted(listTools(client, signal), signal), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Not every part of a start listens to the signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = new AbortController();
  try {
    const late = sleep(2 ** 31 - 1, AbortSignal.any([signal, stopped.signal])).then(() => {
      throw new Error('it did not answer in time');
    });
    return await Promise.race([work, late]);
  } finally {
    stopped.abort();
  }
}

async function listTools(client: Client, signal: AbortSignal): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, { signal });
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

async function closing(client: Client, transport: Transport): Promise<void> {
  const ended = transport instanceof StreamableHTTPClientTransport ? transport.terminateSession() : Promise.resolve();
  await Promise.race([ended.catch(() => {}), sleep(CLOSE_PATIENCE / 2)]);
  await Promise.race([client.close().catch(() => {}), sleep(CLOSE_PATIENCE)]);
  await transport.close().catch(() => {});
}
