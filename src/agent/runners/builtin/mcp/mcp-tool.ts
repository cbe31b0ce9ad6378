import { createHash } from 'node:crypto';
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { messageOf } from '../../../../kernel/index.ts';
import { cutMiddle } from '../memory/shorten.ts';
import { type BuiltinTool, type ToolEnd, type ToolPlace, done, refusal } from '../tools/port.ts';
import type { McpConnection } from './connect.ts';

/** Of the endpoints' rules for names of tools. */
const LONGEST_NAME = 64;
const HASH = 8;
const CALL_PATIENCE = 5 * 60_000;

/** Tools of a server, under names that say where they are from; their schemas are passed on as they are. */
export function mcpTools(connection: McpConnection): readonly BuiltinTool[] {
  return connection.tools.map((tool) => ({
    name: mcpName(connection.server, tool.name),
    description: tool.description ?? tool.title ?? tool.name,
    nature: tool.annotations?.readOnlyHint === true ? 'look' : 'change',
    schema: tool.inputSchema,
    call: (input, place) => callTool(connection, tool, input, place),
  }));
}

export function mcpName(server: string, tool: string): string {
  const plain = `mcp_${server}_${tool}`;
  const name = plain.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
  if (name === plain && name.length <= LONGEST_NAME) return name;
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, HASH);
  return `${name.slice(0, LONGEST_NAME - HASH - 1)}_${hash}`;
}

async function callTool(
  { client, server }: McpConnection,
  tool: Tool,
  input: unknown,
  place: ToolPlace,
): Promise<ToolEnd> {
  if (!isArguments(input)) return refusal('The arguments must be an object.', true);
  try {
    const options = { signal: place.signal, timeout: CALL_PATIENCE };
    const result = await client.callTool({ name: tool.name, arguments: input }, undefined, options);
    const text = cutMiddle(place.redact(textOf(result as CallToolResult)), place.cap);
    return result.isError === true ? refusal(text) : done(text);
  } catch (thrown) {
    return refusal(place.redact(`The MCP server ${server} failed: ${messageOf(thrown)}`));
  }
}

function isArguments(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function textOf({ content = [], structuredContent }: Partial<CallToolResult>): string {
  const parts = content.map((part) => {
    switch (part.type) {
      case 'text':
        return part.text;
      case 'image':
      case 'audio':
        return `[${part.type} of ${part.mimeType}, left out]`;
      case 'resource_link':
        return `[resource ${part.uri}]`;
      case 'resource':
        return 'text' in part.resource ? part.resource.text : `[resource ${part.resource.uri}, left out]`;
    }
  });
  const text = parts.join('\n');
  if (text !== '' || structuredContent === undefined) return text === '' ? '[no text]' : text;
  return JSON.stringify(structuredContent);
}
