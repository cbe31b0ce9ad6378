import { describe, expect, test } from 'vitest';
import { answerOf } from './review/answer.ts';
import type { JsonObject, Review } from './review/review.ts';
import type { Change } from './objects/state.ts';
import {
  HPA_CONTROLLER,
  OWNED_BY_KEDA,
  decideIn,
  deploymentObject as D,
  hpaObject as H,
  outcomeOf,
  reviewOf,
  rulesWith,
  scaleObject as S,
  worldOf,
} from './review/testing.ts';
import type { World } from './world.ts';

interface Scenario {
  readonly sentence: string;
  readonly world?: readonly JsonObject[];
  readonly review: Review;
  readonly rules?: Parameters<typeof rulesWith>[0];
  readonly outcome: string;
}

const DELETING = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [] } };
const strict = { mode: 'strict' } as const;
const effective = { mode: 'effective' } as const;
const other = { name: 'other' };

const scenarios: readonly Scenario[] = [
  // The Deployment's side
  { sentence: 'CREATE D(1) with H(2) is denied', world: [H(2)], review: reviewOf(D(1)), outcome: 'denied' },
  {
    sentence: 'CREATE D(missing replicas) with H(2) is denied',
    world: [H(2)],
    review: reviewOf(D()),
    outcome: 'denied',
  },
  {
    sentence: 'CREATE D(null replicas) with H(2) is denied',
    world: [H(2)],
    review: reviewOf(D(null)),
    outcome: 'denied',
  },
  {
    sentence: 'CREATE D(0) with H(2) is allowed with a warning',
    world: [H(2)],
    review: reviewOf(D(0)),
    outcome: 'warned',
  },
  { sentence: 'CREATE D(2) with H(1) is allowed', world: [H(1)], review: reviewOf(D(2)), outcome: 'allowed' },
  { sentence: 'CREATE D(1) without HPA is allowed', review: reviewOf(D(1)), outcome: 'allowed' },
  { sentence: 'UPDATE 3→1 is denied', world: [D(3), H(2)], review: reviewOf(D(1), D(3)), outcome: 'denied' },
  { sentence: 'UPDATE 0→1 is denied', world: [D(0), H(2)], review: reviewOf(D(1), D(0)), outcome: 'denied' },
  { sentence: 'UPDATE 1→3 is allowed', world: [D(1), H(2)], review: reviewOf(D(3), D(1)), outcome: 'allowed' },
  {
    sentence: 'UPDATE 1→0 (pause) is allowed with a warning',
    world: [D(1), H(2)],
    review: reviewOf(D(0), D(1)),
    outcome: 'warned',
  },
  {
    sentence: 'UPDATE 1→1 with a new image is allowed with a warning',
    world: [D(1), H(2)],
    review: reviewOf(D(1, { pod: { containers: [{ name: 'web', image: 'web:2' }] } }), D(1)),
    outcome: 'warned',
  },
  {
    sentence: 'UPDATE 1→missing is no change of replicas, and allowed with a warning',
    world: [D(1), H(2)],
    review: reviewOf(D(), D(1)),
    outcome: 'warned',
  },
  {
    sentence: 'the finalizer of a terminating Deployment can be removed',
    world: [D(1), H(2)],
    review: reviewOf(D(1, DELETING), D(3)),
    outcome: 'skipped: deleting',
  },
  {
    sentence: 'the last word of a terminating Deployment passes, told by the old object',
    world: [D(1), H(2)],
    review: reviewOf(D(1), D(3, DELETING)),
    outcome: 'skipped: deleting',
  },
  {
    sentence: 'a Deployment with unreadable replicas that is being deleted passes',
    review: reviewOf(D('1', DELETING), D(3)),
    outcome: 'skipped: deleting',
  },
  {
    sentence: 'DELETE passes',
    world: [H(1)],
    review: reviewOf(null, D(1), { operation: 'DELETE' }),
    outcome: 'skipped: operation',
  },
  {
    sentence: 'CONNECT passes',
    world: [H(1)],
    review: reviewOf(D(1), null, { operation: 'CONNECT' }),
    outcome: 'skipped: operation',
  },

  // Scale
  { sentence: 'scale 3→1 by a person is denied', world: [D(3), H(2)], review: reviewOf(S(1), S(3)), outcome: 'denied' },
  {
    sentence: 'scale 3→1 by the HPA controller is allowed',
    world: [D(3), H(1)],
    review: reviewOf(S(1), S(3), { user: { name: HPA_CONTROLLER, groups: [] } }),
    outcome: 'bypassed: exempt_scaler',
  },
  {
    sentence: 'the HPA controller is exempt on scale only',
    world: [D(3), H(1)],
    review: reviewOf(D(1), D(3), { user: { name: HPA_CONTROLLER, groups: [] } }),
    outcome: 'denied',
  },
  {
    sentence: 'a Scale without replicas means 0, and is a pause',
    world: [D(3), H(2)],
    review: reviewOf(S(), S(3)),
    outcome: 'warned',
  },
  { sentence: 'scale from paused to 1 is denied', world: [D(0), H(2)], review: reviewOf(S(1), S()), outcome: 'denied' },
  {
    sentence: 'scale 1→1 is allowed with a warning',
    world: [D(1), H(2)],
    review: reviewOf(S(1), S(1)),
    outcome: 'warned',
  },

  // The HPA's side
  { sentence: 'CREATE H on D(1) is denied', world: [D(1)], review: reviewOf(H(2)), outcome: 'denied' },
  { sentence: 'CREATE H on D(missing replicas) is denied', world: [D()], review: reviewOf(H(2)), outcome: 'denied' },
  { sentence: 'CREATE H on D(0) is allowed with a warning', world: [D(0)], review: reviewOf(H(2)), outcome: 'warned' },
  { sentence: 'CREATE H on D(3) is allowed', world: [D(3)], review: reviewOf(H()), outcome: 'allowed' },
  { sentence: 'CREATE H on no Deployment is allowed', review: reviewOf(H()), outcome: 'allowed' },
  {
    sentence: 'UPDATE H min 2→3 on D(1) is allowed',
    world: [D(1), H(2)],
    review: reviewOf(H(3), H(2)),
    outcome: 'warned',
  },
  {
    sentence: 'UPDATE H min 1→2 on D(1) is allowed',
    world: [D(1), H(1)],
    review: reviewOf(H(2), H(1)),
    outcome: 'warned',
  },
  {
    sentence: 'an HPA that is turned to D(1) is denied, as it is new there',
    world: [D(1), D(3, other), H(2, { target: other })],
    review: reviewOf(H(2), H(2, { target: other })),
    outcome: 'denied',
  },
  {
    sentence: 'an HPA that is turned away from D(1) is allowed',
    world: [D(1), D(3, other), H(2)],
    review: reviewOf(H(2, { target: other }), H(2)),
    outcome: 'allowed',
  },
  {
    sentence: 'an HPA v1 is judged alike',
    world: [D(1)],
    review: reviewOf({ ...H(2), apiVersion: 'autoscaling/v1' }, null, {
      resource: { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' },
    }),
    outcome: 'denied',
  },

  // Targets
  ...['extensions/v1beta1', '', 'v1', 'apps/v1beta2', null, undefined].map((apiVersion) => ({
    sentence: `scaleTargetRef with apiVersion ${JSON.stringify(apiVersion)} means the Deployment of apps`,
    world: [D(1)],
    review: reviewOf(H(2, { target: { apiVersion } })),
    outcome: 'denied',
  })),
  {
    sentence: 'scaleTargetRef of another group is allowed',
    world: [D(1)],
    review: reviewOf(H(1, { target: { apiVersion: 'example.com/v1' } })),
    outcome: 'allowed',
  },
  {
    sentence: 'scaleTargetRef of another kind is allowed',
    world: [D(1)],
    review: reviewOf(H(1, { target: { kind: 'StatefulSet' } })),
    outcome: 'allowed',
  },
  {
    sentence: 'D(1) beside an HPA on a StatefulSet of the same name is allowed',
    world: [H(1, { target: { kind: 'StatefulSet' } })],
    review: reviewOf(D(1)),
    outcome: 'allowed',
  },
  {
    sentence: 'D(1) in another namespace than the HPA is allowed',
    world: [H(1)],
    review: reviewOf(D(1), null, { namespace: 'elsewhere' }),
    outcome: 'allowed',
  },
  {
    sentence: 'the namespace that an object claims is not believed',
    world: [H(1)],
    review: reviewOf(D(1, { metadata: { namespace: 'elsewhere' } })),
    outcome: 'denied',
  },
  {
    sentence: 'a Deployment of the old group extensions is judged',
    world: [H(1)],
    review: reviewOf(D(1), null, { resource: { group: 'extensions', version: 'v1beta1', resource: 'deployments' } }),
    outcome: 'denied',
  },

  // Names
  {
    sentence: 'generateName without a name is allowed',
    world: [H(1)],
    review: reviewOf(D(1, { metadata: { name: undefined, generateName: 'web-' } }), null, { name: null }),
    outcome: 'skipped: generated_name',
  },
  {
    sentence: 'an HPA with generateName and without a name is allowed',
    world: [D(1)],
    review: reviewOf(H(1, { metadata: { name: undefined, generateName: 'web-' } }), null, { name: null }),
    outcome: 'skipped: generated_name',
  },
  {
    sentence: 'a generated name that the object already has is judged',
    world: [D(1)],
    review: reviewOf(H(1, { name: 'web-x7k2p', metadata: { generateName: 'web-' } }), null, { name: null }),
    outcome: 'denied',
  },

  // Modes
  {
    sentence: 'strict: H without min is denied',
    world: [D(3)],
    rules: strict,
    review: reviewOf(H()),
    outcome: 'denied',
  },
  {
    sentence: 'strict: H(1) on a Deployment that is not there is denied',
    rules: strict,
    review: reviewOf(H(1)),
    outcome: 'denied',
  },
  {
    sentence: 'strict: H(2) on D(3) is allowed',
    world: [D(3)],
    rules: strict,
    review: reviewOf(H(2)),
    outcome: 'allowed',
  },
  {
    sentence: 'strict: lowering min 2→1 is denied',
    world: [D(3), H(2)],
    rules: strict,
    review: reviewOf(H(1), H(2)),
    outcome: 'denied',
  },
  {
    sentence: 'strict: leaving min at 1 is allowed with a warning',
    world: [D(3), H(1)],
    rules: strict,
    review: reviewOf(H(1), H(1)),
    outcome: 'warned',
  },
  {
    sentence: 'strict: H(1) on a StatefulSet is allowed',
    rules: strict,
    review: reviewOf(H(1, { target: { kind: 'StatefulSet' } })),
    outcome: 'allowed',
  },
  {
    sentence: 'seed: lowering min 2→1 on D(1) was so before',
    world: [D(1), H(2)],
    review: reviewOf(H(1), H(2)),
    outcome: 'warned',
  },
  {
    sentence: 'effective: D(1) with only H(2) is allowed with a warning',
    world: [H(2)],
    rules: effective,
    review: reviewOf(D(1)),
    outcome: 'warned',
  },
  {
    sentence: 'effective: D(1) with H(1) is denied',
    world: [H(1)],
    rules: effective,
    review: reviewOf(D(1)),
    outcome: 'denied',
  },
  {
    sentence: 'effective: D(1) with H(2) and H(1) is denied',
    world: [H(2), H(1, { name: 'low' })],
    rules: effective,
    review: reviewOf(D(1)),
    outcome: 'denied',
  },
  {
    sentence: 'effective: CREATE H(2) on D(1) is allowed with a warning',
    world: [D(1)],
    rules: effective,
    review: reviewOf(H(2)),
    outcome: 'warned',
  },
  {
    sentence: 'effective: CREATE H(missing min) on D(1) is denied',
    world: [D(1)],
    rules: effective,
    review: reviewOf(H()),
    outcome: 'denied',
  },
  {
    sentence: 'effective: lowering min 2→1 on D(1) is denied',
    world: [D(1), H(2)],
    rules: effective,
    review: reviewOf(H(1), H(2)),
    outcome: 'denied',
  },
  {
    sentence: 'effective: lowering min 3→2 on D(1) is allowed with a warning',
    world: [D(1), H(3)],
    rules: effective,
    review: reviewOf(H(2), H(3)),
    outcome: 'warned',
  },
  {
    sentence: 'effective: lowering min 2→1 on D(3) is allowed',
    world: [D(3), H(2)],
    rules: effective,
    review: reviewOf(H(1), H(2)),
    outcome: 'allowed',
  },

  // What was there before
  {
    sentence: 'existingViolations deny: UPDATE 1→1 is denied',
    world: [D(1), H(2)],
    rules: { existingViolations: 'deny' },
    review: reviewOf(D(1), D(1)),
    outcome: 'denied',
  },
  {
    sentence: 'existingViolations deny: UPDATE 1→2 is allowed',
    world: [D(1), H(2)],
    rules: { existingViolations: 'deny' },
    review: reviewOf(D(2), D(1)),
    outcome: 'allowed',
  },
  {
    sentence: 'existingViolations deny: raising min 2→3 on D(1) mends, and is allowed',
    world: [D(1), H(2)],
    rules: { existingViolations: 'deny' },
    review: reviewOf(H(3), H(2)),
    outcome: 'warned',
  },
  {
    sentence: 'existingViolations deny: lowering min 3→2 on D(1) is denied',
    world: [D(1), H(3)],
    rules: { existingViolations: 'deny' },
    review: reviewOf(H(2), H(3)),
    outcome: 'denied',
  },
  {
    sentence: 'existingViolations deny: deletion is not held up',
    world: [D(1), H(2)],
    rules: { existingViolations: 'deny' },
    review: reviewOf(D(1, DELETING), D(1)),
    outcome: 'skipped: deleting',
  },

  // KEDA
  ...(['ignore', 'warn', 'deny'] as const).flatMap((keda) => {
    const outcome = { ignore: 'allowed', warn: 'warned', deny: 'denied' }[keda];
    const scaled = H(1, { metadata: OWNED_BY_KEDA });
    return [
      {
        sentence: `keda ${keda}: D(1) under an HPA of KEDA is ${outcome}`,
        world: [scaled],
        rules: { keda },
        review: reviewOf(D(1)),
        outcome,
      },
      {
        sentence: `keda ${keda}: an HPA of KEDA on D(1) is ${outcome}`,
        world: [D(1)],
        rules: { keda },
        review: reviewOf(scaled),
        outcome,
      },
      {
        sentence: `keda ${keda}: strict, an HPA of KEDA with min 1 is ${outcome}`,
        rules: { keda, mode: 'strict' as const },
        review: reviewOf(scaled),
        outcome,
      },
    ];
  }),
  {
    sentence: 'a ScaledObject of another group is not KEDA',
    world: [H(1, { metadata: { ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'ScaledObject' }] } })],
    rules: { keda: 'ignore' },
    review: reviewOf(D(1)),
    outcome: 'denied',
  },

  {
    sentence: 'the garbage collector may take KEDA away as the owner of an HPA on D(1)',
    world: [D(1), H(1, { metadata: OWNED_BY_KEDA })],
    rules: { keda: 'ignore' },
    review: reviewOf(H(1), H(1, { metadata: OWNED_BY_KEDA })),
    outcome: 'warned',
  },

  // Duplicates
  {
    sentence: 'a second HPA on a Deployment is allowed with a warning',
    world: [D(3), H(2)],
    review: reviewOf(H(2, { name: 'second' })),
    outcome: 'warned',
  },
  {
    sentence: 'a second HPA on a StatefulSet is allowed with a warning',
    world: [H(2, { target: { kind: 'StatefulSet' } })],
    review: reviewOf(H(2, { name: 'second', target: { kind: 'StatefulSet' } })),
    outcome: 'warned',
  },
  {
    sentence: 'duplicateHpa deny: a second HPA is denied',
    world: [D(3), H(2)],
    rules: { policies: { duplicateHpa: 'deny' } },
    review: reviewOf(H(2, { name: 'second' })),
    outcome: 'denied',
  },
  {
    sentence: 'duplicateHpa deny: a change of one of two is allowed with a warning',
    world: [D(3), H(2), H(2, { name: 'second' })],
    rules: { policies: { duplicateHpa: 'deny' } },
    review: reviewOf(H(3), H(2)),
    outcome: 'warned',
  },
  {
    sentence: 'an HPA is no duplicate of itself',
    world: [D(3), H(2)],
    review: reviewOf(H(3), H(2)),
    outcome: 'allowed',
  },

  // Modes of policies
  {
    sentence: 'mode warn: CREATE D(1) with H(2) is allowed with a warning',
    world: [H(2)],
    rules: { policies: { singleReplicaUnderHpa: 'warn' } },
    review: reviewOf(D(1)),
    outcome: 'warned',
  },
  {
    sentence: 'mode off: nobody asks',
    world: [H(2)],
    rules: { policies: { singleReplicaUnderHpa: 'off' } },
    review: reviewOf(D(1)),
    outcome: 'skipped: unknown_kind',
  },

  // Unreadable objects
  ...['1', 1.5, -1, 2 ** 31, true, {}, []].flatMap((replicas) => [
    { sentence: `replicas ${JSON.stringify(replicas)} is invalid`, review: reviewOf(D(replicas)), outcome: 'invalid' },
    {
      sentence: `scale to ${JSON.stringify(replicas)} is invalid`,
      review: reviewOf(S(replicas), S(3)),
      outcome: 'invalid',
    },
    {
      sentence: `minReplicas ${JSON.stringify(replicas)} is invalid`,
      review: reviewOf(H(replicas)),
      outcome: 'invalid',
    },
  ]),
  { sentence: 'replicas 2147483647 is a number', review: reviewOf(D(2 ** 31 - 1)), outcome: 'allowed' },
  { sentence: 'an HPA without target is invalid', review: reviewOf({ ...H(2), spec: {} }), outcome: 'invalid' },
  {
    sentence: 'a creation without an object is invalid',
    review: reviewOf(null, D(1), { operation: 'CREATE' }),
    outcome: 'invalid',
  },
  {
    sentence: 'unreadable objects that nobody judges are skipped',
    rules: { policies: { singleReplicaUnderHpa: 'off' } },
    review: reviewOf(D('1')),
    outcome: 'skipped: unknown_kind',
  },

  // Places
  {
    sentence: 'kube-system is not judged',
    world: [H(1)],
    review: reviewOf(D(1), null, { namespace: 'kube-system' }),
    outcome: 'bypassed: namespace',
  },
  {
    sentence: "the guard's own namespace is not judged",
    review: reviewOf(D('1'), null, { namespace: 'funade-guard' }),
    outcome: 'bypassed: namespace',
  },
  {
    sentence: 'a ConfigMap is not judged',
    review: reviewOf({ kind: 'ConfigMap', metadata: { name: 'web' } }),
    outcome: 'skipped: unknown_kind',
  },
  {
    sentence: 'the status of a Deployment is not judged',
    review: reviewOf(D(1), D(3), { subresource: 'status' }),
    outcome: 'skipped: subresource',
  },
  {
    sentence: 'the scale of a StatefulSet is not judged',
    review: reviewOf(S(1), S(3), { resource: { group: 'apps', version: 'v1', resource: 'statefulsets' } }),
    outcome: 'skipped: subresource',
  },
];

describe('decide', () => {
  test.each(scenarios)('$sentence', ({ world = [], review, rules, outcome }) => {
    const config = { rules: rulesWith(rules) };
    expect(outcomeOf(decideIn(worldOf(world), review, config))).toBe(outcome);
    // A dry run is decided in the same way.
    expect(outcomeOf(decideIn(worldOf(world), { ...review, dryRun: true }, config))).toBe(outcome);
  });

  test('sentences are told once', () => {
    expect(new Set(scenarios.map(({ sentence }) => sentence)).size).toBe(scenarios.length);
  });

  test('namespaces that the configuration skips are not judged', () => {
    const decision = decideIn(worldOf([H(1)]), reviewOf(D(1)), { skipNamespaces: ['shop'] });
    expect(outcomeOf(decision)).toBe('bypassed: namespace');
  });
});

describe('the message of a denial', () => {
  function messageOf(world: readonly JsonObject[], review: Review, language: 'en' | 'ja' = 'en'): string {
    const decision = decideIn(worldOf(world), review, { language, rules: rulesWith(strict) });
    return decision.kind === 'denied' ? decision.message : `not denied: ${decision.kind}`;
  }

  test('names Deployment, HPA and both fixes', () => {
    const message = messageOf([H(1, { name: 'web-hpa' })], reviewOf(D(1)));
    for (const part of [
      'singleReplicaUnderHpa: ',
      'Deployment "web"',
      'set spec.replicas to 2 or more',
      'raise minReplicas of HorizontalPodAutoscaler "web-hpa" to 2, or delete it',
    ]) {
      expect(message).toContain(part);
    }
  });

  test('does not tell to raise what is high enough', () => {
    const message = messageOf([H(2, { name: 'web-hpa' })], reviewOf(D(1)));
    expect(message).toContain('delete HorizontalPodAutoscaler "web-hpa"');
    expect(message).not.toContain('raise minReplicas');
  });

  test('lists every HPA, one line each', () => {
    const message = messageOf([H(1), H(2, { name: 'second' })], reviewOf(D(1)));
    expect(message.split('\n')).toHaveLength(3);
    expect(message).toContain('HorizontalPodAutoscaler "second"');
  });

  test('lists the violations of all policies at once', () => {
    const message = messageOf([D(1)], reviewOf(H(1)));
    expect(message).toContain('singleReplicaUnderHpa: ');
    expect(message).toContain('hpaAllowsSingleReplica: ');
  });

  test('speaks Japanese', () => {
    expect(messageOf([H(1)], reviewOf(D(1)), 'ja')).toContain('レプリカが 1 です。対処: spec.replicas を 2 以上に');
  });

  test('names every fault of an unreadable object', () => {
    const hpa = { ...H('x'), spec: { minReplicas: 'x', scaleTargetRef: { kind: 7, apiVersion: {} } } };
    const decision = decideIn(worldOf([]), reviewOf(hpa));
    expect(decision).toMatchObject({
      kind: 'invalid',
      message:
        'HorizontalPodAutoscaler "web" can\'t be read: spec.scaleTargetRef.kind must be a text that is not empty, not 7; ' +
        'spec.scaleTargetRef.name is missing; spec.scaleTargetRef.apiVersion must be a text that is not empty, not {…}; ' +
        'spec.minReplicas must be a whole number from 0 to 2147483647, not "x"',
    });
  });

  test('holds nothing that could steer a terminal', () => {
    const decision = decideIn(worldOf([]), reviewOf(D('\u001B[2J')));
    expect(decision.kind === 'invalid' && decision.message).toMatch(/^[^\p{Cc}]+$/u);
  });
});

describe('the bypass annotation', () => {
  const annotated = { metadata: { annotations: { 'guard.funade.dev/bypass': 'incident 42' } } };
  const platform = { user: { name: 'ben', groups: ['platform'] } };

  test('is honoured for a member of a listed group, and told', () => {
    const decision = decideIn(worldOf([H(1)]), reviewOf(D(1, annotated), null, platform));
    expect(outcomeOf(decision)).toBe('bypassed: annotation');
    expect(decision.kind === 'allowed' && decision.warnings).toEqual(['Rules of the guard were bypassed: incident 42']);
  });

  test('is ignored for others, which is told', () => {
    const decision = decideIn(worldOf([H(1)]), reviewOf(D(1, annotated)));
    expect(decision.kind).toBe('denied');
    expect(decision.kind === 'denied' && decision.warnings.join('\n')).toContain('was ignored');
  });

  test('of the old object does not count', () => {
    const review = reviewOf(D(1), D(3, annotated), platform);
    expect(decideIn(worldOf([H(1)]), review).kind).toBe('denied');
  });

  test('without a reason does not count', () => {
    const blank = D(1, { metadata: { annotations: { 'guard.funade.dev/bypass': ' ' } } });
    expect(decideIn(worldOf([H(1)]), reviewOf(blank, null, platform)).kind).toBe('denied');
    const told = decideIn(worldOf([H(1)]), reviewOf(blank));
    expect('warnings' in told && told.warnings).toEqual([expect.stringContaining('gives no reason')]);
  });

  test('of the Deployment counts for its scale', () => {
    const world = worldOf([D(3, annotated), H(1)]);
    expect(outcomeOf(decideIn(world, reviewOf(S(1), S(3), platform)))).toBe('bypassed: annotation');
    expect(decideIn(world, reviewOf(S(1), S(3))).kind).toBe('denied');
  });

  test('works on an HPA', () => {
    expect(outcomeOf(decideIn(worldOf([D(1)]), reviewOf(H(1, annotated), null, platform)))).toBe(
      'bypassed: annotation',
    );
  });
});

describe('what a decision counts', () => {
  test('violations that were there before', () => {
    const decision = decideIn(worldOf([H(1)]), reviewOf(D(1), D(1)));
    expect(decision).toMatchObject({ kind: 'allowed', existing: [{ policy: 'singleReplicaUnderHpa' }], warned: [] });
  });

  test('violations that a policy in mode warn lets pass', () => {
    const rules = rulesWith({ policies: { singleReplicaUnderHpa: 'warn' } });
    const decision = decideIn(worldOf([H(1)]), reviewOf(D(1)), { rules });
    expect(decision).toMatchObject({ kind: 'allowed', existing: [], warned: [{ policy: 'singleReplicaUnderHpa' }] });
  });

  test('the same breach has the same key from both sides', () => {
    const [fromDeployment, fromHpa] = [
      decideIn(worldOf([H(1)]), reviewOf(D(1))),
      decideIn(worldOf([D(1)]), reviewOf(H(1))),
    ].map((decision) => (decision.kind === 'denied' ? decision.violations[0]?.key : null));
    expect(fromDeployment).toBe('Deployment/web under HorizontalPodAutoscaler/web');
    expect(fromHpa).toBe(fromDeployment);
  });

  test('the same review twice gives the same answer', () => {
    const world = worldOf([H(1), H(2, { name: 'second' })]);
    const answers = [1, 2].map(() => JSON.stringify(answerOf(reviewOf(D(1)), decideIn(world, reviewOf(D(1))))));
    expect(answers[0]).toBe(answers[1]);
  });
});

describe('reservation', () => {
  function watched(world: World): { readonly world: World; readonly reserved: Change[] } {
    const reserved: Change[] = [];
    return { world: { ...world, reserve: (change) => void reserved.push(change) }, reserved };
  }

  test.each([
    { sentence: 'an allowed change is kept', review: reviewOf(D(3)), kept: 1 },
    {
      sentence: 'a change of an exempt scaler is kept',
      review: reviewOf(S(1), S(3), { user: { name: HPA_CONTROLLER, groups: [] } }),
      kept: 1,
    },
    { sentence: 'a denied change is not kept', review: reviewOf(D(1)), kept: 0 },
    { sentence: 'a dry run is not kept', review: reviewOf(D(3), null, { dryRun: true }), kept: 0 },
    { sentence: 'an invalid object is not kept', review: reviewOf(D('1')), kept: 0 },
    { sentence: 'a deletion is not kept', review: reviewOf(null, D(3), { operation: 'DELETE' }), kept: 0 },
    {
      sentence: 'a bypassed change is kept',
      review: reviewOf(D(1, { metadata: { annotations: { 'guard.funade.dev/bypass': 'why' } } }), null, {
        user: { name: 'ben', groups: ['platform'] },
      }),
      kept: 1,
    },
  ])('$sentence', ({ review, kept }) => {
    const { world, reserved } = watched(worldOf([H(1)]));
    decideIn(world, review);
    expect(reserved).toHaveLength(kept);
  });
});
