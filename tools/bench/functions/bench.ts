import type { LoadGenerator } from '../load.ts';
import type { Platform } from './platform.ts';
import type { FunctionSource } from './sources.ts';

/** What one part measures with. */
export interface Bench {
  readonly platform: Platform;
  readonly generator: LoadGenerator;
  readonly rounds: number;
  /** Milliseconds of one round of load. */
  readonly round: number;
}

export const SECTION = 'functions';

/** A memory with which an instance never starts from a pre-warmed process, which has 128 MB. */
export const OWN_PROCESS = { memory: 136 } as const;

/** Those whose runtime is on this server. */
export function available(platform: Platform, sources: readonly FunctionSource[]): readonly FunctionSource[] {
  return sources.filter(({ runtime, language }) => {
    if (platform.runtime(runtime) !== null) return true;
    console.error(`  without ${language}: this server has no such runtime`);
    return false;
  });
}
