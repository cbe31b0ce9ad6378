export { LOOP_KIND, type LoopOptions, createLoop } from './loop.ts';
export {
  type Evidence,
  FAILURES,
  type FailedRollout,
  type Failure,
  type Loop,
  type LoopIssue,
  type LoopMetrics,
  type LoopPorts,
} from './port.ts';
