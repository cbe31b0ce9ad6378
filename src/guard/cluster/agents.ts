import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Access } from './access.ts';

const IDLE_MS = 60_000;

/** Connections that are kept and used again. New ones are made when certificates change. */
export interface Agents {
  agentFor(access: Access): Agent;
  close(): void;
}

export function createAgents(): Agents {
  let agent: Agent | null = null;
  let made = '';

  function retire(old: Agent): void {
    // Requests under way end as they are; their connections are not kept.
    (old as unknown as { keepAlive: boolean }).keepAlive = false;
    for (const sockets of Object.values(old.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  function agentFor(access: Access): Agent {
    const key = JSON.stringify([access.url.startsWith('https:'), access.tls]);
    if (agent !== null && key === made) return agent;
    if (agent !== null) retire(agent);
    made = key;
    agent = makeAgent(access);
    return agent;
  }

  return { agentFor, close: () => agent?.destroy() };
}

function makeAgent({ url, tls }: Access): Agent {
  const options = {
    keepAlive: true,
    keepAliveMsecs: 15_000,
    maxSockets: 32,
    scheduling: 'lifo' as const,
    timeout: IDLE_MS,
  };
  if (!url.startsWith('https:')) return new Agent(options);
  return new SecureAgent({
    ...options,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  });
}
