import type { RolloutView, RunView, TaskView } from '../api/contract/index.ts';
import { assertNever } from '../kernel/index.ts';

/** What a script can tell apart. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The release ended unhealthy, aborted or rolled back. */
  unhealthy: 3,
  /** An answer is needed and nobody can be asked. */
  inputNeeded: 4,
  /** Waiting ended; the work goes on. */
  timedOut: 5,
  notAllowed: 6,
  unreachable: 7,
  /** Settings of the guard are faulty (`EX_CONFIG` of sysexits). */
  configuration: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** How a run ended; null while it has not. A run that a person refused is "not allowed", not "failed". */
export function exitCodeOfRun(run: RunView): ExitCode | null {
  switch (run.state) {
    case 'queued':
    case 'running':
    case 'waiting':
      return null;
    case 'succeeded':
      return EXIT.ok;
    case 'failed':
    case 'aborted':
      if (run.stages.some((stage) => stage.approval?.state === 'rejected')) return EXIT.notAllowed;
      return run.state === 'failed' && !run.stages.some((stage) => isUnhealthy(stage.state))
        ? EXIT.failed
        : EXIT.unhealthy;
    case 'rolled_back':
    case 'superseded':
    case 'cancelled':
      return EXIT.unhealthy;
    default:
      return assertNever(run.state);
  }
}

function isUnhealthy(state: RunView['stages'][number]['state']): boolean {
  return state === 'aborted' || state === 'rolled_back';
}

/** How a rollout ended; null while it has not. A rollback that restored the release it was asked for is a success. */
export function exitCodeOfRollout(rollout: RolloutView): ExitCode | null {
  switch (rollout.phase) {
    case 'succeeded':
      return EXIT.ok;
    case 'rolled_back':
      return rollout.kind === 'rollback' ? EXIT.ok : EXIT.unhealthy;
    case 'aborted':
    case 'superseded':
    case 'cancelled':
      return EXIT.unhealthy;
    case 'rollback_failed':
      return EXIT.failed;
    case 'queued':
    case 'waiting_gate':
    case 'waiting_lock':
    case 'preparing':
    case 'shifting':
    case 'holding':
    case 'baking':
    case 'aborting':
    case 'rolling_back':
      return null;
    default:
      return assertNever(rollout.phase);
  }
}

/** How a task ended; null while it has not, also while it rests. */
export function exitCodeOfTask({ state }: Pick<TaskView, 'state'>): ExitCode | null {
  switch (state) {
    case 'succeeded':
      return EXIT.ok;
    case 'failed':
    case 'dead':
    case 'cancelled':
    case 'stopped':
    case 'expired':
      return EXIT.failed;
    case 'queued':
    case 'claimed':
    case 'running':
    case 'pausing':
    case 'paused':
    case 'stopping':
    case 'awaiting_approval':
      return null;
    default:
      return assertNever(state);
  }
}

/** Of a pause that was asked for: it is paused, it ended before it could be, or somebody resumed it meanwhile. */
export function exitCodeOfPause(task: Pick<TaskView, 'state' | 'reason'>): ExitCode | null {
  if (task.state === 'pausing') return null;
  return task.state === 'paused' && task.reason !== 'drain' ? EXIT.ok : EXIT.failed;
}

/** Of a stop that was asked for: nothing but an end follows, and another end than the stop was quicker. */
export function exitCodeOfStop({ state }: Pick<TaskView, 'state'>): ExitCode | null {
  if (exitCodeOfTask({ state }) === null) return null;
  return state === 'stopped' ? EXIT.ok : EXIT.failed;
}
