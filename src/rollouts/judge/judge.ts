import type { MetricConfig } from '../../config/index.ts';
import type { IntervalCounts, Reading, Sample } from '../port.ts';
import { type Counts, valueOf } from './counts.ts';
import { sequentialTest } from './sequential.ts';
import { cutMeasurements } from './windows.ts';

export const VERDICTS = ['pass', 'fail', 'inconclusive', 'no_data', 'provider_error'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one metric says about the present step. */
export interface MetricResult {
  readonly name: string;
  readonly verdict: Verdict;
  readonly condition: string;
  /** What was found, in words and numbers. */
  readonly finding: string;
  readonly value: number | null;
  /** Requests (or data points) of the new version since the step's weight was seen. */
  readonly samples: number;
  readonly measurements: number;
  readonly failures: number;
}

export interface JudgeContext {
  /** Samples before this time (epoch ms) do not count for the step. */
  readonly from: number;
  /** Where the comparison with stable began. */
  readonly comparedFrom: number;
  readonly hasStable: boolean;
}

/** The worst of several verdicts speaks for all; passing needs all of them. */
const SEVERITY: Readonly<Record<Verdict, number>> = {
  fail: 4,
  provider_error: 3,
  inconclusive: 2,
  no_data: 1,
  pass: 0,
};

/** Whether the metric can say anything: a pure comparison needs a stable version to compare with. */
export function isApplicable(metric: MetricConfig, hasStable: boolean): boolean {
  return hasStable || metric.max !== null || metric.min !== null;
}

/** Verdict of one metric; trouble and silence have verdicts of their own and are never a pass. */
export function judge(metric: MetricConfig, reading: Reading, context: JudgeContext): MetricResult {
  const base = {
    name: metric.name,
    condition: conditionOf(metric),
    value: null,
    samples: 0,
    measurements: 0,
    failures: 0,
  };
  if (reading.kind === 'provider_error') return { ...base, verdict: 'provider_error', finding: reading.reason };
  if (reading.kind === 'no_data') return { ...base, verdict: 'no_data', finding: reading.reason };
  if (reading.kind === 'counts' && ![...reading.candidate, ...reading.stable].every(isCount))
    return { ...base, verdict: 'provider_error', finding: 'the provider gives counts that are no counts' };
  const parts: MetricResult[] = [];
  if (metric.max !== null || metric.min !== null) parts.push(judgeThreshold(metric, reading, context, base));
  if (metric.compare === 'stable' && context.hasStable) parts.push(judgeComparison(metric, reading, context, base));
  const worst = parts.toSorted((a, b) => SEVERITY[b.verdict] - SEVERITY[a.verdict])[0];
  return worst ?? { ...base, verdict: 'no_data', finding: 'there is nothing to judge by' };
}

/** Whether the numbers of an interval can be counts at all: finite, not negative, no more errors than requests. */
function isCount({ requests, errors, latency }: IntervalCounts): boolean {
  return [requests, errors, ...latency].every((count) => Number.isFinite(count) && count >= 0) && errors <= requests;
}

type Data = Extract<Reading, { kind: 'counts' | 'samples' }>;
type Base = Omit<MetricResult, 'verdict' | 'finding'>;

interface Point {
  readonly value: number;
  readonly text: string;
}

function judgeThreshold(metric: MetricConfig, reading: Data, context: JudgeContext, base: Base): MetricResult {
  const { points, samples, waiting } =
    reading.kind === 'counts'
      ? pointsOfCounts(metric, reading.candidate, context)
      : pointsOfSamples(metric, reading.candidate, context);
  const last = points.at(-1);
  if (last === undefined) return { ...base, samples, verdict: 'no_data', finding: waiting };
  const verdicts = points.map((point) => judgeValue(metric, point.value));
  const failures = verdicts.filter((verdict) => verdict === 'fail').length;
  const result = { ...base, value: last.value, samples, measurements: points.length, failures };
  if (failures > metric.tolerateFailures) {
    const worst = points.findLast((_, index) => verdicts[index] === 'fail') ?? last;
    const among = metric.tolerateFailures > 0 ? `; ${failures} failed, ${metric.tolerateFailures} tolerated` : '';
    return { ...result, value: worst.value, verdict: 'fail', finding: `${worst.text}${among}` };
  }
  if (verdicts.at(-1) === 'inconclusive')
    return { ...result, verdict: 'inconclusive', finding: `${last.text}, between the bands` };
  const tolerated = failures > 0 ? ` (${failures} of ${metric.tolerateFailures} tolerated)` : '';
  if (!verdicts.includes('pass'))
    return {
      ...result,
      verdict: 'no_data',
      finding: `${last.text}${tolerated}; waiting for a measurement that passes`,
    };
  return { ...result, verdict: 'pass', finding: `${last.text}${tolerated}` };
}

function judgeValue(metric: MetricConfig, value: number): 'pass' | 'fail' | 'inconclusive' {
  if (metric.max !== null && value > metric.max) return 'fail';
  if (metric.min !== null && value < metric.min) return 'fail';
  if (metric.warn === null) return 'pass';
  if (metric.max !== null && value > metric.warn) return 'inconclusive';
  if (metric.max === null && metric.min !== null && value < metric.warn) return 'inconclusive';
  return 'pass';
}

function pointsOfCounts(
  metric: MetricConfig,
  intervals: Extract<Reading, { kind: 'counts' }>['candidate'],
  context: JudgeContext,
) {
  const from = context.from + metric.initialDelay;
  const { measurements, pending } = cutMeasurements(intervals, {
    from,
    interval: metric.interval,
    minSamples: metric.minSamples,
  });
  const points: Point[] = [];
  let samples = pending;
  for (const { start, end, counts } of measurements) {
    samples += counts.requests;
    const value = valueOf(metric.metric, counts, end - start);
    if (value !== null && Number.isFinite(value)) points.push({ value, text: describe(metric.metric, value, counts) });
  }
  return {
    points,
    samples,
    waiting: `waiting for requests: ${Math.min(pending, metric.minSamples)} of ${metric.minSamples}`,
  };
}

function pointsOfSamples(metric: MetricConfig, all: readonly Sample[], context: JudgeContext) {
  const fresh = all.filter(
    (sample) => sample.at >= context.from + metric.initialDelay && Number.isFinite(sample.value),
  );
  const enough = fresh.length >= metric.minSamples;
  const points = enough ? fresh.map(({ value }) => ({ value, text: formatValue(metric.metric, value) })) : [];
  return { points, samples: fresh.length, waiting: `waiting for samples: ${fresh.length} of ${metric.minSamples}` };
}

function judgeComparison(metric: MetricConfig, reading: Data, context: JudgeContext, base: Base): MetricResult {
  if (reading.kind !== 'counts') {
    return {
      ...base,
      verdict: 'provider_error',
      finding: 'the provider gives no request counts, which a comparison with stable needs',
    };
  }
  const candidate = reading.candidate.filter(({ start }) => start >= context.comparedFrom);
  const { stable } = reading;
  const options = { alpha: metric.alpha, interval: metric.interval, from: context.comparedFrom };
  const test = sequentialTest(candidate, stable, options);
  const fresh = candidate.filter(({ start }) => start >= context.from + metric.initialDelay);
  const samples = fresh.reduce((sum, { requests }) => sum + requests, 0);
  const result = { ...base, value: test.evidence, samples, measurements: test.intervals };
  const finding = `new ${share(candidate)}, stable ${share(stable)}, evidence ${test.evidence.toPrecision(2)} of ${test.threshold.toPrecision(2)}`;
  if (test.alarm) return { ...result, failures: 1, verdict: 'fail', finding };
  if (samples < metric.minSamples)
    return { ...result, verdict: 'no_data', finding: `waiting for requests: ${samples} of ${metric.minSamples}` };
  if (test.intervals === 0)
    return { ...result, verdict: 'no_data', finding: 'the stable version has no requests to compare with' };
  return { ...result, verdict: 'pass', finding };
}

function share(intervals: readonly { readonly requests: number; readonly errors: number }[]): string {
  const requests = intervals.reduce((sum, interval) => sum + interval.requests, 0);
  const errors = intervals.reduce((sum, interval) => sum + interval.errors, 0);
  return requests === 0 ? 'no requests' : `${percent(errors / requests)} (${errors} of ${requests})`;
}

function describe(metric: string, value: number, counts: Counts): string {
  if (metric === 'error-rate') return `${percent(value)} (${counts.errors} of ${counts.requests})`;
  return `${formatValue(metric, value)} (${counts.requests} requests)`;
}

function formatValue(metric: string, value: number): string {
  if (metric.startsWith('latency')) return `${Math.round(value)}ms`;
  if (metric.endsWith('rate')) return percent(value);
  return String(Math.round(value * 100) / 100);
}

function percent(value: number): string {
  return `${Math.round(value * 1000) / 10}%`;
}

/** The condition as people write it: `error-rate ≤ 5%`. */
export function conditionOf(metric: MetricConfig): string {
  const parts: string[] = [];
  if (metric.max !== null) parts.push(`${metric.metric} ≤ ${formatValue(metric.metric, metric.max)}`);
  if (metric.min !== null) parts.push(`${metric.metric} ≥ ${formatValue(metric.metric, metric.min)}`);
  if (metric.compare === 'stable') parts.push(`${metric.metric} not worse than stable (α ${percent(metric.alpha)})`);
  return parts.join(', ');
}
