import type { Forge, ForgeCredentials, ForgeWebhook, Secret } from '../../forges/index.ts';
import type { VerificationFailure } from '../port.ts';

/** A source that the configuration gives: one forge on one host, as one account. */
export interface ConfiguredSource {
  /** `github` or `gitlab`. */
  readonly name: string;
  readonly forge: 'github' | 'gitlab';
  readonly apiUrl: string;
  readonly secrets: readonly Secret[];
  readonly credentials: ForgeCredentials | null;
  readonly repositories: readonly string[];
}

/** What the intake and the poller need of a source at work. */
export interface ActiveSource {
  readonly name: string;
  readonly forge: 'github' | 'gitlab';
  readonly webhook: ForgeWebhook;
  readonly apiUrl: string;
  /** Everything that is valid now: of the configuration and added. */
  readonly secrets: readonly Secret[];
  readonly credentials: ForgeCredentials | null;
  /** Of the configuration, and added; not those of applications. */
  readonly repositories: readonly string[];
}

/**
 * The sources of this process, from memory: what another process changed is seen within ten seconds, and at once when a request
 * names a source, or carries a signature, that is not known.
 */
export interface SourceDirectory {
  all(): readonly ActiveSource[];
  get(name: string): ActiveSource | undefined;
  /**
   * Reads them again, unless that was done too often: a few times in a row and once a second. Answers whether it was. Rejects when
   * they can't be read; what was known stays known.
   */
  refresh(): Promise<boolean>;
  /** The API as the account of the source; null when it has no credentials. One client per source, so that its throttle holds. */
  forgeOf(name: string): Forge | null;
  /**
   * Name of the source that works for the applications from a host (`github.com`): one that can use the API before one that can't, one of
   * the configuration before an added one. So each repository has one. Null: there is none.
   */
  homeOf(host: string): string | null;
}

/** A source as it may be shown. Times are epoch milliseconds. */
export interface SourceState {
  readonly name: string;
  readonly forge: 'github' | 'gitlab';
  readonly apiUrl: string;
  /** Path that its hooks deliver to. */
  readonly webhookPath: string;
  readonly origin: 'config' | 'added';
  readonly credentials: 'none' | 'token' | 'app';
  /** What is wrong with the source itself, as codes: `plain_http`, `secret_unreadable=<label>`, `token_unreadable`, `row_unreadable`. */
  readonly troubles: readonly string[];
  /** `since` is null for those of the configuration. */
  readonly secrets: readonly {
    readonly label: string;
    readonly kind: 'secret' | 'signing';
    readonly since: number | null;
  }[];
  readonly lastDelivery: {
    readonly id: string;
    readonly at: number;
    readonly event: string;
    readonly outcome: string;
    readonly reason: string | null;
    readonly secretLabel: string | null;
  } | null;
  readonly lastFailure: {
    readonly at: number;
    readonly reason: string;
    readonly client: string | null;
    readonly count: number;
  } | null;
  readonly repositories: readonly RepositoryState[];
}

export interface RepositoryState {
  readonly fullName: string;
  readonly origin: 'config' | 'added' | 'application';
  readonly hook: {
    readonly id: string | null;
    readonly url: string | null;
    readonly troubles: readonly string[];
    readonly checkedAt: number;
  } | null;
  readonly lastPollAt: number | null;
  readonly nextPollAt: number | null;
  readonly pollFailure: string | null;
}

export interface NewSource {
  readonly name: string;
  readonly forge?: 'github' | 'gitlab' | undefined;
  readonly apiUrl?: string | undefined;
  readonly token?: string | undefined;
  readonly secret?: string | undefined;
  readonly signingToken?: string | undefined;
  readonly repositories: readonly string[];
}

/** What was made of a source; `secret` is one that was made here, and is told this once. */
export interface SourceMade {
  readonly source: SourceState;
  readonly secret: { readonly label: string; readonly value: string } | null;
}

export interface HookInstalled {
  readonly repository: string;
  readonly url: string;
  readonly done: 'created' | 'updated' | 'unchanged' | 'failed';
  /** Why it failed, or what will hurt. */
  readonly troubles: readonly string[];
}

/** The sources: who may deliver, with which secrets, and what is known of their hooks. */
export interface Sources {
  readonly directory: SourceDirectory;
  /** Their settings are at most a second old. */
  list(): Promise<readonly SourceState[]>;
  /**
   * Adds a source; or repositories, secrets or a token to one that is there. A secret is made when the source would have none.
   * `FUN_SOURCE_INVALID` with all faults.
   */
  add(wanted: NewSource, by: string): Promise<SourceMade>;
  /**
   * Adds a secret – a made one when none is given – beside those that are valid; or removes those with these labels. `FUN_NOT_FOUND`,
   * `FUN_SOURCE_INVALID` (also for one of the configuration, and for the last one).
   */
  rotate(
    name: string,
    change: { readonly secret?: string | undefined; readonly remove?: readonly string[] | undefined },
    by: string,
  ): Promise<SourceMade>;
  /**
   * Makes the hooks of its repositories, or sets them right, with the newest secret. A repository that fails is told and does not keep
   * the others from theirs. `FUN_NOT_FOUND`, `FUN_SOURCE_INVALID`, `FUN_FORGE_NO_CREDENTIALS`.
   */
  install(
    name: string,
    wanted: { readonly url?: string | undefined; readonly repositories?: readonly string[] | undefined },
    by: string,
  ): Promise<readonly HookInstalled[]>;
  /** Removes an added source with its secrets, or only these repositories of any source. `FUN_NOT_FOUND`, `FUN_SOURCE_INVALID`. */
  remove(name: string, repositories: readonly string[], by: string): Promise<void>;
  /** Notes that a request could not be verified: in memory first, written every few seconds at most. */
  noteFailure(failure: VerificationFailure): void;
  /** Reads what is stored, and goes on doing so. Until then only the configured sources are known. */
  start(): Promise<void>;
  stop(): Promise<void>;
}
