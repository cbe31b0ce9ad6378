export { quantile, sumCounts } from './counts.ts';
export { type MetricResult, type Verdict, conditionOf, isApplicable, judge } from './judge.ts';
export { type SequentialResult, sequentialTest } from './sequential.ts';
