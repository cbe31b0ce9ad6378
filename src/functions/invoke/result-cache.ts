import { createHash } from 'node:crypto';
import type { HostedFunction } from '../hosting/hosted-function.ts';
import type { Outcome } from '../outcome.ts';

/** Results of functions that allow it, by function of a version and event, in the memory of this host. */
export interface ResultCache {
  read(called: HostedFunction, event: Buffer): Outcome | undefined;
  /** Keeps results only: a failure is tried again. */
  keep(called: HostedFunction, event: Buffer, outcome: Outcome): void;
}

interface Entry {
  readonly outcome: Extract<Outcome, { kind: 'result' }>;
  readonly until: number;
  readonly bytes: number;
}

const MOST_BYTES = 64 * 1024 * 1024;
const ENTRY_COST = 256;

/** `now` in milliseconds. The entries that were read the longest ago go first. */
export function createResultCache(now: () => number, most = MOST_BYTES): ResultCache {
  const entries = new Map<string, Entry>();
  /** The same name and version may be hosted with other variables elsewhere. */
  const numbers = new WeakMap<HostedFunction, number>();
  let count = 0;
  let bytes = 0;

  function keyOf(called: HostedFunction, event: Buffer): string {
    const number = numbers.get(called) ?? (count += 1);
    numbers.set(called, number);
    return `${number} ${createHash('sha256').update(event).digest('base64')}`;
  }

  function remove(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  return {
    read: (called, event) => {
      const key = keyOf(called, event);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.until <= now()) {
        bytes -= entry.bytes;
        return undefined;
      }
      entries.set(key, entry);
      return entry.outcome;
    },
    keep: (called, event, outcome) => {
      if (outcome.kind !== 'result') return;
      const size = outcome.body.length + ENTRY_COST;
      if (size > most) return;
      const key = keyOf(called, event);
      remove(key);
      // A copy: the body may be a part of a larger buffer, which would stay in memory with it.
      const kept = { ...outcome, body: Buffer.from(outcome.body) };
      entries.set(key, { outcome: kept, until: now() + called.config.cache, bytes: size });
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= most) return;
        remove(oldest);
      }
    },
  };
}
