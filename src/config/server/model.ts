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
  /** `follows`: another setting whose value it takes over. */
  | { readonly source: 'default'; readonly follows: string | null };

export interface JwtConfig {
  readonly issuer: string;
  /** `null`: any. */
  readonly audience: string | null;
  /** `secret`: HS256. `publicKey`: RS256, as PEM. */
  readonly key: { readonly kind: 'secret' | 'publicKey'; readonly value: string };
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
  };
  readonly github: {
    /** Every one of them is accepted; none means that no delivery can be verified, and all are refused. */
    readonly secrets: readonly Secret[];
    readonly apiUrl: string;
    readonly token: string | null;
  };
  readonly gitlab: {
    /** Compared with `X-Gitlab-Token`. */
    readonly tokens: readonly Secret[];
    /** Keys of Standard Webhooks signatures (`whsec_…`). */
    readonly signingTokens: readonly Secret[];
    readonly apiUrl: string;
    readonly token: string | null;
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
