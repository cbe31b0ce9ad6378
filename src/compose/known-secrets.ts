import type { ServerConfig } from '../config/index.ts';
import type { ForgeCredentials } from '../forges/index.ts';
import type { ActiveSource } from '../intake/index.ts';

/** Names of variables whose values are secrets; the others of an MCP server are words that may stand in any text. */
const SECRET_NAME = /key|token|secret|pass|auth|credential/i;

/**
 * Every value that this process knows and that nobody may read: of the configuration, of the sources, and what is added by `more`. For
 * masking what agents and functions write, and for keeping it out of what is pushed.
 */
export function knownSecrets(
  config: ServerConfig,
  sources: readonly ActiveSource[],
  more: readonly string[],
): readonly string[] {
  const { github, gitlab, agent, rabbitmq, functions, secrets, cli, databaseUrl } = config;
  const values = [
    ...[...github.secrets, ...gitlab.tokens, ...gitlab.signingTokens].map(({ value }) => value),
    github.token,
    github.app?.privateKey,
    gitlab.token,
    agent.model.key,
    ...agent.mcp.flatMap(secretsOfServer),
    rabbitmq.enabled ? rabbitmq.password : null,
    functions.jwt?.key.kind === 'secret' ? functions.jwt.key.value : null,
    secrets.key,
    cli.token,
    databaseUrl === null ? null : passwordOf(databaseUrl),
    ...sources.flatMap((source) => [...source.secrets.map(({ value }) => value), ...secretsIn(source.credentials)]),
    ...more,
  ];
  const known = values.filter((value): value is string => typeof value === 'string' && isDistinctive(value));
  return [...new Set(known)];
}

/** A password that is a plain word (`postgres`, `guest`) hides nothing, and would make the same word in any text look like a secret. */
function isDistinctive(value: string): boolean {
  return value.length >= 12 || /[^a-z]/i.test(value);
}

function secretsOfServer(server: ServerConfig['agent']['mcp'][number]): readonly string[] {
  if (server.kind === 'http') return Object.values(server.headers).map((value) => value.replace(/^\w+ /, ''));
  return Object.entries(server.environment).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []));
}

function secretsIn(credentials: ForgeCredentials | null): readonly string[] {
  if (credentials === null) return [];
  return [credentials.kind === 'token' ? credentials.token : credentials.privateKey];
}

function passwordOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { password } = new URL(url);
  return password === '' ? null : decodeURIComponent(password);
}
