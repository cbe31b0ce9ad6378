import type { IntervalCounts } from '../port.ts';
import { type Counts, sumCounts } from './counts.ts';

/** One measurement: the requests of a stretch of time that is long enough and has enough of them. */
export interface Measurement {
  readonly start: number;
  readonly end: number;
  readonly counts: Counts;
}

/**
 * Cuts intervals into measurements. A measurement closes when it is at least `interval` long *and* holds `minSamples`
 * requests, so little traffic makes longer measurements instead of noisy ones. What is left over is not a measurement.
 */
export function cutMeasurements(
  intervals: readonly IntervalCounts[],
  options: { readonly from: number; readonly interval: number; readonly minSamples: number },
): { readonly measurements: readonly Measurement[]; readonly pending: number } {
  const measurements: Measurement[] = [];
  let start = options.from;
  let open: IntervalCounts[] = [];
  let requests = 0;
  for (const interval of intervals) {
    if (interval.start < options.from) continue;
    open.push(interval);
    requests += interval.requests;
    if (interval.end - start < options.interval || requests < options.minSamples) continue;
    measurements.push({ start, end: interval.end, counts: sumCounts(open) });
    start = interval.end;
    open = [];
    requests = 0;
  }
  return { measurements, pending: requests };
}
