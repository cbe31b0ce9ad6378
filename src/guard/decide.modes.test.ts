import { describe, expect, test } from 'vitest';
import { POLICY_NAMES, REPLICA_MODES, type ReplicaMode } from '../config/index.ts';
import { policies } from './policies/index.ts';
import {
  decideIn,
  deploymentObject,
  hpaObject,
  outcomeOf,
  reviewOf,
  rulesWith,
  scaleObject,
  worldOf,
} from './review/testing.ts';

/** The specification once more, as a formula: what a pair is in a mode. */
function pairIs(mode: ReplicaMode, replicas: number, min: number): 'wrong' | 'told' | 'right' {
  if (replicas === 0) return 'told';
  if (replicas > 1) return 'right';
  return mode === 'effective' && min >= 2 ? 'told' : 'wrong';
}

const REPLICAS = [undefined, 0, 1, 2, 3] as const;
const outcomes = { wrong: 'denied', told: 'warned', right: 'allowed' } as const;

describe.each(REPLICA_MODES)('mode %s', (mode) => {
  const config = { rules: rulesWith({ mode }) };
  const pairs = REPLICAS.flatMap((replicas) =>
    REPLICAS.map((min) => ({ replicas, min, is: pairIs(mode, replicas ?? 1, min ?? 1) })),
  );

  test.each(pairs)(
    'a new Deployment with $replicas replicas under an HPA with min $min: $is',
    ({ replicas, min, is }) => {
      const world = worldOf([hpaObject(min)]);
      expect(outcomeOf(decideIn(world, reviewOf(deploymentObject(replicas)), config))).toBe(outcomes[is]);
    },
  );

  test.each(pairs)('a new HPA with min $min on a Deployment with $replicas replicas: $is', ({ replicas, min, is }) => {
    const world = worldOf([deploymentObject(replicas)]);
    const goesBelowTwo = mode === 'strict' && (min ?? 1) < 2;
    const expected = goesBelowTwo ? 'denied' : outcomes[is];
    expect(outcomeOf(decideIn(world, reviewOf(hpaObject(min)), config))).toBe(expected);
  });

  test.each(pairs)('scaling from 5 to $replicas under an HPA with min $min', ({ replicas, min }) => {
    const world = worldOf([deploymentObject(5), hpaObject(min)]);
    const is = pairIs(mode, replicas ?? 0, min ?? 1);
    expect(outcomeOf(decideIn(world, reviewOf(scaleObject(replicas), scaleObject(5)), config))).toBe(outcomes[is]);
  });

  test.each(pairs)('a Deployment changed from 1 to $replicas under an HPA with min $min', ({ replicas, min, is }) => {
    const wasWrong = pairIs(mode, 1, min ?? 1) === 'wrong';
    const world = worldOf([deploymentObject(1), hpaObject(min)]);
    const expected = is === 'wrong' && wasWrong ? 'warned' : outcomes[is];
    const review = reviewOf(deploymentObject(replicas), deploymentObject(1));
    expect(outcomeOf(decideIn(world, review, config))).toBe(expected);
  });

  test.each(REPLICAS.flatMap((from) => REPLICAS.map((to) => ({ from, to }))))(
    'an HPA on a Deployment with 1 replica changed from min $from to $to',
    ({ from, to }) => {
      const [before, after] = [pairIs(mode, 1, from ?? 1), pairIs(mode, 1, to ?? 1)];
      const lowered = mode === 'strict' && (from ?? 1) >= 2 && (to ?? 1) < 2;
      const introduced = lowered || (after === 'wrong' && before !== 'wrong');
      const world = worldOf([deploymentObject(1), hpaObject(from)]);
      const decision = decideIn(world, reviewOf(hpaObject(to), hpaObject(from)), config);
      expect(outcomeOf(decision)).toBe(introduced ? 'denied' : 'warned');
    },
  );
});

test('policies are asked in the order of their names, each once', () => {
  expect([...policies.keys()]).toEqual(POLICY_NAMES);
});
