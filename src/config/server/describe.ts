import { type Language, formatDuration } from '../../kernel/index.ts';
import { fingerprintOf } from './keys.ts';
import type { McpServerConfig, Origin, Secret, ServerConfig } from './model.ts';
import type { SettingOption } from './option.ts';
import { type OptionName, serverOptions } from './options.ts';

export interface SettingRow {
  readonly key: string;
  /** Secrets are `***`, passwords inside addresses too; `-` where nothing is set. */
  readonly value: string;
  readonly origin: string;
}

/** One row per setting, in the order of the table, for `funade config show --origin`. */
export function describeServerConfig(
  config: ServerConfig,
  language: Language = config.language,
): readonly SettingRow[] {
  return serverOptions.map((option) => ({
    key: option.name,
    value: shown(option, valueOf(config, option.name)),
    origin: origins(config, option.name)
      .map((origin) => describeOrigin(origin, language))
      .join(', '),
  }));
}

function origins(config: ServerConfig, name: OptionName): readonly Origin[] {
  return config.origins[name] ?? [{ source: 'default', follows: null }];
}

type Entry = string | Secret | McpServerConfig;
type Shown = string | number | boolean | readonly Entry[] | null;

function valueOf(config: ServerConfig, name: OptionName): Shown {
  const { jwt } = config.functions;
  const { agent } = config;
  const values: Readonly<Record<OptionName, Shown>> = {
    config: config.file,
    host: config.host,
    port: config.port,
    dataDir: config.dataDir,
    role: config.role,
    language: config.language,
    logLevel: config.logLevel,
    databaseUrl: config.databaseUrl,
    'webhook.enabled': config.webhook.enabled,
    'webhook.host': config.webhook.host,
    'webhook.port': config.webhook.port,
    'webhook.url': config.webhook.url,
    'webhook.trustedProxies': config.webhook.trustedProxies,
    'webhook.githubAddressesOnly': config.webhook.githubAddressesOnly,
    'polling.enabled': config.polling.enabled,
    'polling.interval': formatDuration(config.polling.intervalMs),
    'github.secrets': config.github.secrets,
    'github.apiUrl': config.github.apiUrl,
    'github.token': config.github.token,
    'github.app.id': config.github.app?.id ?? null,
    'github.app.privateKey': config.github.app?.privateKey ?? null,
    'github.app.installationId': config.github.app?.installationId ?? null,
    'github.repositories': config.github.repositories,
    'gitlab.tokens': config.gitlab.tokens,
    'gitlab.signingTokens': config.gitlab.signingTokens,
    'gitlab.apiUrl': config.gitlab.apiUrl,
    'gitlab.token': config.gitlab.token,
    'gitlab.repositories': config.gitlab.repositories,
    'agent.runner': agent.runner,
    'agent.slots': agent.slots,
    'agent.labels.trigger': agent.labels.trigger,
    'agent.labels.processing': agent.labels.processing,
    'agent.labels.done': agent.labels.done,
    'agent.labels.failed': agent.labels.failed,
    'agent.labels.paused': agent.labels.paused,
    'agent.labels.stopped': agent.labels.stopped,
    'agent.repositories': agent.repositories,
    'agent.command': agent.command,
    'agent.network': agent.network,
    'agent.untrusted': agent.untrusted,
    'agent.limits.memory': agent.limits.memory,
    'agent.limits.processes': agent.limits.processes,
    'agent.limits.output': agent.limits.output,
    'agent.branchPrefix': agent.branchPrefix,
    'agent.planApproval': agent.planApproval,
    'agent.pausedFor': formatDuration(agent.pausedFor),
    'agent.mcp': agent.mcp,
    'agent.model.provider': agent.model.provider,
    'agent.model.url': agent.model.url,
    'agent.model.name': agent.model.name,
    'agent.model.key': agent.model.key,
    'agent.model.window': agent.model.window,
    'agent.model.price.input': agent.model.price.input,
    'agent.model.price.output': agent.model.price.output,
    'agent.budget.steps': agent.budget.steps,
    'agent.budget.tokens': agent.budget.tokens,
    'agent.budget.money': agent.budget.money,
    'agent.budget.time': formatDuration(agent.budget.time),
    'rabbitmq.enabled': config.rabbitmq.enabled,
    'rabbitmq.host': config.rabbitmq.host,
    'rabbitmq.port': config.rabbitmq.port,
    'rabbitmq.user': config.rabbitmq.user,
    'rabbitmq.password': config.rabbitmq.password,
    'rabbitmq.queue': config.rabbitmq.queue,
    'functions.untrusted': config.functions.untrusted,
    'functions.url': config.functions.url,
    'functions.jwt.issuer': jwt?.issuer ?? null,
    'functions.jwt.audience': jwt?.audience ?? null,
    'functions.jwt.secret': jwt?.key.kind === 'secret' ? jwt.key.value : null,
    'functions.jwt.publicKey': jwt?.key.kind === 'publicKey' ? jwt.key.value : null,
    'functions.limits.executePerMinute': config.functions.limits.executePerMinute,
    'functions.limits.readPerMinute': config.functions.limits.readPerMinute,
    'secrets.key': config.secrets.key,
    'cli.server': config.cli.server,
    'cli.token': config.cli.token,
  };
  return values[name];
}

/** Secrets are `***`; `-` where nothing is set. */
export function shown(option: Pick<SettingOption, 'kind'>, value: Shown): string {
  if (value === null) return '-';
  if (typeof value === 'object') return value.map(shownEntry).join(', ') || '-';
  if (['secret', 'key', 'privateKey'].includes(option.kind)) return '***';
  if (option.kind === 'publicKey') return fingerprintOf(String(value));
  if (option.kind === 'script')
    return String(value)
      .trimEnd()
      .replaceAll('\n', String.raw`\n`);
  const isAddress = ['url', 'serverUrl', 'modelUrl', 'databaseUrl'].includes(option.kind);
  return isAddress ? withoutPassword(String(value)) : String(value);
}

function shownEntry(entry: Entry): string {
  if (typeof entry === 'string') return entry;
  return 'label' in entry ? `${entry.label}: ***` : shownMcpServer(entry);
}

/** Keys of such servers stand in variables and headers, and often also in arguments, paths and queries. */
function shownMcpServer(server: McpServerConfig): string {
  if (server.kind === 'stdio') {
    const [program = '', ...rest] = server.command;
    return `${server.name}: ${rest.length === 0 ? program : `${program} …`}`;
  }
  const { origin, pathname, search } = new URL(server.url);
  return `${server.name}: ${origin}${pathname === '/' && search === '' ? '' : '/…'}`;
}

/** Passwords can stand before the host and in the query (`?password=`). */
function withoutPassword(address: string): string {
  const url = new URL(address);
  if (url.password !== '') url.password = '***';
  for (const key of url.searchParams.keys()) {
    if (/pass|secret|token|key/i.test(key)) url.searchParams.set(key, '***');
  }
  const unchanged = new URL(address).href === url.href;
  return unchanged ? address : url.href.replaceAll('%2A', '*');
}

export function describeOrigin(origin: Origin, language: Language): string {
  const ja = language === 'ja';
  switch (origin.source) {
    case 'flag':
      return `${ja ? 'フラグ' : 'flag'} ${origin.name}`;
    case 'environment':
      return `${ja ? '環境変数' : 'environment'} ${origin.name}`;
    case 'file':
      return `${origin.file}:${origin.line}`;
    case 'directory':
      return origin.file;
    case 'profile':
      return `${ja ? 'プロファイル' : 'profile'} ${origin.profile}`;
    case 'default':
      return defaultOrigin(origin.follows, ja);
  }
}

function defaultOrigin(follows: string | null, ja: boolean): string {
  if (follows === null) return ja ? '既定値' : 'default';
  return ja ? `既定値(${follows} に従う)` : `default (follows ${follows})`;
}
