import { z } from 'zod';
import { parseDuration } from '../../kernel/index.ts';
import type { Path } from '../faults.ts';
import { type ReadContext, isSection } from './context.ts';
import { addExpected, duration, expecting, flag, integer, parsePercentage, section, share } from './fields.ts';
import { addAt, valueAt } from './issues.ts';
import { EMBEDDED, type Threshold, checkMetric } from './metric-checks.ts';
import type { AnalysisConfig, MetricConfig } from './model.ts';
import { readSection } from './section.ts';

const MINUTE = 60_000;
/** `5%`, `500ms` or `20`; what it may be depends on the metric. */
const threshold = z
  .union([z.number().min(0), z.string().meta({ pattern: '^\\d+(\\.\\d+)?(%|ms|s|m|h)$' })], expecting('threshold'))
  .transform((given, context): Threshold => {
    if (typeof given === 'number') return { unit: 'rate', value: given };
    const percentage = parsePercentage(given);
    if (percentage !== undefined) return { unit: 'share', value: percentage };
    const milliseconds = parseDuration(given);
    if (milliseconds !== undefined) return { unit: 'time', value: milliseconds };
    addExpected(context, 'threshold');
    return z.NEVER;
  });

const metricSchema = section({
  name: z
    .string(expecting('metricName'))
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,58}$/u, expecting('metricName'))
    .optional()
    .describe('How screens call it. Default: the metric.'),
  metric: z.string().min(1).describe('What is measured, for example error-rate or latency-p95.'),
  provider: z.string().min(1).default(EMBEDDED).describe('Who measures it.'),
  max: threshold.optional().describe('Above it the measurement fails.'),
  min: threshold.optional().describe('Below it the measurement fails.'),
  warn: threshold.optional().describe('Between warn and max (or min) the measurement is inconclusive.'),
  compare: z.enum(['stable']).optional().describe('Fails when the new version is worse than the stable one.'),
  alpha: share({ above: 0, below: 0.5 }).optional().describe('False-alarm probability of `compare`. Default: 2%.'),
  interval: duration({ min: '100ms', max: '1h' }).default(10_000).describe('Length of one measurement.'),
  initialDelay: duration({ max: '1d' }).default(0).describe('Wait before the first measurement of a step.'),
  minSamples: integer(1, 1_000_000).default(10).describe('Requests that one measurement needs.'),
  tolerateFailures: integer(0, 1000).default(0).describe('Failed measurements that are let pass.'),
  dryRun: flag.default(false).describe('Measure and show, never act.'),
  onFail: z.enum(['abort', 'pause']).default('abort').describe('What a failure does.'),
  onInconclusive: z.enum(['pause', 'abort']).default('pause').describe('What an inconclusive measurement does.'),
  onProviderError: z.enum(['pause', 'abort']).default('pause').describe('What `maxErrors` in a row do.'),
  maxErrors: integer(0, 1000).default(5).describe('Provider errors in a row that are waited out.'),
});

const maxWait = duration({ min: '1s' })
  .default(5 * MINUTE)
  .describe('How long a step may stay without data before it pauses for a person.');
const metricList = z.array(metricSchema, expecting('analysis'));

/** For editors: a list of metrics, or a section with more. */
export const analysisSchema = z.union(
  [metricList, section({ metrics: metricList.optional().describe('What is watched.'), maxWait })],
  expecting('analysis'),
);

const surroundings = section({ metrics: z.array(z.unknown(), expecting('analysis')).optional(), maxWait });

export type ReadMetric = z.output<typeof metricSchema>;

/** Metrics are read one by one, so that a fault in one does not hide those of the others. */
export function readAnalysis(context: ReadContext, path: Path): AnalysisConfig | undefined {
  const value = valueAt(context.document.value, path);
  if (value === undefined) return { metrics: [], maxWait: 5 * MINUTE };
  if (Array.isArray(value)) {
    const metrics = readMetrics(context, path, value.length);
    return metrics && { metrics, maxWait: 5 * MINUTE };
  }
  if (!isSection(value)) {
    readSection(context, analysisSchema, path);
    return undefined;
  }
  const around = readSection(context, surroundings, path);
  const list = [...path, 'metrics'];
  const metrics = Array.isArray(value['metrics']) ? readMetrics(context, list, value['metrics'].length) : [];
  return around && metrics && { metrics, maxWait: around.maxWait };
}

function readMetrics(context: ReadContext, list: Path, count: number): readonly MetricConfig[] | undefined {
  const read = Array.from({ length: count }, (_, index) => {
    const metric = readSection(context, metricSchema, [...list, index]);
    if (metric !== undefined) checkMetric(context, [...list, index], metric);
    return metric;
  });
  const taken = new Set<string>();
  for (const [index, metric] of read.entries()) {
    if (metric?.name === undefined) continue;
    if (taken.has(metric.name)) addAt(context, 'metricNameTaken', [...list, index, 'name']);
    taken.add(metric.name);
  }
  const metrics = read.flatMap((metric) => {
    if (metric === undefined) return [];
    const name = metric.name ?? freeName(defaultName(metric), taken);
    taken.add(name);
    return finishMetric(metric, name);
  });
  return metrics.length === count ? metrics : undefined;
}

function defaultName(metric: ReadMetric): string {
  const onlyCompared = metric.compare !== undefined && metric.max === undefined && metric.min === undefined;
  return onlyCompared ? `${metric.metric}-vs-${metric.compare}` : metric.metric;
}

export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

function finishMetric(metric: ReadMetric, name: string): MetricConfig {
  return {
    ...metric,
    name,
    max: metric.max?.value ?? null,
    min: metric.min?.value ?? null,
    warn: metric.warn?.value ?? null,
    compare: metric.compare ?? null,
    alpha: metric.alpha ?? 0.02,
  };
}

/** Indented to stand inside an environment. */
export const analysisExample = `    # What decides whether a new release stays. Each metric needs max, min or \`compare: stable\`.
    # Embedded metrics: error-rate, latency-p50, latency-p95, latency-p99, requests-per-second.
    analysis:
      # How long a step may stay without data before it pauses for a person.
      maxWait: 5m
      metrics:
        - metric: error-rate
          max: 5%
          # Between warn and max it is inconclusive.
          warn: 3%
          # Length of one measurement, and the requests of the new version that it needs.
          interval: 10s
          minSamples: 10
          # Wait before the first measurement of a step.
          initialDelay: 0s
          # Failed measurements that are let pass.
          tolerateFailures: 0
          # Measure and show, never act.
          dryRun: false
          # abort or pause.
          onFail: abort
          onInconclusive: pause
          # After this many provider errors in a row: pause or abort.
          maxErrors: 5
          onProviderError: pause
        - metric: error-rate
          # A name of your own for screens.
          name: errors against stable
          # Worse than the stable version? A sequential test with this false-alarm probability.
          compare: stable
          alpha: 2%
        - metric: latency-p95
          provider: embedded
          max: 500ms
        # A lower bound:
        # - { metric: requests-per-second, min: 1 }
`;
