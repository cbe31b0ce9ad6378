import type { McpServerConfig } from '../../../../config/index.ts';
import { type Result, err, messageOf, ok } from '../../../../kernel/index.ts';
import type { BuiltinTool } from '../tools/port.ts';
import { type McpConnection, type McpStart, connectMcp } from './connect.ts';
import { mcpTools } from './mcp-tool.ts';

export interface McpServers {
  readonly tools: readonly BuiltinTool[];
  close(): Promise<void>;
}

/** Starts all of them; when one does not come up, none is left and the text says which and why. */
export async function startMcpServers(
  configs: readonly McpServerConfig[],
  start: McpStart,
): Promise<Result<McpServers, string>> {
  const started = await Promise.allSettled(configs.map((config) => connectMcp(config, start)));
  const connections = started.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const faults = started.flatMap((end, at) =>
    end.status === 'rejected' ? [`${configs[at]?.name ?? ''}: ${messageOf(end.reason)}`] : [],
  );
  if (faults.length === 0) return ok({ tools: connections.flatMap(mcpTools), close: () => closeAll(connections) });
  await closeAll(connections);
  return err(faults.join('; '));
}

async function closeAll(connections: readonly McpConnection[]): Promise<void> {
  await Promise.allSettled(connections.map((connection) => connection.close()));
}
