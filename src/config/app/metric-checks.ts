import { type Path, addWithNearest } from '../faults.ts';
import type { ReadMetric } from './analysis.ts';
import type { ReadContext } from './context.ts';
import { addAt, hasMisspeltKey } from './issues.ts';

export const EMBEDDED = 'embedded';

/** Unit of each metric that Funade measures itself. */
export const EMBEDDED_METRICS = {
  'error-rate': 'share',
  'latency-p50': 'time',
  'latency-p95': 'time',
  'latency-p99': 'time',
  'requests-per-second': 'rate',
} as const;

/** A plain number is a rate, or the fraction of a share. */
export interface Threshold {
  readonly unit: 'share' | 'time' | 'rate';
  readonly value: number;
}

/** Adds the faults of what a metric means. */
export function checkMetric(context: ReadContext, path: Path, metric: ReadMetric): void {
  checkMetricIsKnown(context, path, metric);
  const conditions = [metric.max, metric.min, metric.compare];
  if (conditions.every((condition) => condition === undefined) && !hasMisspeltKey(context, path)) {
    addAt(context, 'metricWithoutCondition', path, { metric: metric.metric });
  }
  if (metric.compare !== undefined && metric.metric !== 'error-rate') {
    addAt(context, 'compareOnlyErrors', [...path, 'compare'], { metric: metric.metric });
  }
  if (metric.alpha !== undefined && metric.compare === undefined)
    addAt(context, 'alphaWithoutCompare', [...path, 'alpha']);
  const unitsFit = (['max', 'min', 'warn'] as const).map((key) =>
    checkUnit(context, [...path, key], metric, metric[key]),
  );
  if (unitsFit.every(Boolean)) checkOrder(context, path, metric);
}

function checkMetricIsKnown(context: ReadContext, path: Path, { metric, provider }: ReadMetric): void {
  const { providers } = context.known;
  if (!Object.hasOwn(providers, provider)) {
    addAt(context, 'unknownProvider', [...path, 'provider'], { known: Object.keys(providers).join(', ') });
    return;
  }
  const known = providers[provider] ?? [];
  if (known.includes(metric)) return;
  addWithNearest(context.faults, 'unknownMetric', {
    word: metric,
    known,
    values: { provider, found: JSON.stringify(metric) },
    path: [...path, 'metric'],
    place: context.document.place([...path, 'metric']),
  });
}

/** Whether the threshold has the unit of its metric. A plain number is a fraction where a share is meant. */
function checkUnit(
  context: ReadContext,
  path: Path,
  { metric, provider }: ReadMetric,
  given: Threshold | undefined,
): boolean {
  const wanted = isEmbeddedMetric(metric) && provider === EMBEDDED ? EMBEDDED_METRICS[metric] : undefined;
  if (given === undefined || wanted === undefined) return true;
  const fits = given.unit === wanted || (wanted === 'share' && given.unit === 'rate');
  if (!fits) {
    const { words, example } = context.faults.expected(wanted);
    addAt(context, 'unitMismatch', path, { metric, expected: words, example });
    return false;
  }
  if (wanted === 'share' && given.value > 1) {
    const source = (context.document.source(path) ?? '').replace(/\s*%$/, '');
    const percent = Number(source) > 100 ? '5' : source;
    addAt(context, 'shareOverOne', path, { metric, source: percent });
    return false;
  }
  return true;
}

function isEmbeddedMetric(metric: string): metric is keyof typeof EMBEDDED_METRICS {
  return Object.hasOwn(EMBEDDED_METRICS, metric);
}

function checkOrder(context: ReadContext, path: Path, { max, min, warn }: ReadMetric): void {
  const written = (key: 'max' | 'min'): string => context.document.source([...path, key]) ?? '';
  if (min !== undefined && max !== undefined && min.value > max.value) {
    addAt(context, 'minAboveMax', [...path, 'min'], { found: written('min'), max: written('max') });
    return;
  }
  if (warn === undefined) return;
  const at = [...path, 'warn'];
  if (min === undefined && max === undefined) return addAt(context, 'warnAlone', at);
  const belowMax = max === undefined || warn.value < max.value;
  const aboveMin = min === undefined || warn.value > min.value;
  if (belowMax && aboveMin) return;
  const ends = { min: written('min'), max: written('max') };
  const range = context.faults.word(warnRange(min !== undefined, max !== undefined), ends);
  addAt(context, 'warnOutside', at, { range, found: context.document.source(at) ?? '' });
}

function warnRange(hasMin: boolean, hasMax: boolean): 'between' | 'below' | 'above' {
  if (hasMin && hasMax) return 'between';
  return hasMax ? 'below' : 'above';
}
