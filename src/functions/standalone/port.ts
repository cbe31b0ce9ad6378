import type { FunctionConfig, RuntimeName } from '../../config/index.ts';
import type { Outcome } from '../outcome.ts';
import type { Sticky, Weight } from '../port.ts';

/** A function that is deployed by itself, without an application. */
export interface StandaloneFunction {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly description: string;
  /** JSON Schema of `params`, as its author gave it; null without. */
  readonly parameters: unknown;
  readonly examples: readonly unknown[];
  /** Number of the version that `$LATEST` points to; 0 before the first. */
  readonly latest: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly updatedAt: number;
}

export interface StandaloneVersion {
  readonly name: string;
  readonly number: number;
  /** `sha256:…` of the code. */
  readonly digest: string;
  readonly form: 'module' | 'script';
  readonly config: FunctionConfig;
  /** Why it did not come up when that was last tried; null when it did. */
  readonly fault: string | null;
  readonly publishedAt: number;
  readonly publishedBy: string;
}

export interface StandaloneAlias {
  readonly function: string;
  readonly name: string;
  readonly revision: number;
  readonly weights: readonly Weight[];
  readonly sticky: Sticky | null;
  readonly updatedAt: number;
}

export type CodeSource =
  | { readonly kind: 'zip'; readonly bytes: Buffer }
  /** Contents by path. */
  | { readonly kind: 'files'; readonly files: Readonly<Record<string, string>> }
  /** The code of a version that there is. */
  | { readonly kind: 'version'; readonly number: number };

export interface PublishOrder {
  readonly name: string;
  readonly code: CodeSource;
  /** `script`: whoever may call it brought it along. Code of a version keeps its form. */
  readonly form: StandaloneVersion['form'];
  /** As under a function's name in `funade.yaml`; faults of it are told. What is left out is the default. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly description?: string | undefined;
  readonly parameters?: unknown;
  readonly examples?: readonly unknown[] | undefined;
  /** User who publishes. */
  readonly by: string;
  /** What is thrown for a version that does not come up. */
  readonly onFault: (outcome: Outcome) => Error;
}

export interface Published {
  readonly version: StandaloneVersion;
  /** False when the same content had been published before. */
  readonly isNew: boolean;
}

export interface AliasOrder {
  readonly name: string;
  readonly alias: string;
  /** One version with 100 %, or two whole percents that sum up to 100, the candidate last. */
  readonly weights: readonly Weight[];
  /** Left out: as it is. */
  readonly sticky?: Sticky | null | undefined;
  /** The revision that the alias has to have; null: it must not exist; undefined: any. */
  readonly ifRevision?: number | null | undefined;
}

/** Functions that are deployed by themselves: versions with numbers, and aliases that point to them. */
export interface StandaloneFunctions {
  /**
   * Keeps the code, checks and compiles it, and gives it the next number; the same code and configuration again give the same
   * number. Once it has come up, `$LATEST` points to it; one that does not come up changes nothing for callers, and leaves
   * nothing when it is the first. A script replaces
   * scripts only, and only where nothing was entrusted to the function. Throws `FUN_FUNCTION_INVALID`, `FUN_CONFLICT`,
   * `FUN_BAD_REQUEST`.
   */
  publish(order: PublishOrder): Promise<Published>;
  get(name: string): Promise<StandaloneFunction>;
  find(name: string): Promise<StandaloneFunction | undefined>;
  list(query: {
    readonly runtime?: RuntimeName | undefined;
    readonly createdBy?: string | undefined;
    /** Of the newest version. */
    readonly form?: StandaloneVersion['form'] | undefined;
    readonly limit: number;
    readonly offset: number;
  }): Promise<{ readonly items: readonly StandaloneFunction[]; readonly total: number }>;
  remove(name: string): Promise<void>;
  versions(name: string): Promise<readonly StandaloneVersion[]>;
  version(name: string, number: number): Promise<StandaloneVersion>;
  aliases(name: string): Promise<readonly StandaloneAlias[]>;
  alias(name: string, alias: string): Promise<StandaloneAlias>;
  /**
   * Points an alias, once each version that gets its first traffic has come up and passed its smoke tests. Effective for the
   * next request when it resolves. Throws `FUN_REVISION_MISMATCH`, `FUN_FUNCTION_NOT_PROVEN`, `FUN_NOT_FOUND`.
   */
  setAlias(order: AliasOrder): Promise<StandaloneAlias>;
  /** A session of it was opened: it is not forgotten for a while. */
  touch(name: string): Promise<void>;
  /** Removes scripts that nobody has used for 30 days. */
  prune(): Promise<void>;
  removeAlias(order: Pick<AliasOrder, 'name' | 'alias' | 'ifRevision'>): Promise<void>;
}

/** Functions that scripts of sessions may make; what people deploy is not counted. */
export const MOST_SCRIPTS = 10_000;
/** The alias that points to the newest version. */
export const LATEST = '$LATEST';
export const FUNCTION_NAME = /^[a-z0-9][a-z0-9_-]{0,69}$/;
export const ALIAS_NAME = /^[a-z][a-z0-9_-]{0,62}$/;
