import { describe, expect, test } from 'vitest';
import type { GuardRules } from '../config/index.ts';
import { needsOf } from './chain.ts';
import type { Decision } from './decision.ts';
import { readChange } from './objects/read-state.ts';
import type { Change, Deployment, Hpa } from './objects/state.ts';
import { subjectOf } from './objects/subject.ts';
import type { Review } from './review/review.ts';
import {
  deciderIn,
  decideIn,
  deploymentObject as D,
  hpaObject as H,
  outcomeOf,
  reviewOf,
  rulesWith,
  scaleObject as S,
  worldOf,
} from './review/testing.ts';
import type { Need, Prepared, Reads, World } from './world.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const NEVER = new AbortController().signal;
const FORBIDDEN = { reason: 'forbidden', detail: 'GET /apis/autoscaling/v2 at 10.0.0.1: 403' } as const;

/** Answers from a world, but for needs of some kinds, which can't be learnt. */
function without(kinds: readonly Need['kind'][], world: World): World {
  return {
    ...world,
    prepare(needs, deadline) {
      const prepared = world.prepare(needs, deadline) as Prepared;
      const unknown = needs.filter((need) => kinds.includes(need.kind));
      return { ...prepared, unknown: unknown.map((need) => ({ need, uncertainty: FORBIDDEN })) };
    },
  };
}

function needed(review: Review, rules: GuardRules = rulesWith()): readonly string[] {
  const subject = subjectOf(review);
  if (typeof subject === 'string') throw new Error(subject);
  const change = readChange(subject, review);
  if (!change.ok) throw new Error('unreadable');
  return needsOf(change.value, rules).map((need) => `${need.weight} ${need.kind}`);
}

describe('what has to be known', () => {
  const deny = rulesWith({ existingViolations: 'deny' });
  const effective = rulesWith({ mode: 'effective' });
  test.each<{ sentence: string; review: Review; rules?: GuardRules; needs: readonly string[] }>([
    { sentence: 'D(1): its HPAs decide', review: reviewOf(D(1)), needs: ['decides hpasOn'] },
    { sentence: 'D(3): nothing', review: reviewOf(D(3)), needs: [] },
    { sentence: 'D(0): its HPAs are worth a warning', review: reviewOf(D(0)), needs: ['informs hpasOn'] },
    { sentence: 'D 3→1: its HPAs decide', review: reviewOf(D(1), D(3)), needs: ['decides hpasOn'] },
    { sentence: 'D 1→1: its HPAs are worth a warning', review: reviewOf(D(1), D(1)), needs: ['informs hpasOn'] },
    {
      sentence: 'D 1→1 where existing violations are denied: its HPAs decide',
      review: reviewOf(D(1), D(1)),
      rules: deny,
      needs: ['decides hpasOn'],
    },
    { sentence: 'D 1→3: nothing', review: reviewOf(D(3), D(1)), needs: [] },
    { sentence: 'scale 3→1: the HPAs decide', review: reviewOf(S(1), S(3)), needs: ['decides hpasOn'] },
    {
      sentence: 'a new H: its Deployment decides',
      review: reviewOf(H(2)),
      needs: ['decides deployment', 'informs hpasOn'],
    },
    {
      sentence: 'a new H(2) in mode effective: its Deployment is worth a warning',
      review: reviewOf(H(2)),
      rules: effective,
      needs: ['informs deployment', 'informs hpasOn'],
    },
    {
      sentence: 'H 2→1 in mode effective: its Deployment decides',
      review: reviewOf(H(1), H(2)),
      rules: effective,
      needs: ['decides deployment', 'informs hpasOn'],
    },
    {
      sentence: 'H 2→3: nothing decides',
      review: reviewOf(H(3), H(2)),
      needs: ['informs deployment', 'informs hpasOn'],
    },
    {
      sentence: 'H 2→3 where existing violations are denied: nothing decides',
      review: reviewOf(H(3), H(2)),
      rules: deny,
      needs: ['informs deployment', 'informs hpasOn'],
    },
    {
      sentence: 'a new H where duplicates are denied: other HPAs decide too',
      review: reviewOf(H(2)),
      rules: rulesWith({ policies: { duplicateHpa: 'deny' } }),
      needs: ['decides deployment', 'decides hpasOn'],
    },
    {
      sentence: 'mode warn: nothing decides',
      review: reviewOf(D(1)),
      rules: rulesWith({ policies: { singleReplicaUnderHpa: 'warn' } }),
      needs: ['informs hpasOn'],
    },
    {
      sentence: 'an HPA on a StatefulSet: only other HPAs are worth a warning',
      review: reviewOf(H(1, { target: { kind: 'StatefulSet' } })),
      needs: ['informs hpasOn'],
    },
  ])('$sentence', ({ review, rules, needs }) => {
    expect(needed(review, rules)).toEqual(needs);
  });

  test('only new images ask the ledger for a decision', () => {
    const rules = rulesWith({ policies: { imageNotReleased: 'deny' } });
    const pod = (digit: string) => ({
      pod: { containers: [{ name: 'web', image: `web@sha256:${digit.repeat(64)}` }] },
    });
    expect(needed(reviewOf(D(2, pod('a'))), rules)).toEqual(['decides released']);
    expect(needed(reviewOf(D(2, pod('b')), D(2, pod('a'))), rules)).toEqual(['decides released']);
    expect(needed(reviewOf(D(2, pod('a')), D(3, pod('a'))), rules)).toEqual(['informs released']);
  });
});

describe('when something that decides is not known', () => {
  const world = without(['hpasOn', 'deployment'], worldOf([]));

  test('onUncertain deny: 503 with the time to wait, without what others answered', () => {
    const decision = decideIn(world, reviewOf(D(1)));
    expect(decision).toMatchObject({ kind: 'uncertain', uncertainty: FORBIDDEN, retryAfterSeconds: 5 });
    expect(decision.kind === 'uncertain' && decision.message).not.toContain('10.0.0.1');
  });

  test('onUncertain allow: allowed with a warning, and counted apart', () => {
    const decision = decideIn(world, reviewOf(D(1)), { rules: rulesWith({ onUncertain: 'allow' }) });
    expect(outcomeOf(decision)).toBe('warned');
    expect(decision).toMatchObject({ uncertain: FORBIDDEN });
  });

  test('what can only inform holds up nothing', () => {
    expect(outcomeOf(decideIn(world, reviewOf(D(1), D(1))))).toBe('allowed');
    expect(outcomeOf(decideIn(world, reviewOf(H(3), H(2))))).toBe('allowed');
  });

  test('a violation that is known is told before what is not known', () => {
    const rules = rulesWith({ mode: 'strict' });
    const decision = decideIn(world, reviewOf(H(1)), { rules });
    expect(decision).toMatchObject({ kind: 'denied', violations: [{ policy: 'hpaAllowsSingleReplica' }] });
  });

  test('nothing is kept of an uncertain denial, but of an uncertain allowance', () => {
    for (const [onUncertain, kept] of [
      ['deny', 0],
      ['allow', 1],
    ] as const) {
      const reserved: Change[] = [];
      const watched = { ...world, reserve: (change: Change) => void reserved.push(change) };
      decideIn(watched, reviewOf(D(1)), { rules: rulesWith({ onUncertain }) });
      expect(reserved).toHaveLength(kept);
    }
  });

  test('an image of which nothing could be learnt is uncertain, not unreleased', () => {
    const rules = rulesWith({ policies: { imageNotReleased: 'deny' } });
    const pod = { containers: [{ name: 'web', image: `web@${DIGEST}` }] };
    const unasked = without(['released'], worldOf([], new Set()));
    expect(decideIn(unasked, reviewOf(D(2, { pod })), { rules }).kind).toBe('uncertain');
    expect(decideIn(worldOf([], new Set()), reviewOf(D(2, { pod })), { rules }).kind).toBe('denied');
    expect(decideIn(worldOf([], new Set([DIGEST])), reviewOf(D(2, { pod })), { rules }).kind).toBe('allowed');
    expect(outcomeOf(decideIn(unasked, reviewOf(D(2, { pod }), D(3, { pod })), { rules }))).toBe('allowed');
  });
});

describe('two requests at the same time', () => {
  /** Learns on the next turn, and counts what was allowed, as the watched world does. */
  function livingWorld(delayed: boolean): World {
    const deployments: Deployment[] = [];
    const hpas: Hpa[] = [];
    const reads: Reads = {
      hpasOn: (target) => hpas.filter((hpa) => hpa.target.name === target.name),
      deployment: (_namespace, name) => deployments.filter((deployment) => deployment.name === name),
      deploymentsIn: () => deployments,
      released: () => true,
    };
    const prepared = { reads, unknown: [] };
    return {
      prepare: () => (delayed ? Promise.resolve(prepared) : prepared),
      reserve({ after }) {
        if (after.kind === 'deployment' || after.kind === 'scale') deployments.push(after.deployment);
        if (after.kind === 'hpa') hpas.push(after.hpa);
      },
    };
  }

  test.each([{ delayed: false }, { delayed: true }])(
    'of 200 pairs none passes whole (delayed: $delayed)',
    async ({ delayed }) => {
      const decider = deciderIn(livingWorld(delayed));
      const pairs = Array.from({ length: 200 }, (_, index) => `web-${String(index)}`);
      const decided = pairs.flatMap((name, index) => {
        const both = [reviewOf(D(1, { name })), reviewOf(H(2, { name, target: { name } }))];
        return (index % 2 === 0 ? both : both.toReversed()).map(async (review) => decider.decide(review, NEVER));
      });
      const kinds = (await Promise.all(decided)).map((decision: Decision) => decision.kind);
      for (const [index] of pairs.entries()) {
        expect(kinds.slice(index * 2, index * 2 + 2).toSorted()).toEqual(['allowed', 'denied']);
      }
    },
  );

  test('while a change is in flight, the worse of both states counts', () => {
    const [was, will] = [worldOf([D(3)]), worldOf([D(1)])];
    const reads: Reads = {
      ...was.reads,
      deployment: (namespace, name) => [was, will].flatMap((world) => world.reads.deployment(namespace, name)),
    };
    const inFlight: World = { prepare: () => ({ reads, unknown: [] }), reserve() {} };
    expect(decideIn(inFlight, reviewOf(H(2))).kind).toBe('denied');
  });

  test('what is learnt late is read when it is there', async () => {
    const world = worldOf([H(1)]);
    const late: World = { ...world, prepare: (asked, deadline) => Promise.resolve(world.prepare(asked, deadline)) };
    expect((await deciderIn(late).decide(reviewOf(D(1)), NEVER)).kind).toBe('denied');
  });
});
