import { describe, expect, test } from 'vitest';
import {
  HOUR,
  MINUTE,
  SECOND,
  canary,
  deployment,
  metric,
  pause,
  verdict,
  weight,
} from '../../../test/rollouts/plans.ts';
import { startWalk } from '../../../test/rollouts/walk.ts';
import { initialState } from '../state.ts';

const STEPS = [weight(10), pause(10 * SECOND), weight(25), pause(10 * SECOND), weight(50), weight(75)];
const passing = [verdict('pass')];

describe('a canary', () => {
  test('goes through its weights in order, ends at 100% and bakes before it succeeds', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS, 30 * SECOND) }));
    const state = walk.until('succeeded');
    expect(state.phase).toBe('succeeded');
    expect(state.weightsSeen).toEqual([10, 25, 50, 75, 100]);
    expect(walk.asked).toEqual([10, 25, 50, 75, 100]);
    expect(walk.now - (state.stepSince ?? 0)).toBeGreaterThanOrEqual(30 * SECOND);
  });

  test('keeps a weight for as long as the pause says, counted from when it was seen', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS) }));
    walk.until('holding');
    const seen = walk.state.observedSince ?? 0;
    walk.until('shifting');
    expect(walk.now - seen).toBeGreaterThanOrEqual(10 * SECOND);
    expect(walk.now - seen).toBeLessThan(11 * SECOND);
  });

  test('stays at a pause without an end until somebody promotes', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(10), pause(null)]) }));
    walk.until('holding');
    expect(walk.wait(3 * HOUR)).toMatchObject({ phase: 'holding', weight: 10 });
    walk.look({ command: 'promote' });
    expect(walk.until('succeeded')).toMatchObject({ phase: 'succeeded', weightsSeen: [10, 100] });
  });

  test('an analyse step stays until the analysis has passed once, whatever the clock says', () => {
    const plan = deployment({
      strategy: canary([weight(10), { kind: 'analyse' }]),
      metrics: [metric()],
      maxWait: HOUR,
    });
    const walk = startWalk(plan);
    walk.until('holding');
    expect(walk.wait(20 * MINUTE, { metrics: [verdict('no_data')] })).toMatchObject({ phase: 'holding', weight: 10 });
    walk.look({ metrics: passing });
    expect(walk.state.phase).toBe('shifting');
  });

  test('a weight is done when it is seen, not when the call returned', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS) }));
    walk.until('shifting');
    walk.look({ obeys: false });
    walk.wait(30 * SECOND);
    expect(walk.asked).toEqual([10]);
    expect(walk.state).toMatchObject({ phase: 'shifting', weightsSeen: [] });
    walk.look({ weight: 10, obeys: true });
    expect(walk.state).toMatchObject({ phase: 'holding', weightsSeen: [10] });
  });

  test('after its last weight a trailing pause is kept before baking begins', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50), weight(100), pause(MINUTE)], SECOND) }));
    walk.until('holding');
    walk.until('baking');
    expect(walk.state).toMatchObject({ weight: 100, weightsSeen: [50, 100] });
    expect(walk.until('succeeded').phase).toBe('succeeded');
  });
});

describe('other strategies', () => {
  test('rolling moves in quarters without a hand', () => {
    const walk = startWalk(deployment({ strategy: { kind: 'rolling', bake: 0 } }));
    expect(walk.until('succeeded')).toMatchObject({ phase: 'succeeded', weightsSeen: [25, 50, 75, 100] });
  });

  test('blueGreen watches the preview without traffic, then switches at once and bakes', () => {
    const strategy = { kind: 'blueGreen', preview: MINUTE, bake: MINUTE, keepWarm: MINUTE, autoPromote: true } as const;
    const walk = startWalk(deployment({ strategy }));
    walk.until('holding');
    expect(walk.state.weight).toBe(0);
    const since = walk.now;
    expect(walk.until('baking')).toMatchObject({ weightsSeen: [100] });
    expect(walk.now - since).toBeGreaterThanOrEqual(MINUTE);
    expect(walk.until('succeeded').phase).toBe('succeeded');
  });

  test('blueGreen: an analysis that fails on the preview never gets traffic', () => {
    const strategy = { kind: 'blueGreen', preview: MINUTE, bake: 0, keepWarm: MINUTE, autoPromote: true } as const;
    const walk = startWalk(deployment({ strategy, metrics: [metric()] }));
    walk.until('holding');
    const state = walk.until('aborted', { metrics: [verdict('fail')] });
    expect(state).toMatchObject({ phase: 'aborted', weightsSeen: [] });
    expect(walk.asked).toEqual([0]);
  });

  test('blueGreen without autoPromote switches when somebody promotes', () => {
    const strategy = { kind: 'blueGreen', preview: 0, bake: 0, keepWarm: MINUTE, autoPromote: false } as const;
    const walk = startWalk(deployment({ strategy }));
    walk.until('holding');
    walk.wait(HOUR);
    expect(walk.asked).toEqual([]);
    walk.look({ command: 'promote' });
    expect(walk.until('succeeded').weightsSeen).toEqual([100]);
  });
});

describe('a version that does not come up', () => {
  test('is aborted at the progress deadline, never stuck', () => {
    const walk = startWalk(deployment({ progressDeadline: 2 * MINUTE }));
    const state = walk.until('aborted', { ready: false });
    expect(state).toMatchObject({ phase: 'aborted', weightsSeen: [] });
    expect(state.outcome).toMatchObject({
      reason: 'the new version did not become ready',
      evidence: ['not ready within 2m'],
    });
  });

  test('is aborted at once when it says why it can never be ready', () => {
    const walk = startWalk(deployment());
    walk.look();
    walk.look({ ready: false, failure: 'hello: handler index.handler throws at import' });
    const state = walk.until('aborted');
    expect(state.outcome?.evidence).toEqual(['hello: handler index.handler throws at import']);
    expect(walk.now - state.stepSince).toBeLessThan(SECOND);
  });

  test('a weight that is never reached aborts at the progress deadline and says what the router does', () => {
    const walk = startWalk(deployment({ progressDeadline: MINUTE }));
    walk.until('shifting');
    walk.look({ obeys: false });
    const state = walk.until('aborting');
    expect(state.back).toMatchObject({
      reason: 'weight 10% was not reached within 1m',
      evidence: ['the router gives the new version 0% and the stable one 100%'],
    });
  });

  test('the deadline stands still while nobody was watching', () => {
    const walk = startWalk(deployment({ progressDeadline: 2 * MINUTE }));
    walk.look({ ready: false });
    walk.look({ after: 2 * HOUR });
    expect(walk.state.phase).toBe('preparing');
    expect(walk.wait(MINUTE).phase).toBe('preparing');
    expect(walk.until('aborted').phase).toBe('aborted');
  });
});

describe('while a weight is held', () => {
  test('a version that breaks takes the rollout back at once, with its own words', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS) }));
    walk.until('holding');
    walk.look({ failure: 'hello: exits with code 137', ready: false });
    expect(walk.state).toMatchObject({ phase: 'aborting', back: { evidence: ['hello: exits with code 137'] } });
  });

  test('a version that is not ready for longer than a hiccup takes the rollout back from baking', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR) }));
    walk.until('baking');
    walk.wait(40 * SECOND);
    const crashed = walk.now;
    const state = walk.until('rolled_back', { ready: false });
    expect(state).toMatchObject({ phase: 'rolled_back', weightsSeen: [50, 100, 0] });
    expect(walk.now - crashed).toBeLessThan(MINUTE);
  });

  test('a hiccup of readiness takes nothing back, but nothing passes during it', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(10), pause(SECOND), weight(50)]) }));
    walk.until('holding');
    walk.wait(8 * SECOND, { ready: false });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: null });
    walk.look({ ready: true });
    expect(walk.state.phase).toBe('shifting');
  });

  test('when the stable version is not ready either, it is the target that comes back up', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS), progressDeadline: 5 * MINUTE }));
    walk.until('holding');
    walk.wait(MINUTE, { ready: false, stableReady: false });
    expect(walk.state.phase).toBe('holding');
    expect(walk.wait(MINUTE, { ready: true, stableReady: true }).back).toBeNull();
  });

  test('weights that are not ours pause it as drift after a moment, and never pass', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], SECOND) }));
    walk.until('baking');
    walk.wait(9 * SECOND, { weight: 80 });
    expect(walk.state).toMatchObject({ phase: 'baking', paused: null });
    walk.wait(5 * SECOND);
    expect(walk.events).toContain('rollout.drift');
    expect(walk.state.paused?.reason).toBe(
      'drift: the router gives the new version 80% and the stable one 20%, expected 100%',
    );
    walk.look({ weight: 100, command: 'resume' });
    expect(walk.until('succeeded').phase).toBe('succeeded');
  });

  test('weights that were wrong for a moment make older samples count no more', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS), metrics: [metric()] }));
    walk.until('holding');
    walk.wait(5 * SECOND, { metrics: passing });
    walk.look({ weight: 60, metrics: passing });
    walk.look({ weight: 10, after: SECOND, metrics: passing });
    expect(walk.state).toMatchObject({ phase: 'holding', freshFrom: walk.now, observedSince: walk.now });
  });

  test('after two hours in which nobody watched, a pause is over but fresh samples come first', () => {
    const plan = deployment({ strategy: canary([weight(10), pause(5 * MINUTE), weight(50)]), metrics: [metric()] });
    const walk = startWalk(plan);
    walk.until('holding');
    walk.wait(MINUTE, { metrics: passing });
    walk.look({ after: 2 * HOUR, metrics: passing });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, freshFrom: walk.now });
    expect(walk.state.notes).toEqual(['nobody was watching for 2h: fresh samples are needed']);
    expect(walk.events).toContain('rollout.gap');
    walk.wait(20 * SECOND, { metrics: [verdict('no_data')] });
    expect(walk.state.phase).toBe('holding');
    walk.look({ metrics: passing });
    expect(walk.state.phase).toBe('shifting');
  });

  test('an analysis that fails while the next weight is awaited takes the rollout back', () => {
    const walk = startWalk(deployment({ strategy: canary(STEPS), metrics: [metric()] }));
    walk.until('holding');
    walk.wait(10 * SECOND, { metrics: passing, obeys: false });
    expect(walk.state.phase).toBe('shifting');
    walk.look({ metrics: [verdict('fail')], obeys: true });
    expect(walk.state).toMatchObject({ phase: 'aborting', weightsSeen: [10] });
  });
});

test('a rollout begins with no weight seen and nothing decided', () => {
  expect(initialState(5)).toMatchObject({ phase: 'queued', weightsSeen: [], weight: 0, back: null, outcome: null });
});
