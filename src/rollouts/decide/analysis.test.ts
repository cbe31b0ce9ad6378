import { describe, expect, test } from 'vitest';
import type { MetricConfig } from '../../config/index.ts';
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
import { type Walk, startWalk } from '../../../test/rollouts/walk.ts';

const STEPS = [weight(10), pause(10 * SECOND), weight(50)];

function holding(overrides: Partial<MetricConfig> = {}, maxWait = 5 * MINUTE): Walk {
  const walk = startWalk(deployment({ strategy: canary(STEPS, 20 * SECOND), metrics: [metric(overrides)], maxWait }));
  walk.until('holding');
  return walk;
}

describe('pass', () => {
  test('lets a step end when its time is over, too', () => {
    const walk = holding();
    walk.wait(9 * SECOND, { metrics: [verdict('pass')] });
    expect(walk.state.phase).toBe('holding');
    walk.wait(3 * SECOND, { metrics: [verdict('pass')] });
    expect(walk.state.weightsSeen).toContain(50);
  });

  test('is needed of every metric', () => {
    const metrics = [metric(), metric({ name: 'latency-p95', metric: 'latency-p95' })];
    const walk = startWalk(deployment({ strategy: canary(STEPS), metrics, maxWait: HOUR }));
    walk.until('holding');
    const half = [verdict('pass'), verdict('no_data', { name: 'latency-p95' })];
    expect(walk.wait(10 * MINUTE, { metrics: half })).toMatchObject({ phase: 'holding', weight: 10 });
    walk.look({ metrics: [verdict('pass'), verdict('pass', { name: 'latency-p95' })] });
    expect(walk.state.phase).toBe('shifting');
  });

  test('a rollout that finishes its steps faster than the first sample waits in baking and does not succeed', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(100)], 0), metrics: [metric()], maxWait: HOUR }));
    walk.until('baking');
    expect(walk.wait(30 * MINUTE).phase).toBe('baking');
    expect(walk.until('succeeded', { metrics: [verdict('pass')] }).phase).toBe('succeeded');
    expect(walk.state.outcome?.evidence).toEqual(['error-rate: found pass']);
  });

  test('the first release, which has nothing to compare with, is not held up by a pure comparison', () => {
    const metrics = [metric({ max: null, compare: 'stable' })];
    const walk = startWalk(deployment({ strategy: canary([weight(100)], 0), metrics }), null);
    expect(walk.until('succeeded', { metrics: [verdict('no_data')] }).phase).toBe('succeeded');
  });
});

describe('fail', () => {
  test('aborts with the numbers as evidence', () => {
    const walk = holding();
    const finding = { finding: '19.4% (12 of 62)' };
    const state = walk.until('aborted', { metrics: [verdict('fail', finding)] });
    expect(state).toMatchObject({ phase: 'aborted', weightsSeen: [10, 0] });
    expect(state.outcome).toEqual({
      by: 'automation',
      reason: 'analysis failed: error-rate',
      evidence: ['error-rate: 19.4% (12 of 62), condition error-rate ≤ 5%'],
    });
  });

  test('while baking rolls back', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(50)], HOUR), metrics: [metric()] }));
    walk.until('baking', { metrics: [verdict('pass')] });
    walk.wait(8 * MINUTE, { metrics: [verdict('pass')] });
    const noticed = walk.now;
    const state = walk.until('rolled_back', { metrics: [verdict('fail')] });
    expect(state).toMatchObject({ phase: 'rolled_back', weightsSeen: [50, 100, 0] });
    expect(walk.now - noticed).toBeLessThan(MINUTE);
  });

  test('with the policy pause waits for a person at the same weight', () => {
    const walk = holding({ onFail: 'pause' });
    walk.wait(MINUTE, { metrics: [verdict('fail')] });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: { by: 'automation' } });
    expect(walk.state.paused?.reason).toContain('analysis failed: error-rate');
  });

  test('who resumes after it has judged the evidence: the comparison with stable begins anew', () => {
    const walk = holding({ onFail: 'pause' });
    const { comparedFrom } = walk.state;
    walk.wait(20 * SECOND, { metrics: [verdict('fail')] });
    walk.look({ command: 'resume', metrics: [verdict('fail')] });
    expect(walk.state).toMatchObject({ paused: null, comparedFrom: walk.now });
    expect(comparedFrom).toBeLessThan(walk.now);
  });

  test('of a dry run changes nothing', () => {
    const walk = holding({ dryRun: true });
    expect(walk.until('succeeded', { metrics: [verdict('fail')] }).phase).toBe('succeeded');
  });
});

describe('inconclusive', () => {
  test('pauses at the same weight; resuming records who and why, and goes on with fresh samples', () => {
    const walk = holding();
    walk.wait(MINUTE, { metrics: [verdict('inconclusive')] });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: { by: 'automation' } });
    const decision = walk.look({ command: 'resume', reason: 'a known spike' });
    expect(decision.events).toContainEqual({
      kind: 'rollout.resumed',
      actor: 'mei',
      data: { reason: 'a known spike' },
    });
    expect(walk.state).toMatchObject({ paused: null, freshFrom: walk.now });
    expect(walk.until('succeeded', { metrics: [verdict('pass')] }).phase).toBe('succeeded');
  });

  test('abort leads to 0%', () => {
    const walk = holding();
    walk.wait(MINUTE, { metrics: [verdict('inconclusive')] });
    walk.look({ command: 'abort' });
    expect(walk.until('aborted')).toMatchObject({ phase: 'aborted', weight: 0 });
  });

  test('when nobody decides it aborts', () => {
    const walk = holding();
    expect(walk.wait(25 * HOUR, { metrics: [verdict('inconclusive')] })).toMatchObject({ phase: 'aborted', weight: 0 });
  });

  test('with the policy abort aborts', () => {
    const walk = holding({ onInconclusive: 'abort' });
    expect(walk.until('aborted', { metrics: [verdict('inconclusive')] }).outcome?.reason).toBe(
      'analysis inconclusive: error-rate',
    );
  });
});

describe('no_data', () => {
  test('holds the weight, and after maxWait pauses for a person', () => {
    const walk = holding({}, 3 * MINUTE);
    expect(walk.wait(2 * MINUTE, { metrics: [verdict('no_data')] })).toMatchObject({ phase: 'holding', paused: null });
    walk.wait(2 * MINUTE, { metrics: [verdict('no_data')] });
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10 });
    expect(walk.state.paused?.reason).toBe('no data for 3m – error-rate: found no_data');
  });

  test('goes on when the traffic comes', () => {
    const walk = holding();
    walk.wait(4 * MINUTE, { metrics: [verdict('no_data')] });
    expect(walk.until('succeeded', { metrics: [verdict('pass')] }).phase).toBe('succeeded');
  });

  test('on a preview, which takes no traffic, is no reason to wait', () => {
    const strategy = { kind: 'blueGreen', preview: MINUTE, bake: 0, keepWarm: MINUTE, autoPromote: true } as const;
    const walk = startWalk(deployment({ strategy, metrics: [metric()] }));
    walk.until('holding');
    walk.wait(2 * MINUTE, { metrics: [verdict('no_data')] });
    expect(walk.state.weight).toBe(100);
    expect(walk.state.phase).toBe('baking');
  });
});

describe('provider_error', () => {
  const down = { metrics: [verdict('provider_error')] };

  test('holds the weight and is never a success; one more than maxErrors in a row pauses', () => {
    const walk = holding({ maxErrors: 3 });
    walk.wait(25 * SECOND, down);
    expect(walk.state).toMatchObject({ phase: 'holding', weight: 10, paused: null });
    walk.wait(20 * SECOND, down);
    expect(walk.state.paused?.reason).toContain('the metrics provider failed 4 times in a row');
    expect(walk.state.weight).toBe(10);
  });

  test('counts once per interval, however often one looks', () => {
    const walk = holding();
    for (let looks = 0; looks < 20; looks += 1) walk.look({ ...down, after: 100 });
    expect(walk.state.providerErrors['error-rate']?.count).toBe(1);
  });

  test('that ends resets the count, and the rollout goes on', () => {
    const walk = holding({ maxErrors: 5 });
    walk.wait(40 * SECOND, down);
    expect(walk.state.providerErrors['error-rate']?.count).toBeGreaterThan(1);
    walk.look({ metrics: [verdict('no_data')] });
    expect(walk.state.providerErrors).toEqual({});
    expect(walk.until('succeeded', { metrics: [verdict('pass')] }).phase).toBe('succeeded');
  });

  test('with the policy abort takes the rollout back', () => {
    const walk = holding({ maxErrors: 1, onProviderError: 'abort' });
    expect(walk.until('aborted', down).outcome?.reason).toBe('the metrics provider failed 2 times in a row');
  });
});
