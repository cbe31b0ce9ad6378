import type { AliasName, FunctionLogLine } from '../port.ts';

const KEPT = 1000;

/** The last lines of every application and environment, in memory. */
export interface LogRing {
  append(line: FunctionLogLine): void;
  /** Oldest first. */
  read(alias: AliasName, limit?: number): readonly FunctionLogLine[];
}

export function createRing(): LogRing {
  const rings = new Map<string, { readonly lines: FunctionLogLine[]; next: number }>();
  return {
    append(line) {
      const key = keyOf(line);
      const ring = rings.get(key) ?? { lines: [], next: 0 };
      rings.set(key, ring);
      ring.lines[ring.next] = line;
      ring.next = (ring.next + 1) % KEPT;
    },
    read(alias, limit = KEPT) {
      const ring = rings.get(keyOf(alias));
      if (ring === undefined) return [];
      const { lines, next } = ring;
      const ordered = lines.length < KEPT ? lines : [...lines.slice(next), ...lines.slice(0, next)];
      return ordered.slice(-limit);
    },
  };
}

function keyOf({ app, environment }: AliasName): string {
  return `${app}/${environment}`;
}
