import { expect, test } from 'vitest';
import { canary, run, stage } from '../../test/fixtures/views.ts';
import { view as waitingForApproval } from '../../test/fixtures/run-waiting-for-approval/view.ts';
import { ROLLOUT_PHASES, RUN_STATES, type RolloutView, type RunView } from '../api/contract/index.ts';
import { catalogue } from '../kernel/index.ts';
import { EXIT, exitCodeOfRollout, exitCodeOfRun } from './exit-codes.ts';

const RUN_CODES: Readonly<Record<RunView['state'], number | null>> = {
  queued: null,
  running: null,
  waiting: null,
  succeeded: 0,
  failed: 1,
  aborted: 3,
  rolled_back: 3,
  superseded: 3,
  cancelled: 3,
};

test.each(RUN_STATES.map((state) => [state, RUN_CODES[state]] as const))(
  'a run that is %s ends with %s',
  (state, code) => {
    expect(exitCodeOfRun(run({ state }))).toBe(code);
  },
);

test('a run that failed because its rollout was taken back ends with 3, not 1', () => {
  const stages = [stage(0, 'deploy', { kind: 'deploy', state: 'rolled_back' })];
  expect(exitCodeOfRun(run({ state: 'failed', stages }))).toBe(3);
});

test('a run that a person rejected ends with 6', () => {
  const stages = waitingForApproval.stages.map((each) =>
    each.approval === null
      ? each
      : { ...each, state: 'failed' as const, approval: { ...each.approval, state: 'rejected' as const } },
  );
  expect(exitCodeOfRun(run({ state: 'failed', stages }))).toBe(6);
});

const ROLLOUT_CODES: Readonly<Record<RolloutView['phase'], number | null>> = {
  queued: null,
  waiting_gate: null,
  waiting_lock: null,
  preparing: null,
  shifting: null,
  holding: null,
  baking: null,
  succeeded: 0,
  aborting: null,
  aborted: 3,
  rolling_back: null,
  rolled_back: 3,
  rollback_failed: 1,
  superseded: 3,
  cancelled: 3,
};

test.each(ROLLOUT_PHASES.map((phase) => [phase, ROLLOUT_CODES[phase]] as const))(
  'a rollout that is %s ends with %s',
  (phase, code) => {
    expect(exitCodeOfRollout(canary({ phase }))).toBe(code);
  },
);

test('a rollback that went back ends with 0', () => {
  expect(exitCodeOfRollout(canary({ phase: 'rolled_back', kind: 'rollback' }))).toBe(0);
});

test('every error of the catalogue ends with a code that the style guide knows', () => {
  const known = new Set<number>(Object.values(EXIT));
  const odd = Object.entries(catalogue).filter(([, entry]) => !known.has(entry.exit));
  expect(odd.map(([code]) => code)).toEqual([]);
});
