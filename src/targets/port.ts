import type { TargetRelease } from '../rollouts/port.ts';

/** Where a write goes, who makes it (a lower fence than seen is refused) and what it is (the same key acts once). */
export interface PlatformWrite {
  readonly app: string;
  readonly environment: string;
  readonly fence: number;
  readonly key: string;
}

/** What the functions target needs of a function platform: versions, a weighted alias, and the truth about both. */
export interface FunctionPlatform {
  /** Sentences about functions that the artifact could not run. */
  check(version: Pick<TargetRelease, 'artifact' | 'functions'>): Promise<readonly string[]>;
  /** Attaches a version without traffic and keeps it warm. */
  publish(
    write: PlatformWrite & {
      readonly version: TargetRelease;
      readonly sticky: { readonly header: string } | { readonly cookie: string } | null;
    },
  ): Promise<void>;
  /** Whole percents, summing up to 100 or all 0, the candidate last; attached versions that are not named get 0. */
  writeAlias(
    write: PlatformWrite & { readonly weights: readonly { readonly version: string; readonly weight: number }[] },
  ): Promise<unknown>;
  /** Attached versions as all live hosts have them. */
  observe(alias: { readonly app: string; readonly environment: string }): Promise<
    readonly {
      readonly version: string;
      readonly digest: string;
      readonly weight: number;
      readonly ready: boolean;
      readonly failure: string | null;
      readonly instances: number;
    }[]
  >;
  /** Detaches a version without traffic once its requests are answered. */
  retire(write: PlatformWrite & { readonly version: string }): Promise<void>;
}

/** Counters per version and interval, summed over hosts; complete intervals only, ordered by start. */
export interface CountsReader {
  readCounts(query: {
    readonly app: string;
    readonly environment: string;
    readonly versions: readonly string[];
    readonly since: number;
    readonly until: number;
  }): Promise<
    readonly {
      readonly version: string;
      readonly start: number;
      readonly end: number;
      readonly requests: number;
      readonly errors: number;
      readonly latency: readonly number[];
    }[]
  >;
}
