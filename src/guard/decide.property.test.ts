import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { POLICY_NAMES, type GuardRules } from '../config/index.ts';
import { standing } from './chain.ts';
import type { Decision } from './decision.ts';
import { placeOf, readState } from './objects/read-state.ts';
import { subjectOf } from './objects/subject.ts';
import { answerOf } from './review/answer.ts';
import { parseReview } from './review/parse-review.ts';
import type { JsonObject, Review } from './review/review.ts';
import {
  HPA_CONTROLLER,
  OWNED_BY_KEDA,
  decideIn,
  deploymentObject,
  hpaObject,
  reviewOf,
  rulesWith,
  scaleObject,
  worldOf,
} from './review/testing.ts';
import type { World } from './world.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const names = fc.constantFrom('web', 'api');
const replicas = fc.constantFrom(undefined, 0, 1, 2, 3);
const quantities = fc.constantFrom({}, { memory: '1Gi' }, { cpu: '1', memory: '1Gi' });

const containers: fc.Arbitrary<JsonObject> = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  image: fc.constantFrom('app:1', 'app:2', `app@${DIGEST}`, `app@sha256:${'b'.repeat(64)}`),
  resources: fc.record({ requests: quantities, limits: quantities }),
  securityContext: fc.record({
    privileged: fc.boolean(),
    runAsNonRoot: fc.constantFrom(undefined, true, false),
    runAsUser: fc.constantFrom(undefined, 0, 1000),
    capabilities: fc.record({ add: fc.subarray(['SYS_ADMIN', 'CAP_NET_ADMIN', 'CHOWN']) }),
  }),
  readinessProbe: fc.constantFrom(undefined, { tcpSocket: { port: 80 } }),
});
const pods = fc.record({
  containers: fc.uniqueArray(containers, { selector: (container) => container['name'], maxLength: 3 }),
});

const deployments = fc.tuple(replicas, names, pods).map(([count, name, pod]) => deploymentObject(count, { name, pod }));
const hpas = fc
  .tuple(replicas, names, names, fc.boolean(), fc.constantFrom('Deployment', 'StatefulSet'))
  .map(([min, name, target, keda, kind]) =>
    hpaObject(min, { name, target: { name: target, kind }, metadata: keda ? OWNED_BY_KEDA : {} }),
  );
const scales = replicas.map((count) => scaleObject(count));
const budgets = fc
  .tuple(
    fc.constantFrom(undefined, 0, 1, 2, '50%', '100%', 'x'),
    fc.constantFrom(undefined, 0, 1, '0%', '10%'),
    fc.constantFrom({}, { matchLabels: { app: 'web' } }, { matchLabels: { app: 'no' } }),
  )
  .map(([minAvailable, maxUnavailable, selector]) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web' },
    spec: { minAvailable, maxUnavailable, selector },
  }));
const jobs = pods.map((pod) => ({ kind: 'Job', metadata: { name: 'web' }, spec: { template: { spec: pod } } }));

const rules: fc.Arbitrary<GuardRules> = fc
  .record({
    mode: fc.constantFrom('seed', 'strict', 'effective'),
    existingViolations: fc.constantFrom('allow', 'deny'),
    keda: fc.constantFrom('ignore', 'warn', 'deny'),
    onUncertain: fc.constantFrom('deny', 'allow'),
    modes: fc.array(fc.constantFrom('deny', 'warn', 'off'), { minLength: 10, maxLength: 10 }),
  })
  .map(({ modes, ...over }) =>
    rulesWith({
      ...over,
      policies: Object.fromEntries(POLICY_NAMES.map((name, index) => [name, modes[index] ?? 'off'])),
    }),
  );

const worlds = fc
  .tuple(
    fc.uniqueArray(deployments, { selector: nameOf, maxLength: 2 }),
    fc.uniqueArray(hpas, { selector: nameOf, maxLength: 2 }),
    fc.constantFrom(undefined, new Set([DIGEST])),
  )
  .map(([left, right, released]) => worldOf([...left, ...right], released));

/** Before and after of one object; a creation in a third of the cases. */
const reviews: fc.Arbitrary<Review> = fc
  .oneof(twice(deployments), twice(hpas), twice(scales), twice(budgets), twice(jobs))
  .chain(([before, after]) =>
    fc
      .record({
        isNew: fc.nat(2).map((one) => one === 0),
        dryRun: fc.boolean(),
        user: fc.constantFrom('ada', HPA_CONTROLLER),
      })
      .map(({ isNew, dryRun, user }) =>
        reviewOf(after, isNew ? null : before, {
          name: nameOf(before),
          dryRun,
          user: { name: user, groups: [] },
        }),
      ),
  );

function twice(objects: fc.Arbitrary<JsonObject>): fc.Arbitrary<readonly [JsonObject, JsonObject]> {
  return fc.oneof(
    fc.tuple(objects, objects),
    objects.map((object) => [object, object] as const),
  );
}

function nameOf(object: JsonObject): string {
  return (object['metadata'] as { readonly name: string }).name;
}

function violationsOf(object: JsonObject, review: Review, world: ReturnType<typeof worldOf>, under: GuardRules) {
  const subject = subjectOf(review);
  if (typeof subject === 'string') throw new Error('not judged');
  const state = readState(subject, object, placeOf(review));
  if (!state.ok) throw new Error('not readable');
  return standing(state.value, world.reads, under);
}

function isDenied(decision: Decision): boolean {
  return decision.kind !== 'allowed';
}

describe('for every request in every world', () => {
  test('the answer depends only on the review and the world', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        const answers = [1, 2].map(() => answerOf(review, decideIn(world, review, { rules: under })));
        expect(answers[0]).toEqual(answers[1]);
      }),
    );
  });

  test('existing violations allowed: what leaves violations as they are, or takes some away, is not denied', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        const lenient: GuardRules = { ...under, existingViolations: 'allow' };
        fc.pre(review.object !== null && review.oldObject !== null);
        const before = new Set(violationsOf(review.oldObject!, review, world, lenient).map(({ key }) => key));
        const after = violationsOf(review.object!, review, world, lenient).map(({ key }) => key);
        fc.pre(after.every((key) => before.has(key)));
        const decision = decideIn(world, review, { rules: lenient });
        expect(decision.kind === 'uncertain' || !isDenied(decision)).toBe(true);
      }),
    );
  });

  test('an unchanged object is never held up, not even by what is not known', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        const same = { ...review, operation: 'UPDATE' as const, oldObject: review.object };
        const decision = decideIn(knowingNothing(world), same, { rules: { ...under, existingViolations: 'allow' } });
        expect(decision.kind).toBe('allowed');
      }),
    );
  });

  test('what introduces a violation of a policy in mode deny is denied', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        fc.pre(review.oldObject === null && review.user.name !== HPA_CONTROLLER);
        const after = violationsOf(review.object!, review, world, under);
        fc.pre(after.some(({ policy }) => under.policies[policy] === 'deny'));
        expect(decideIn(world, review, { rules: under }).kind).toBe('denied');
      }),
    );
  });

  test('deletion is never denied', () => {
    const deleted = fc.constantFrom<(review: Review) => Review>(
      (review) => ({ ...review, operation: 'DELETE', object: null }),
      (review) => ({ ...review, object: deleting(review.object) }),
      (review) => ({ ...review, operation: 'UPDATE', oldObject: deleting(review.object) }),
    );
    fc.assert(
      fc.property(reviews, worlds, rules, deleted, (review, world, under, change) => {
        expect(isDenied(decideIn(world, change(review), { rules: under }))).toBe(false);
      }),
    );
  });

  test('a dry run is decided like a real request', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        const [real, dry] = [false, true].map((dryRun) => decideIn(world, { ...review, dryRun }, { rules: under }));
        expect(dry).toEqual(real);
      }),
    );
  });

  test('what is allowed, not skipped and not a dry run is kept, and nothing else', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, (review, world, under) => {
        let reserved = 0;
        const watched: World = { ...world, reserve: () => void (reserved += 1) };
        const decision = decideIn(watched, review, { rules: under });
        const keeps = decision.kind === 'allowed' && decision.skipped === null && !review.dryRun;
        expect(reserved).toBe(keeps ? 1 : 0);
      }),
    );
  });

  test('warnings are single lines that Kubernetes does not cut', () => {
    fc.assert(
      fc.property(reviews, worlds, rules, fc.constantFrom('en', 'ja'), (review, world, under, language) => {
        const answer = answerOf(review, decideIn(world, review, { rules: under, language }));
        const { warnings = [] } = answer['response'] as { readonly warnings?: readonly string[] };
        for (const warning of warnings) expect(warning).toMatch(/^[^\p{Cc}]{1,256}$/u);
      }),
    );
  });
});

describe('for every JSON', () => {
  test('a body is parsed or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(typeof parseReview(body).ok).toBe('boolean');
      }),
    );
  });

  test('a request of any form is parsed or refused with a message', () => {
    const fields = ['uid', 'operation', 'kind', 'resource', 'namespace', 'name', 'userInfo', 'object', 'dryRun'];
    const requests = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
    fc.assert(
      fc.property(requests, (request) => {
        const parsed = parseReview({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
        expect(parsed.ok || parsed.error.message.includes('request')).toBe(true);
      }),
    );
  });

  test('objects of any form are decided', () => {
    const kinds = fc.constantFrom(
      'Deployment',
      'Scale',
      'HorizontalPodAutoscaler',
      'Job',
      'Pod',
      'CronJob',
      'PodDisruptionBudget',
    );
    const anything = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), shaped());
    fc.assert(
      fc.property(kinds, anything, anything, rules, (kind, after, before, under) => {
        const review = reviewOf({ ...after, kind }, { ...before, kind }, { name: 'web' });
        const decision = decideIn(worldOf([deploymentObject(1), hpaObject(1)]), review, { rules: under });
        expect(() => JSON.stringify(answerOf(review, decision))).not.toThrow();
      }),
    );
  });

  test('objects that are nested without end are decided', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`) as JsonObject;
    const everything = rulesWith({
      policies: Object.fromEntries(POLICY_NAMES.map((name) => [name, 'deny'] as const)),
    });
    for (const kind of ['Deployment', 'HorizontalPodAutoscaler', 'Pod', 'PodDisruptionBudget']) {
      const spec = {
        selector: deep,
        minAvailable: 1,
        scaleTargetRef: deep,
        template: deep,
        containers: [deep],
        replicas: deep,
      };
      const object = { kind, metadata: { name: 'web', annotations: deep }, spec };
      const decision = decideIn(worldOf([]), reviewOf(object, object), { rules: everything });
      expect(() => JSON.stringify(decision)).not.toThrow();
    }
  });
});

/** Objects with the fields that are read, and anything in them. */
function shaped(): fc.Arbitrary<JsonObject> {
  const any = fc.jsonValue();
  const container = fc.record({ name: any, image: any, securityContext: any, resources: any });
  const pod = fc.record({ containers: fc.oneof(any, fc.array(fc.oneof(container, any))), securityContext: any });
  const spec = fc.record({
    replicas: fc.oneof(any, fc.nat(3)),
    minReplicas: fc.oneof(any, fc.nat(3)),
    scaleTargetRef: fc.oneof(any, fc.record({ apiVersion: any, kind: any, name: any })),
    template: fc.oneof(any, fc.record({ metadata: any, spec: pod })),
    minAvailable: any,
    maxUnavailable: any,
    selector: fc.oneof(any, fc.record({ matchLabels: any, matchExpressions: any })),
    containers: any,
  });
  return fc.record({ metadata: fc.oneof(any, fc.record({ annotations: any, ownerReferences: any })), spec });
}

function deleting(object: JsonObject | null): JsonObject | null {
  if (object === null) return null;
  const metadata = object['metadata'] as JsonObject;
  return { ...object, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}

/** A cluster in which nothing can be learnt. */
function knowingNothing(world: World): World {
  return {
    ...world,
    prepare: (needs) => ({
      reads: { hpasOn: () => [], deployment: () => [], deploymentsIn: () => [], released: () => false },
      unknown: needs.map((need) => ({ need, uncertainty: { reason: 'timeout', detail: '' } as const })),
    }),
  };
}
