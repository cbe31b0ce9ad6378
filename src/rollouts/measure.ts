import { messageOf } from '../kernel/index.ts';
import type { EngineDependencies } from './dependencies.ts';
import { type MetricResult, judge } from './judge/index.ts';
import type { MetricsProvider, Reading } from './port.ts';
import type { RolloutRow } from './store.ts';
import { within } from './time-limit.ts';

/** How long a provider may take before that counts as trouble with it. */
const READ_LIMIT = 10_000;
/** What stable did in this time before the comparison tells its usual rate, for when it has no traffic any more. */
const BASELINE = 600_000;

/** Reads and judges every metric of a rollout whose candidate may have traffic; trouble of a provider is a verdict, not an exception. */
export async function measure(
  dependencies: EngineDependencies,
  row: RolloutRow,
  signal: AbortSignal,
): Promise<readonly MetricResult[]> {
  if (!isWatched(row)) return [];
  const { state, plan } = row;
  const comparedFrom = state.comparedFrom ?? state.freshFrom;
  const hasStable = row.stable_id !== null && row.stable_id !== row.release_id;
  const query = {
    app: row.app,
    environment: row.environment,
    candidate: row.release_id,
    stable: hasStable ? row.stable_id : null,
    since: Math.min(comparedFrom, state.freshFrom) - BASELINE,
    until: dependencies.clock.now(),
  };
  return Promise.all(
    plan.analysis.metrics.map(async (metric) => {
      const reading = await read(dependencies, metric.provider, { ...query, metric: metric.metric }, signal);
      return judge(metric, reading, { from: state.freshFrom, comparedFrom, hasStable });
    }),
  );
}

function isWatched({ state }: RolloutRow): boolean {
  if (state.phase === 'shifting') return state.comparedFrom !== null;
  return state.phase === 'holding' || state.phase === 'baking';
}

async function read(
  dependencies: EngineDependencies,
  provider: string,
  query: Parameters<MetricsProvider['read']>[0],
  signal: AbortSignal,
): Promise<Reading> {
  const source = dependencies.metrics.get(provider);
  if (source === undefined) return { kind: 'provider_error', reason: `there is no metrics provider ${provider}` };
  try {
    return await within({ limit: READ_LIMIT, what: `metrics provider ${provider}`, signal }, () => source.read(query));
  } catch (thrown) {
    return { kind: 'provider_error', reason: messageOf(thrown) };
  }
}
