export { type MetricResult, type Verdict, isApplicable, judge } from './judge.ts';
