import type { Db } from '../../store/index.ts';
import type { FunctionMetrics, VersionCounts } from '../port.ts';
import { INTERVAL, quantile } from './counters.ts';
import { type StoredCounts, readLastMinute, readStoredCounts, readTotals } from './store.ts';

const SUMMARY_SECONDS = 60;

export function createMetricsReader(db: Db, bounds: readonly number[]): FunctionMetrics {
  return {
    readCounts: async (query) => sumOverHosts(await readStoredCounts(db, query)),
    ofApp: async (app, minutes) =>
      (await readTotals(db, app, minutes)).map(({ environment: qualifier, version, requests, errors, latency }) => ({
        ...{ qualifier, version, invocations: requests, errors },
        latencyP50: quantile(bounds, latency, 0.5),
        latencyP95: quantile(bounds, latency, 0.95),
      })),
    summaries: async () =>
      (await readLastMinute(db)).map(({ app, environment, requests, errors, latency }) => ({
        app,
        environment,
        requestsPerSecond: requests / SUMMARY_SECONDS,
        errorShare: requests === 0 ? null : errors / requests,
        latencyP95: quantile(bounds, latency, 0.95),
      })),
  };
}

/** Rows of the same version and interval become one. Expects them ordered by start and version. */
export function sumOverHosts(rows: readonly StoredCounts[]): readonly VersionCounts[] {
  const sums: VersionCounts[] = [];
  for (const row of rows) {
    const last = sums.at(-1);
    if (last === undefined || last.version !== row.version || last.start !== row.start) {
      sums.push({ ...row, end: row.start + INTERVAL });
      continue;
    }
    sums[sums.length - 1] = {
      ...last,
      requests: last.requests + row.requests,
      errors: last.errors + row.errors,
      latency: last.latency.map((count, index) => count + (row.latency[index] ?? 0)),
    };
  }
  return sums;
}
