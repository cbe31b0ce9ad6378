import { type Fault, LANGUAGES, type Language, type Result, err, ok } from '../../kernel/index.ts';
import { agentOf } from './agent.ts';
import { jwtOf } from './jwt.ts';
import { type LoadOptions, type Settings, loadSettings } from './load.ts';
import {
  type GithubAppConfig,
  LOG_LEVELS,
  type RabbitConfig,
  SERVER_ROLES,
  type ServerConfig,
  type ServerRole,
} from './model.ts';
import { durationOf, oneOf, secrets, text, textOrNull, texts, valueOf, whole, wholeOrNull } from './reading.ts';

export interface ClientConfig {
  readonly server: string;
  readonly token: string | null;
  readonly language: Language;
}

/** Settings of a server process, or every fault in them at once. Reads nothing but what it is handed. */
export function loadServerConfig(options: LoadOptions): Result<ServerConfig, readonly Fault[]> {
  const loaded = loadSettings(options);
  if (!loaded.ok) return err(loaded.error);
  const settings = loaded.value;
  const host = text(settings, 'host');
  const port = whole(settings, 'port');
  return ok({
    host,
    port,
    dataDir: text(settings, 'dataDir'),
    role: oneOf(SERVER_ROLES, settings, 'role'),
    language: oneOf(LANGUAGES, settings, 'language'),
    logLevel: oneOf(LOG_LEVELS, settings, 'logLevel'),
    databaseUrl: textOrNull(settings, 'databaseUrl'),
    webhook: {
      enabled: valueOf(settings, 'webhook.enabled') === true,
      host: textOrNull(settings, 'webhook.host') ?? host,
      port: wholeOrNull(settings, 'webhook.port') ?? port,
      url: textOrNull(settings, 'webhook.url'),
      trustedProxies: texts(settings, 'webhook.trustedProxies'),
      githubAddressesOnly: valueOf(settings, 'webhook.githubAddressesOnly') === true,
    },
    polling: {
      enabled: valueOf(settings, 'polling.enabled') === true,
      intervalMs: durationOf(settings, 'polling.interval'),
    },
    agent: agentOf(settings),
    rabbitmq: rabbitmq(settings),
    github: {
      secrets: secrets(settings, 'github.secrets'),
      apiUrl: text(settings, 'github.apiUrl'),
      token: textOrNull(settings, 'github.token'),
      app: githubApp(settings),
      repositories: texts(settings, 'github.repositories'),
    },
    gitlab: {
      tokens: secrets(settings, 'gitlab.tokens'),
      signingTokens: secrets(settings, 'gitlab.signingTokens'),
      apiUrl: text(settings, 'gitlab.apiUrl'),
      token: textOrNull(settings, 'gitlab.token'),
      repositories: texts(settings, 'gitlab.repositories'),
    },
    functions: {
      untrusted: oneOf(['refuse', 'allow'], settings, 'functions.untrusted'),
      url: textOrNull(settings, 'functions.url'),
      jwt: jwtOf((name) => textOrNull(settings, name)),
      limits: {
        executePerMinute: whole(settings, 'functions.limits.executePerMinute'),
        readPerMinute: whole(settings, 'functions.limits.readPerMinute'),
      },
    },
    secrets: { key: textOrNull(settings, 'secrets.key') },
    cli: { server: serverAddress(settings), token: textOrNull(settings, 'cli.token') },
    file: settings.file,
    origins: Object.fromEntries([...settings.byName].map(([name, setting]) => [name, setting.origins])),
  });
}

/**
 * The role that a flag or the environment asks for; null: none, or one that is not understood. Known before any file is read, since
 * the file of the guard is another one than that of the other roles.
 */
export function roleAskedFor({ flags, env }: Pick<LoadOptions, 'flags' | 'env'>): ServerRole | null {
  const { role, mode } = flags;
  const loaded = loadSettings({ flags: { role, mode }, env, readFile: () => undefined }, ['role']);
  if (!loaded.ok || loaded.value.byName.get('role')?.origins[0]?.source === 'default') return null;
  return oneOf(SERVER_ROLES, loaded.value, 'role');
}

/** What a command needs to talk to a server; faults of other settings do not stop it. */
export function loadClientConfig(options: LoadOptions): Result<ClientConfig, readonly Fault[]> {
  const loaded = loadSettings(options, ['host', 'port', 'language', 'cli.server', 'cli.token']);
  if (!loaded.ok) return err(loaded.error);
  const settings = loaded.value;
  return ok({
    server: serverAddress(settings),
    token: textOrNull(settings, 'cli.token'),
    language: oneOf(LANGUAGES, settings, 'language'),
  });
}

/** Where this process listens: the webhook role has a pair of its own. */
export function listenAddress(config: ServerConfig): { readonly host: string; readonly port: number } {
  const { host, port } = config.role === 'webhook' ? config.webhook : config;
  return { host, port };
}

/** A server that listens everywhere is reached on this machine's own address. */
function serverAddress(settings: Settings): string {
  const given = textOrNull(settings, 'cli.server');
  if (given !== null) return given;
  const host = text(settings, 'host');
  const everywhere = ['0.0.0.0', '::', '[::]'].includes(host);
  const reachable = everywhere ? '127.0.0.1' : host;
  const bracketed = reachable.includes(':') && !reachable.startsWith('[') ? `[${reachable}]` : reachable;
  return `http://${bracketed}:${whole(settings, 'port')}`;
}

function rabbitmq(settings: Settings): RabbitConfig {
  return {
    enabled: valueOf(settings, 'rabbitmq.enabled') === true,
    host: text(settings, 'rabbitmq.host'),
    port: whole(settings, 'rabbitmq.port'),
    user: text(settings, 'rabbitmq.user'),
    password: text(settings, 'rabbitmq.password'),
    queue: text(settings, 'rabbitmq.queue'),
  };
}

/** `checkForges` has made sure that id and key are both there or both missing. */
function githubApp(settings: Settings): GithubAppConfig | null {
  const [id, privateKey] = [textOrNull(settings, 'github.app.id'), textOrNull(settings, 'github.app.privateKey')];
  if (id === null || privateKey === null) return null;
  return { id, privateKey, installationId: textOrNull(settings, 'github.app.installationId') };
}
