import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StageConfig } from '../config/index.ts';
import {
  RUN_STATES,
  STAGE_STATES,
  type StageProgress,
  type StageState,
  hasRunEnded,
  nextStep,
  targetOfApproval,
} from './pipeline.ts';

type When = StageProgress['when'];

/** `succeeded`, or `pending failure()`: states with their condition, `success()` when none is written. */
function stages(...texts: readonly string[]): readonly StageProgress[] {
  return texts.map((text, index) => {
    const [state = '', when = 'success()'] = text.split(' ');
    return { index, state: state as StageState, when: when as When };
  });
}

test.each([
  ['the first stage is worked on first', stages('pending', 'pending'), { kind: 'work', index: 0 }],
  ['a stage that succeeded is followed by the next', stages('succeeded', 'pending'), { kind: 'work', index: 1 }],
  ['a stage that was running is worked on again', stages('running', 'pending'), { kind: 'work', index: 0 }],
  ['a stage that waits is looked at again', stages('succeeded', 'waiting'), { kind: 'work', index: 1 }],
  ['after a failure the rest is skipped', stages('failed', 'pending'), { kind: 'skip', index: 1 }],
  ['after an abort the rest is skipped', stages('aborted', 'pending'), { kind: 'skip', index: 1 }],
  ['failure() runs after a failure', stages('failed', 'pending failure()'), { kind: 'work', index: 1 }],
  ['failure() runs after a rollback, too', stages('rolled_back', 'pending failure()'), { kind: 'work', index: 1 }],
  ['failure() is skipped while all is well', stages('succeeded', 'pending failure()'), { kind: 'skip', index: 1 }],
  ['always() runs after a failure', stages('failed', 'pending always()'), { kind: 'work', index: 1 }],
  ['always() runs while all is well', stages('pending always()'), { kind: 'work', index: 0 }],
  ['a skipped stage is no failure', stages('skipped', 'pending'), { kind: 'work', index: 1 }],
  [
    'a run whose stages all succeeded has succeeded',
    stages('succeeded', 'skipped'),
    { kind: 'end', state: 'succeeded' },
  ],
  ['the first failure decides', stages('rolled_back', 'failed'), { kind: 'end', state: 'rolled_back' }],
  ['what failure() does changes nothing', stages('failed', 'succeeded failure()'), { kind: 'end', state: 'failed' }],
  [
    'a superseded deployment ends the run as such',
    stages('succeeded', 'superseded'),
    { kind: 'end', state: 'superseded' },
  ],
  ['a pipeline without stages has nothing to fail', stages(), { kind: 'end', state: 'succeeded' }],
])('%s', (_rule, given, expected) => {
  expect(nextStep(given)).toEqual(expected);
});

const when = fc.constantFrom<When>('success()', 'failure()', 'always()');
const ending = fc.constantFrom<StageState>('succeeded', 'failed', 'aborted', 'rolled_back', 'superseded');

test('every pipeline ends, touches each stage once, in order, and ends as its first stage that did not succeed', () => {
  const plan = fc.array(fc.record({ when, ending, waits: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(plan, (planned) => {
      let current: readonly StageProgress[] = planned.map((stage, index) => ({ ...stage, index, state: 'pending' }));
      const touched: number[] = [];
      const put = (index: number, state: StageState) => {
        current = current.map((stage) => (stage.index === index ? { ...stage, state } : stage));
      };
      for (let rounds = 0; rounds <= planned.length * 2 + 1; rounds += 1) {
        const step = nextStep(current);
        if (step.kind === 'end') {
          const bad = current.find(({ state }) => state !== 'succeeded' && state !== 'skipped');
          expect(step.state).toBe(bad?.state ?? 'succeeded');
          expect(hasRunEnded(step.state)).toBe(true);
          expect(touched).toEqual(planned.map((_, index) => index));
          return;
        }
        const wasWaiting = current[step.index]?.state === 'waiting';
        if (!wasWaiting) touched.push(step.index);
        const stage = planned[step.index];
        if (step.kind === 'skip') put(step.index, 'skipped');
        else put(step.index, stage?.waits === true && !wasWaiting ? 'waiting' : (stage?.ending ?? 'failed'));
      }
      expect.fail('the pipeline did not end');
    }),
  );
});

test('after a failure nothing runs that asked for success', () => {
  const states = fc.array(fc.record({ when, state: fc.constantFrom(...STAGE_STATES) }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(states, (given) => {
      const current = given.map((stage, index) => ({ ...stage, index }));
      const step = nextStep(current);
      const first = current.findIndex(({ state }) =>
        ['failed', 'aborted', 'rolled_back', 'superseded'].includes(state),
      );
      if (step.kind !== 'work' || first === -1 || first > step.index) return;
      const stage = current[step.index];
      expect(stage?.state !== 'pending' || stage.when !== 'success()').toBe(true);
    }),
  );
});

test('only states of an ended run are ends', () => {
  expect(RUN_STATES.filter((state) => !hasRunEnded(state))).toEqual(['queued', 'running', 'waiting']);
});

test('an approval opens the next deployment after it, and none when there is none', () => {
  const kinds = (...texts: readonly string[]) =>
    texts.map((text) => ({ kind: text.split(' ')[0], to: text.split(' ')[1] }) as StageConfig);
  const pipeline = kinds('run', 'deploy staging', 'approve', 'verify', 'deploy production', 'deploy elsewhere');
  expect(targetOfApproval(pipeline, 2)).toBe('production');
  expect(targetOfApproval(kinds('deploy staging', 'approve'), 1)).toBeNull();
});
