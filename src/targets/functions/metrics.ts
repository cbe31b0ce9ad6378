import { messageOf } from '../../kernel/index.ts';
import type { IntervalCounts, MetricsProvider, MetricsQuery, Reading } from '../../rollouts/port.ts';
import type { CountsReader } from '../port.ts';

const METRICS = ['error-rate', 'requests-per-second', 'latency-p50', 'latency-p90', 'latency-p95', 'latency-p99'];

/**
 * The function runtime's own counters as evidence. Seconds without a request of a version have no interval; when neither
 * version had one, there is no data.
 */
export function createEmbeddedMetrics(counts: CountsReader): MetricsProvider {
  return {
    id: 'embedded',
    metrics: METRICS,
    async read(query) {
      if (!METRICS.includes(query.metric)) {
        return { kind: 'provider_error', reason: `unknown metric ${query.metric}; there are ${METRICS.join(', ')}` };
      }
      try {
        return await readCounts(counts, query);
      } catch (thrown) {
        return { kind: 'provider_error', reason: messageOf(thrown) };
      }
    },
  };
}

async function readCounts(counts: CountsReader, query: MetricsQuery): Promise<Reading> {
  const { app, environment, candidate, stable, since, until } = query;
  const versions = stable === null ? [candidate] : [candidate, stable];
  const rows = await counts.readCounts({ app, environment, versions, since, until });
  if (rows.length === 0) return { kind: 'no_data', reason: 'no request in any complete second' };
  const of = (version: string | null): readonly IntervalCounts[] =>
    rows
      .filter((row) => row.version === version)
      .map(({ start, end, requests, errors, latency }) => ({ start, end, requests, errors, latency }));
  return { kind: 'counts', candidate: of(candidate), stable: of(stable) };
}
