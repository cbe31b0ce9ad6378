import { describe, expect, test } from 'vitest';
import {
  HOUR,
  MINUTE,
  SECOND,
  canary,
  deployment,
  metric,
  pause,
  rollback,
  verdict,
  weight,
} from '../../../test/rollouts/plans.ts';
import { type Walk, startWalk } from '../../../test/rollouts/walk.ts';
import { PHASES, isTerminal } from '../state.ts';
import { refusalOf } from './commands.ts';

const STEPS = [weight(10), pause(HOUR), weight(25), pause(HOUR), weight(50), pause(HOUR), weight(75)];

function holdingAt10(metrics = [] as ReturnType<typeof metric>[]): Walk {
  const walk = startWalk(deployment({ strategy: canary(STEPS, HOUR), metrics }));
  walk.until('holding');
  return walk;
}

describe('promote', () => {
  test('goes to the next weight, whatever the pause says', () => {
    const walk = holdingAt10();
    walk.look({ command: 'promote' });
    walk.until('holding');
    expect(walk.state.weightsSeen).toEqual([10, 25]);
    expect(walk.events).toContain('rollout.promoted');
  });

  test('given twice in one step it leaves only that step', () => {
    const walk = holdingAt10();
    const { step } = walk.state;
    walk.look({ command: 'promote', commandStep: step });
    walk.look({ command: 'promote', commandStep: step });
    walk.until('holding');
    walk.wait(MINUTE);
    expect(walk.state.weightsSeen).toEqual([10, 25]);
    expect(walk.events).toContain('rollout.command_ignored');
  });

  test('while a weight is on its way it skips nothing', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS) }));
    walk.until('shifting');
    walk.look({ command: 'promote' });
    walk.until('holding');
    expect(walk.state.weightsSeen).toEqual([10]);
  });

  test('is refused while baking: that is the last step, and it ends by itself', () => {
    expect(refusalOf('promote', 'baking', false)).toContain('it is baking');
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR) }));
    walk.until('baking');
    walk.look({ command: 'promote' });
    expect(walk.state.phase).toBe('baking');
  });

  test('leaves a trailing pause at 100% for the baking', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(100), pause(null)], SECOND) }));
    walk.until('holding');
    walk.look({ command: 'promote' });
    expect(walk.until('succeeded')).toMatchObject({ phase: 'succeeded', weightsSeen: [100] });
  });
});

describe('promote --full', () => {
  test('skips the rest, is noted as break-glass with its reason, and still bakes', () => {
    const walk = holdingAt10();
    walk.look({ command: 'promote_full', reason: 'customers wait' });
    expect(walk.until('baking')).toMatchObject({ weightsSeen: [10, 100] });
    expect(walk.state.notes).toEqual(['break-glass: mei skipped the remaining steps: customers wait']);
  });

  test('can be aborted afterwards, with an unhealthy version too', () => {
    const walk = holdingAt10([metric()]);
    walk.look({ command: 'promote_full', reason: 'now' });
    walk.until('baking');
    walk.look({ command: 'abort', reason: 'it is bad' });
    expect(walk.until('rolled_back')).toMatchObject({ phase: 'rolled_back', weightsSeen: [10, 100, 0] });
    expect(walk.state.outcome).toMatchObject({ by: 'mei', reason: 'it is bad' });
  });

  test('ends the baking when it is given there, and says who did', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR) }));
    walk.until('baking');
    walk.look({ command: 'promote_full', reason: 'no traffic at night' });
    expect(walk.state).toMatchObject({ phase: 'succeeded', outcome: { by: 'mei' } });
    expect(walk.state.notes).toEqual(['break-glass: mei ended the baking: no traffic at night']);
  });

  test('pressed twice before 100% does not end the baking that follows', () => {
    const walk = holdingAt10();
    const { step } = walk.state;
    walk.look({ command: 'promote_full', commandStep: step });
    walk.until('baking');
    walk.look({ command: 'promote_full', commandStep: step });
    expect(walk.state.phase).toBe('baking');
  });

  test('ends no baking whose 100% are not seen at the router', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR) }));
    walk.until('baking');
    walk.look({ command: 'promote_full', weight: 60 });
    expect(walk.state.phase).toBe('baking');
    expect(walk.events).toContain('rollout.command_ignored');
  });

  test('given while the version still comes up it leads from 0 to 100%', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS, SECOND) }));
    walk.look({ command: 'promote_full', ready: false });
    expect(walk.until('succeeded', { ready: true })).toMatchObject({ phase: 'succeeded', weightsSeen: [100] });
  });
});

describe('pause and resume', () => {
  test('a pause keeps the weight, and resuming needs fresh samples', () => {
    const walk = holdingAt10([metric()]);
    walk.look({ command: 'pause', reason: 'let me look' });
    walk.wait(2 * HOUR, { metrics: [verdict('pass')] });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: { by: 'mei', reason: 'let me look' } });
    walk.look({ command: 'resume', metrics: [verdict('pass')] });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: null, freshFrom: walk.now });
    walk.look({ metrics: [verdict('pass')] });
    expect(walk.state.phase).toBe('shifting');
  });

  test('a pause does not stop the analysis from aborting', () => {
    const walk = holdingAt10([metric()]);
    walk.look({ command: 'pause' });
    expect(walk.until('aborted', { metrics: [verdict('fail')] }).phase).toBe('aborted');
  });

  test('a shift that was on its way when somebody paused is watched at its new weight', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS), metrics: [metric()] }));
    walk.until('shifting');
    walk.look({ obeys: false });
    walk.look({ command: 'pause' });
    expect(walk.state).toMatchObject({ phase: 'shifting', weightsSeen: [] });
    walk.look({ weight: 10 });
    expect(walk.state).toMatchObject({ phase: 'holding', weightsSeen: [10], paused: { by: 'mei' } });
  });

  test('a pause that nobody ends is taken back after 24 hours', () => {
    const walk = holdingAt10();
    walk.look({ command: 'pause', reason: 'lunch' });
    const state = walk.wait(25 * HOUR);
    expect(state).toMatchObject({ phase: 'aborted', weightsSeen: [10, 0] });
    expect(state.outcome).toMatchObject({ reason: 'nobody decided within 1d', evidence: ['paused: lunch'] });
  });

  test('a second pause keeps the first one, and resuming what runs changes nothing', () => {
    const walk = holdingAt10();
    walk.look({ command: 'pause', reason: 'first' });
    walk.look({ command: 'pause', reason: 'second' });
    expect(walk.state.paused?.reason).toBe('first');
    walk.look({ command: 'resume' });
    const { freshFrom } = walk.state;
    walk.look({ command: 'resume', after: SECOND });
    expect(walk.state.freshFrom).toBe(freshFrom);
  });
});

describe('abort', () => {
  test.each(PHASES.filter((phase) => !isTerminal(phase)))('is legal while %s', (phase) => {
    expect(refusalOf('abort', phase, false)).toBeNull();
    expect(refusalOf('abort', phase, true)).toBeNull();
  });

  test.each(PHASES.filter((phase) => isTerminal(phase)))('is refused after the end: %s', (phase) => {
    expect(refusalOf('abort', phase, false)).toBe(`the rollout has ended (${phase})`);
  });

  test('a second abort neither changes the reason nor gives the way back more time', () => {
    const walk = holdingAt10();
    walk.look({ command: 'abort', reason: 'first', obeys: false });
    const { progressAt } = walk.state;
    walk.look({ command: 'abort', reason: 'second', after: MINUTE });
    expect(walk.state).toMatchObject({ phase: 'aborting', progressAt, back: { reason: 'first' } });
  });

  test('in baking it becomes a rollback, before it an abort', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR) }));
    walk.until('baking');
    walk.look({ command: 'abort' });
    expect(walk.state.phase).toBe('rolling_back');
    expect(walk.until('rolled_back').outcome?.reason).toBe('aborted by mei');
  });
});

test.each(['promote', 'promote_full', 'pause', 'resume'] as const)(
  'a rollback has no steps, so %s is refused',
  (kind) => {
    expect(refusalOf(kind, 'preparing', true)).toContain('a rollback has no steps');
    const walk = startWalk(rollback());
    walk.look({ command: kind });
    expect(walk.until('rolled_back').phase).toBe('rolled_back');
  },
);

test.each(['queued', 'waiting_gate', 'waiting_lock'] as const)(
  '%s: there is no step to promote or pause yet',
  (phase) => {
    for (const kind of ['promote', 'promote_full', 'pause', 'resume'] as const)
      expect(refusalOf(kind, phase, false)).toContain('has not started');
  },
);
