import type { AliasName } from '../port.ts';

/** Milliseconds of one interval; intervals begin at whole multiples of it. */
export const INTERVAL = 1000;

export interface CountedVersion extends AliasName {
  readonly version: string;
}

export interface CountRow extends CountedVersion {
  /** Epoch milliseconds of the interval's start. */
  readonly start: number;
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Counts of one version, to be added to without looking anything up. */
export interface VersionCounter {
  count(isError: boolean, milliseconds: number): void;
}

export interface Counters {
  counterOf(version: CountedVersion): VersionCounter;
  /** Takes out the counts of all intervals that ended at or before `until`. */
  take(until: number): readonly CountRow[];
}

interface Cell {
  readonly start: number;
  requests: number;
  errors: number;
  readonly latency: number[];
}

/** Counts per version and second. `bounds` are the upper bounds of the latency buckets in milliseconds, ascending. */
export function createCounters(bounds: readonly number[], now: () => number): Counters {
  const versions = new Map<string, { readonly of: CountedVersion; cells: Cell[] }>();

  // A clock that was set back counts into the newest interval: intervals that were taken are never reopened.
  let taken = 0;

  function cellAt(cells: Cell[], time: number): Cell {
    const start = Math.max(time - (time % INTERVAL), taken);
    const last = cells.at(-1);
    if (last !== undefined && last.start >= start) return last;
    const cell = { start, requests: 0, errors: 0, latency: Array.from({ length: bounds.length + 1 }, () => 0) };
    cells.push(cell);
    return cell;
  }

  return {
    counterOf(of) {
      const key = `${of.app}/${of.environment}/${of.version}`;
      return {
        count(isError, milliseconds) {
          const entry = versions.get(key) ?? { of, cells: [] };
          versions.set(key, entry);
          const cell = cellAt(entry.cells, now());
          const bucket = bucketOf(bounds, milliseconds);
          cell.requests += 1;
          if (isError) cell.errors += 1;
          cell.latency[bucket] = (cell.latency[bucket] ?? 0) + 1;
        },
      };
    },
    take(until) {
      if (Number.isFinite(until)) taken = Math.max(taken, until - (until % INTERVAL));
      const rows: CountRow[] = [];
      for (const [key, entry] of versions) {
        if (entry.cells.length === 0) versions.delete(key); // one that is not called takes no memory
        const done = entry.cells.filter(({ start }) => start + INTERVAL <= until);
        if (done.length === 0) continue;
        entry.cells = entry.cells.slice(done.length);
        const { app, environment, version } = entry.of;
        for (const cell of done) rows.push({ app, environment, version, ...cell });
      }
      return rows;
    },
  };
}

/** Index of the first bound that is not below the value; the number of bounds for anything above the last. */
export function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Quantile of a histogram, linear within its bucket; the last bound for what lies above it; null when empty. */
export function quantile(bounds: readonly number[], counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let rank = share * total;
  for (const [index, count] of counts.entries()) {
    const upper = bounds[index];
    if (upper === undefined) break;
    const lower = bounds[index - 1] ?? 0;
    if (count > 0 && rank <= count) return lower + (rank / count) * (upper - lower);
    rank -= count;
  }
  return bounds.at(-1) ?? null;
}
