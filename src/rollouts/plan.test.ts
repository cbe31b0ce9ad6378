import { describe, expect, test } from 'vitest';
import {
  MINUTE,
  SECOND,
  canary,
  deployment,
  environmentConfig,
  metric,
  pause,
  weight,
  weightsOf,
} from '../../test/rollouts/plans.ts';
import { planRollback, withoutSteps } from './plan.ts';

describe('the plan of a deployment', () => {
  test('a canary ends at 100% even when its steps do not say so', () => {
    const plan = deployment({ strategy: canary([weight(10), pause(SECOND), weight(50)]) });
    expect(weightsOf(plan)).toEqual([10, 50, 100]);
    expect(plan.steps.at(-1)).toEqual({ kind: 'weight', weight: 100 });
  });

  test('a canary that says 100% itself gets no second one', () => {
    expect(weightsOf(deployment({ strategy: canary([weight(10), weight(100), pause(SECOND)]) }))).toEqual([10, 100]);
  });

  test('blueGreen waits on the preview, then switches in one step', () => {
    const strategy = { kind: 'blueGreen', preview: MINUTE, bake: SECOND, keepWarm: MINUTE, autoPromote: true } as const;
    expect(deployment({ strategy })).toMatchObject({
      steps: [pause(MINUTE), weight(100)],
      bake: SECOND,
      keepWarm: MINUTE,
    });
    expect(deployment({ strategy: { ...strategy, preview: 0 } }).steps).toEqual([weight(100)]);
    expect(deployment({ strategy: { ...strategy, autoPromote: false } }).steps).toEqual([pause(null), weight(100)]);
  });

  test('without a stable version only the last step is left; bake and analysis stay', () => {
    const plan = deployment({ strategy: canary([weight(10), pause(MINUTE)], MINUTE), metrics: [metric()] });
    expect(withoutSteps(plan)).toEqual({ ...plan, steps: [weight(100)] });
  });
});

test('the plan of a rollback has one step and nothing that could hold it up', () => {
  const plan = planRollback(environmentConfig({ metrics: [metric()] }));
  expect(plan).toMatchObject({ kind: 'rollback', steps: [weight(100)], bake: 0, analysis: { metrics: [] } });
});
