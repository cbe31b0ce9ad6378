import type { FunctionConfig } from '../config/index.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { SecretPins, SecretStore } from '../store/index.ts';

// ---- what this room needs -------------------------------------------------------------------------------------------

/** Starts a worker; it must end when its parent dies. Throws `FUN_COMMAND_NOT_STARTED`. */
export type SpawnWorker = Sandbox['spawnWorker'];

/** Values of `${NAME}` in variables. */
export type SecretSource = Pick<SecretStore, 'pin' | 'resolve'>;

/** Whether a bearer token may call functions with `auth: token`. */
export type Authorize = (token: string) => Promise<boolean>;

// ---- what this room offers ------------------------------------------------------------------------------------------

/** One release of one application in one environment. Immutable: the same id always names the same content. */
export interface VersionSpec {
  readonly id: string;
  readonly digest: string;
  /** Directory with the artifact's files; never changes. */
  readonly artifact: string;
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly variables: Readonly<Record<string, string>>;
  /** Of the secrets that variables refer to, pinned by whoever publishes. */
  readonly secrets?: SecretPins;
  /** What sessions bring is a script; everything else exports a handler, which is the default. */
  readonly form?: 'module' | 'script';
}

export type Sticky = { readonly header: string } | { readonly cookie: string };

export interface AliasName {
  readonly app: string;
  readonly environment: string;
}

export interface Weight {
  readonly version: string;
  /** Whole percent. */
  readonly weight: number;
}

/** Every write names who writes (`fence`: a lower one than stored is refused) and what it is (`key`: acts once). */
export interface AliasWrite extends AliasName {
  readonly fence: number;
  readonly key: string;
}

export interface ObservedVersion {
  readonly version: string;
  readonly digest: string;
  /** Percent, as the slowest live host routes it now. */
  readonly weight: number;
  /** Every live host has it up; false when no host lives. */
  readonly ready: boolean;
  readonly failure: string | null;
  /** Processes that are up, over all live hosts. */
  readonly instances: number;
}

/** Desired state and what hosts have made of it. Usable in every process; needs only the database. */
export interface FunctionPlatform {
  /** Sentences about functions that this artifact could not run; empty when it can. */
  check(version: Pick<VersionSpec, 'artifact' | 'functions'>): Promise<readonly string[]>;
  /**
   * Attaches a version to an alias with no traffic, so that every host brings it up and keeps it warm. A version that was
   * only kept warm makes room for it. Throws `FUN_FENCED`, or `FUN_CONFLICT` while two others take traffic.
   */
  publish(write: AliasWrite & { readonly version: VersionSpec; readonly sticky: Sticky | null }): Promise<void>;
  /**
   * Sets the weights: of at most two attached versions, summing up to 100 (or all 0), the candidate last. An attached
   * version that is not named gets 0. Throws `FUN_FENCED`, `FUN_NOT_FOUND`, `FUN_VERSION_FAILED` for a version that would
   * get its first traffic and runs nowhere.
   */
  writeAlias(write: AliasWrite & { readonly weights: readonly Weight[] }): Promise<AliasRevision>;
  observe(alias: AliasName): Promise<readonly ObservedVersion[]>;
  /** Detaches a version that takes no traffic; hosts let its requests finish and stop it. Throws `FUN_FENCED`, `FUN_CONFLICT`. */
  retire(write: AliasWrite & { readonly version: string }): Promise<void>;
}

export interface AliasRevision {
  readonly revision: number;
  /** False when the same key had acted before or nothing was to be changed. */
  readonly changed: boolean;
}

export interface VersionCounts {
  readonly version: string;
  /** Epoch milliseconds; the interval is [start, end). */
  readonly start: number;
  readonly end: number;
  readonly requests: number;
  /** Answers with a 5xx status, exceptions, timeouts and crashes. */
  readonly errors: number;
  /** Requests per latency bucket; the last one is open. */
  readonly latency: readonly number[];
}

export interface CountsQuery extends AliasName {
  readonly versions: readonly string[];
  readonly since: number;
  readonly until: number;
}

export interface TrafficSummary extends AliasName {
  /** Over the last minute, all versions and hosts together. */
  readonly requestsPerSecond: number;
  /** Null without requests. */
  readonly errorShare: number | null;
  readonly latencyP95: number | null;
}

export interface VersionTotals {
  /** Environment of an application, alias or number of a standalone function. */
  readonly qualifier: string;
  readonly version: string;
  readonly invocations: number;
  readonly errors: number;
  /** Milliseconds; null without invocations. */
  readonly latencyP50: number | null;
  readonly latencyP95: number | null;
}

export interface FunctionMetrics {
  /** Complete intervals of one second wholly inside [since, until), ordered by start, summed over hosts. */
  readCounts(query: CountsQuery): Promise<readonly VersionCounts[]>;
  /** Sums of the last minutes, for people to look at. */
  ofApp(app: string, minutes: number): Promise<readonly VersionTotals[]>;
  /** Applications and environments with requests in the last minute. */
  summaries(): Promise<readonly TrafficSummary[]>;
}

export interface FunctionLogLine extends AliasName {
  readonly at: number;
  readonly version: string;
  readonly function: string;
  readonly stream: 'stdout' | 'stderr' | 'platform';
  /** Known when the instance works on one request at a time. */
  readonly requestId: string | null;
  readonly text: string;
}

export interface FunctionLogs {
  /** Stored lines of all hosts, oldest first: the newest ones, or those after a position. */
  list(query: LogQuery): Promise<readonly StoredLogLine[]>;
}

export interface LogQuery {
  /** An application, or a standalone function. */
  readonly app: string;
  readonly environment?: string | undefined;
  readonly function?: string | undefined;
  readonly version?: string | undefined;
  /** Only lines that were stored after this one. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface StoredLogLine extends FunctionLogLine {
  readonly position: number;
}
