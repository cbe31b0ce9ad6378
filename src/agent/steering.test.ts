import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STEERING_ACTS, TASK_STATES } from './port.ts';
import { hasTaskEnded, possibleActs, standingOf, steered } from './steering.ts';

const plain = { isPlanApproved: false };

/** What pause, resume, stop and approve make of each state; `-`: refused, `=`: nothing changes. */
const ROWS = [
  ['queued', 'pausing', '=', 'stopping', '-'],
  ['claimed', 'pausing', '=', 'stopping', '-'],
  ['running', 'pausing', '=', 'stopping', '-'],
  ['pausing', '=', 'queued', 'stopping', '-'],
  ['paused', '=', 'queued', 'stopping', '-'],
  ['stopping', '-', '-', '=', '-'],
  ['stopped', '-', '-', '=', '-'],
  ['awaiting_approval', '-', 'queued', 'stopping', 'queued'],
  ['succeeded', '-', '-', '-', '-'],
  ['failed', '-', '-', '-', '-'],
  ['dead', '-', '-', '-', '-'],
  ['cancelled', '-', '-', '-', '-'],
  ['expired', '-', '-', '-', '-'],
] as const;

test('the table knows every state', () => {
  expect(ROWS.map(([state]) => state).toSorted()).toEqual([...TASK_STATES].toSorted());
});

describe.each(ROWS)('a task that is %s', (state, ...expected) => {
  test.each(STEERING_ACTS.map((act, place) => [act, expected[place]] as const))('%s: %s', (act, becomes) => {
    const verdict = steered(state, act, plain);
    const shown = verdict.kind === 'becomes' ? verdict.state : { same: '=', refused: '-' }[verdict.kind];
    expect(shown).toBe(becomes);
  });
});

test('approving a plan that was approved is no fault while the task is alive', () => {
  for (const state of TASK_STATES) {
    const { kind } = steered(state, 'approve', { isPlanApproved: true });
    if (['queued', 'claimed', 'running', 'pausing', 'paused'].includes(state)) expect(kind).toBe('same');
    else if (state === 'awaiting_approval') expect(kind).toBe('becomes');
    else expect(kind).toBe('refused');
  }
});

test('the same act twice is never refused the second time, and never changes anything then', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TASK_STATES), fc.constantFrom(...STEERING_ACTS), fc.boolean(), (state, act, ok) => {
      const first = steered(state, act, { isPlanApproved: ok });
      if (first.kind !== 'becomes') return;
      expect(steered(first.state, act, { isPlanApproved: ok || act === 'approve' }).kind).toBe('same');
    }),
  );
});

test('whatever is alive can be stopped, and nothing brings back what has ended', () => {
  for (const state of TASK_STATES) {
    const verdicts = STEERING_ACTS.map((act) => steered(state, act, plain));
    if (hasTaskEnded(state)) expect(verdicts.some(({ kind }) => kind === 'becomes')).toBe(false);
    else expect(steered(state, 'stop', plain).kind).toBe(state === 'stopping' ? 'same' : 'becomes');
  }
});

test('what is offered changes something, and what has ended can be handed over once more', () => {
  for (const state of TASK_STATES) {
    const acts = possibleActs(state);
    if (hasTaskEnded(state)) expect(acts).toEqual(['retry']);
    else for (const act of acts) expect(steered(state, act as never, { isPlanApproved: true }).kind).toBe('becomes');
  }
  expect(possibleActs('awaiting_approval')).toEqual(['approve', 'resume', 'stop']);
  expect(possibleActs('running')).toEqual(['pause', 'stop']);
});

describe('how a task stands', () => {
  test.each([
    [
      'an end that was decided counts before it is shown',
      { state: 'running', ending: 'succeeded', reason: null },
      'succeeded',
    ],
    ['a pause on its way is one', { state: 'pausing', ending: 'paused', reason: null }, 'pausing'],
    ['a plan on its way waits', { state: 'running', ending: 'awaiting_approval', reason: null }, 'awaiting_approval'],
    ['whom its process has left is as good as queued', { state: 'paused', ending: null, reason: 'drain' }, 'queued'],
    ['whom a person has paused is paused', { state: 'paused', ending: null, reason: 'paused_by_person' }, 'paused'],
    ['else it is its state', { state: 'claimed', ending: null, reason: null }, 'claimed'],
  ] as const)('%s', (_, row, standing) => {
    expect(standingOf(row)).toBe(standing);
  });
});
