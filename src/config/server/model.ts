import type { Language, LogLevel } from '../../kernel/index.ts';

export const SERVER_ROLES = [
  'all',
  'control',
  'webhook',
  'consumer',
  'producer',
  'releases',
  'functions',
  'guard',
  'web',
] as const;
export type ServerRole = (typeof SERVER_ROLES)[number];

export const LOG_LEVELS = [
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
  'silent',
] as const satisfies readonly LogLevel[];

/** A secret with a name that may be logged. */
export interface Secret {
  readonly label: string;
  readonly value: string;
}

/** Where a value came from. `name` is the flag or variable as it is written. */
export type Origin =
  | { readonly source: 'flag'; readonly name: string }
  | { readonly source: 'environment'; readonly name: string }
  | { readonly source: 'file'; readonly file: string; readonly line: number }
  /** A file that holds this one value, as a mounted ConfigMap has them. */
  | { readonly source: 'directory'; readonly file: string }
  /** A default of the profile that is chosen. */
  | { readonly source: 'profile'; readonly profile: string }
  /** `follows`: another setting whose value it takes over. */
  | { readonly source: 'default'; readonly follows: string | null };

export interface JwtConfig {
  readonly issuer: string;
  /** `null`: any. */
  readonly audience: string | null;
  /** `secret`: HS256. `publicKey`: RS256, as PEM. */
  readonly key: { readonly kind: 'secret' | 'publicKey'; readonly value: string };
}

/** Labels of issues and changes, by what they say about the task. */
export interface AgentLabels {
  /** Put on by people: asks for a task. */
  readonly trigger: string;
  readonly processing: string;
  readonly done: string;
  readonly failed: string;
  readonly paused: string;
  readonly stopped: string;
}

export const MODEL_PROVIDERS = ['openai-compatible', 'anthropic', 'ollama', 'lmstudio'] as const;
export type ModelProvider = (typeof MODEL_PROVIDERS)[number];

/** The model that agents use, directly (`builtin`) or through the model proxy (`command`). */
export interface ModelConfig {
  readonly provider: ModelProvider;
  /** Base of its API (`https://api.openai.com/v1`); `null`: where the provider has it by default, and for `openai-compatible` not set. */
  readonly url: string | null;
  readonly name: string | null;
  /** Known to the proxy and to this process only; never to an agent. */
  readonly key: string | null;
  /** Tokens of its context window. */
  readonly window: number;
  /** US dollars per million tokens; `null`: not known, and then there is no budget of money. */
  readonly price: { readonly input: number | null; readonly output: number | null };
}

/** An MCP server whose tools the `builtin` runner offers to the model. */
export type McpServerConfig =
  | {
      readonly kind: 'stdio';
      readonly name: string;
      /** Program and arguments, without a shell. */
      readonly command: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    };

export interface AgentBudget {
  /** Calls of the model. */
  readonly steps: number;
  /** Input and output together. */
  readonly tokens: number;
  /** US dollars; `null`: no limit. */
  readonly money: number | null;
  /** Milliseconds of work, pauses not counted. */
  readonly time: number;
}

export const AGENT_RUNNERS = ['none', 'noop', 'command', 'builtin'] as const;
export const AGENT_NETWORKS = ['model', 'none', 'open'] as const;

export interface AgentConfig {
  /** What works on a task; `none`: nothing does, and tasks fail with that reason. */
  readonly runner: (typeof AGENT_RUNNERS)[number];
  /** Tasks that this process works on at the same time. */
  readonly slots: number;
  readonly labels: AgentLabels;
  /** Only issues of these are worked on, `owner/name`; empty: of every repository that delivers to us. */
  readonly repositories: readonly string[];
  /** Text for `sh -e -c`: the command-line agent of the `command` runner. */
  readonly command: string | null;
  readonly model: ModelConfig;
  /** What an agent reaches: the model's endpoint through the proxy, nothing, or everything. */
  readonly network: (typeof AGENT_NETWORKS)[number];
  /** Whether agents run where programs can't be isolated. */
  readonly untrusted: 'refuse' | 'allow';
  readonly budget: AgentBudget;
  readonly limits: {
    /** Megabytes. */
    readonly memory: number;
    readonly processes: number;
    /** Megabytes of output of one run; a program that writes more is ended. */
    readonly output: number;
  };
  /** Every branch that Funade pushes begins with it. */
  readonly branchPrefix: string;
  readonly planApproval: 'never' | 'required';
  /** Milliseconds that a task may stay paused, or wait for approval. */
  readonly pausedFor: number;
  readonly mcp: readonly McpServerConfig[];
}

/** Broker that announces agent tasks. */
export interface RabbitConfig {
  /** Without it they are announced through PostgreSQL. */
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly queue: string;
}

export interface GithubAppConfig {
  readonly id: string;
  /** PEM. */
  readonly privateKey: string;
  /** `null`: the one of each repository is looked up. */
  readonly installationId: string | null;
}

export interface ServerConfig {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly dataDir: string;
  readonly role: ServerRole;
  readonly language: Language;
  readonly logLevel: LogLevel;
  /** `null`: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  readonly webhook: {
    readonly enabled: boolean;
    /** Where the webhook role listens. */
    readonly host: string;
    readonly port: number;
    /** Where forges reach this server, for hooks that Funade installs; `null`: not known. */
    readonly url: string | null;
    /** CIDRs of proxies whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    /** Whether deliveries of GitHub are taken only from the addresses that GitHub names. */
    readonly githubAddressesOnly: boolean;
  };
  readonly polling: {
    readonly enabled: boolean;
    /** Milliseconds between two looks at a repository; longer while its webhooks arrive. */
    readonly intervalMs: number;
  };
  readonly agent: AgentConfig;
  readonly rabbitmq: RabbitConfig;
  readonly github: {
    /** Every one of them is accepted; none means that no delivery can be verified, and all are refused. */
    readonly secrets: readonly Secret[];
    readonly apiUrl: string;
    readonly token: string | null;
    /** Used in place of the token when it is set. */
    readonly app: GithubAppConfig | null;
    /** Polled beside those of the applications: `owner/name`. */
    readonly repositories: readonly string[];
  };
  readonly gitlab: {
    /** Compared with `X-Gitlab-Token`. */
    readonly tokens: readonly Secret[];
    /** Keys of Standard Webhooks signatures (`whsec_…`). */
    readonly signingTokens: readonly Secret[];
    readonly apiUrl: string;
    readonly token: string | null;
    /** Polled beside those of the applications: `group/name`. */
    readonly repositories: readonly string[];
  };
  readonly functions: {
    /** What happens to code that did not come through a pipeline where isolation is missing. */
    readonly untrusted: 'refuse' | 'allow';
    /** Where this process reaches functions; `null`: at its own address. */
    readonly url: string | null;
    /** JSON Web Tokens that open functions; `null`: none do. */
    readonly jwt: JwtConfig | null;
    /** Per token and minute; 0 does not limit. */
    readonly limits: { readonly executePerMinute: number; readonly readPerMinute: number };
  };
  readonly secrets: {
    /** 64 hexadecimal digits; `null`: the key of the data directory. */
    readonly key: string | null;
  };
  readonly cli: {
    readonly server: string;
    readonly token: string | null;
  };
  /** The file that was read; `null` when there is none. */
  readonly file: string | null;
  /** By the name of the option, for example `webhook.port`; of a list, the origins of its entries. */
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
}
