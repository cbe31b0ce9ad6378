import { describe, expect, test } from 'vitest';
import type { PolicyName } from '../../config/index.ts';
import type { JsonObject, Review } from '../review/review.ts';
import { decideIn, deploymentObject, outcomeOf, reviewOf, rulesWith, worldOf } from '../review/testing.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

type Container = JsonObject;

function deployment(...containers: readonly Container[]): JsonObject {
  return deploymentObject(2, { pod: { containers } });
}

function withPod(pod: JsonObject): JsonObject {
  return deploymentObject(2, { pod });
}

function decide(policy: PolicyName, review: Review, released?: ReadonlySet<string>) {
  return decideIn(worldOf([], released), review, { rules: rulesWith({ policies: { [policy]: 'deny' } }) });
}

/** The texts of what is denied; none when it is allowed. */
function denied(policy: PolicyName, to: JsonObject, from: JsonObject | null = null, released?: ReadonlySet<string>) {
  const decision = decide(policy, reviewOf(to, from), released);
  if (decision.kind === 'denied') return decision.violations.map(({ text }) => text);
  return decision.kind === 'allowed' ? [] : [decision.kind];
}

const full = { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } };

describe('the facts', () => {
  test.each<{ sentence: string; policy: PolicyName; to: JsonObject; texts: readonly string[] }>([
    {
      sentence: 'a tag is no digest',
      policy: 'imageWithoutDigest',
      to: deployment({ name: 'a', image: 'r:5000/app:1' }),
      texts: ['imageWithoutDigest'],
    },
    {
      sentence: 'a digest is one',
      policy: 'imageWithoutDigest',
      to: deployment({ name: 'a', image: `r:5000/app:1@${DIGEST}` }),
      texts: [],
    },
    {
      sentence: 'half a digest is none',
      policy: 'imageWithoutDigest',
      to: deployment({ name: 'a', image: 'app@sha256:abc' }),
      texts: ['imageWithoutDigest'],
    },
    {
      sentence: 'no image has no digest',
      policy: 'imageWithoutDigest',
      to: deployment({ name: 'a' }),
      texts: ['imageMissing'],
    },
    {
      sentence: 'init containers have images too',
      policy: 'imageWithoutDigest',
      to: withPod({ initContainers: [{ name: 'i', image: 'app' }] }),
      texts: ['imageWithoutDigest'],
    },

    {
      sentence: 'requests and a limit of memory are enough',
      policy: 'resourcesMissing',
      to: deployment({ name: 'a', resources: full }),
      texts: [],
    },
    {
      sentence: 'limits count as requests',
      policy: 'resourcesMissing',
      to: deployment({ name: 'a', resources: { limits: { cpu: 1, memory: '1Gi' } } }),
      texts: [],
    },
    {
      sentence: 'each missing resource is told',
      policy: 'resourcesMissing',
      to: deployment({ name: 'a' }),
      texts: ['resourceMissing', 'resourceMissing', 'resourceMissing'],
    },
    {
      sentence: 'a missing limit of memory is told',
      policy: 'resourcesMissing',
      to: deployment({ name: 'a', resources: { requests: full.requests } }),
      texts: ['resourceMissing'],
    },

    {
      sentence: 'a privileged container',
      policy: 'privilegedContainer',
      to: deployment({ name: 'a', securityContext: { privileged: true } }),
      texts: ['privileged'],
    },
    {
      sentence: 'CAP_SYS_ADMIN is SYS_ADMIN',
      policy: 'privilegedContainer',
      to: deployment({ name: 'a', securityContext: { capabilities: { add: ['cap_sys_admin', 'SYS_ADMIN'] } } }),
      texts: ['dangerousCapability'],
    },
    {
      sentence: 'a harmless capability passes',
      policy: 'privilegedContainer',
      to: deployment({ name: 'a', securityContext: { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } } }),
      texts: [],
    },
    {
      sentence: 'privileged false passes',
      policy: 'privilegedContainer',
      to: deployment({ name: 'a', securityContext: { privileged: false } }),
      texts: [],
    },

    {
      sentence: 'nothing said of the user',
      policy: 'rootContainer',
      to: deployment({ name: 'a' }),
      texts: ['rootContainer'],
    },
    {
      sentence: 'user 0',
      policy: 'rootContainer',
      to: deployment({ name: 'a', securityContext: { runAsUser: 0 } }),
      texts: ['rootContainer'],
    },
    {
      sentence: 'user 1000',
      policy: 'rootContainer',
      to: deployment({ name: 'a', securityContext: { runAsUser: 1000 } }),
      texts: [],
    },
    {
      sentence: 'runAsNonRoot of the pod',
      policy: 'rootContainer',
      to: withPod({ securityContext: { runAsNonRoot: true }, containers: [{ name: 'a' }] }),
      texts: [],
    },
    {
      sentence: 'what the container says stands above the pod',
      policy: 'rootContainer',
      to: withPod({
        securityContext: { runAsNonRoot: true },
        containers: [{ name: 'a', securityContext: { runAsNonRoot: false } }],
      }),
      texts: ['rootContainer'],
    },
    {
      sentence: 'user 0 of a container stands above user 1000 of the pod',
      policy: 'rootContainer',
      to: withPod({
        securityContext: { runAsUser: 1000 },
        containers: [{ name: 'a', securityContext: { runAsUser: 0 } }],
      }),
      texts: ['rootContainer'],
    },

    {
      sentence: 'no readiness probe',
      policy: 'readinessProbeMissing',
      to: deployment({ name: 'a' }),
      texts: ['readinessProbeMissing'],
    },
    {
      sentence: 'a readiness probe',
      policy: 'readinessProbeMissing',
      to: deployment({ name: 'a', readinessProbe: { tcpSocket: { port: 80 } } }),
      texts: [],
    },
    {
      sentence: 'an init container needs no readiness probe',
      policy: 'readinessProbeMissing',
      to: withPod({ initContainers: [{ name: 'i' }] }),
      texts: [],
    },
    {
      sentence: 'a Job needs no readiness probe',
      policy: 'readinessProbeMissing',
      to: { kind: 'Job', metadata: { name: 'a' }, spec: { template: { spec: { containers: [{ name: 'a' }] } } } },
      texts: [],
    },
  ])('$policy: $sentence', ({ policy, to, texts }) => {
    expect(denied(policy, to)).toEqual(texts);
  });

  test.each<{ kind: string; spec: JsonObject }>([
    { kind: 'StatefulSet', spec: { template: { spec: { containers: [{ name: 'a' }] } } } },
    { kind: 'Job', spec: { template: { spec: { containers: [{ name: 'a' }] } } } },
    { kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'a' }] } } } } } },
    { kind: 'Pod', spec: { containers: [{ name: 'a' }] } },
  ])('the pods of a $kind are judged', ({ kind, spec }) => {
    const decision = decide('rootContainer', reviewOf({ kind, metadata: { name: 'x' }, spec }));
    expect(decision).toMatchObject({ kind: 'denied', message: expect.stringContaining(`of ${kind} "x"`) });
  });
});

describe('images that Funade released', () => {
  const released = new Set([DIGEST]);
  const [good, bad] = [
    { name: 'a', image: `app@${DIGEST}` },
    { name: 'a', image: `app@${OTHER}` },
  ];

  test('pass', () => {
    expect(denied('imageNotReleased', deployment(good), null, released)).toEqual([]);
  });

  test('differ from images that were not', () => {
    expect(denied('imageNotReleased', deployment(bad), null, released)).toEqual(['imageNotReleased']);
  });

  test('are known by their digest only', () => {
    expect(denied('imageNotReleased', deployment({ name: 'a', image: 'app:1' }), null, released)).toEqual([
      'imageNotTraceable',
    ]);
  });

  test('an image that was there before stays, and another one is new', () => {
    const more = { name: 'b', image: bad.image };
    expect(denied('imageNotReleased', deployment(bad, more), deployment(bad), released)).toEqual([]);
    const newer = { name: 'a', image: `app@sha256:${'c'.repeat(64)}` };
    expect(denied('imageNotReleased', deployment(newer), deployment(bad), released)).toEqual(['imageNotReleased']);
  });
});

describe('the ratchet per container', () => {
  const tagged = { name: 'a', image: 'app:1' };

  test('a container without digest may get its next tag', () => {
    expect(denied('imageWithoutDigest', deployment({ name: 'a', image: 'app:2' }), deployment(tagged))).toEqual([]);
  });

  test('a digest can not be given up', () => {
    const before = deployment({ name: 'a', image: `app@${DIGEST}` });
    expect(denied('imageWithoutDigest', deployment(tagged), before)).toEqual(['imageWithoutDigest']);
  });

  test('a new container has to be right, beside one that is not', () => {
    const after = deployment(tagged, { name: 'b', image: 'side:1' });
    expect(denied('imageWithoutDigest', after, deployment(tagged))).toEqual(['imageWithoutDigest']);
  });

  test('a container that is only renamed is not new', () => {
    expect(denied('imageWithoutDigest', deployment({ ...tagged, name: 'b' }), deployment(tagged))).toEqual([]);
  });

  test('a container with another name and another image is new', () => {
    expect(denied('imageWithoutDigest', deployment({ name: 'b', image: 'other:1' }), deployment(tagged))).toEqual([
      'imageWithoutDigest',
    ]);
  });

  test('containers that exchange their places are the same ones', () => {
    const [wrong, right] = [
      { name: 'a', image: 'x:1' },
      { name: 'b', image: 'x:1', resources: full },
    ];
    expect(denied('resourcesMissing', deployment(right, wrong), deployment(wrong, right))).toEqual([]);
  });

  test('what is missing is ratcheted one by one', () => {
    const [none, some] = [{ name: 'a' }, { name: 'a', resources: { limits: { memory: '1Gi' } } }];
    expect(denied('resourcesMissing', deployment(some), deployment(none))).toEqual([]);
    expect(denied('resourcesMissing', deployment(none), deployment(some))).toEqual([
      'resourceMissing',
      'resourceMissing',
    ]);
  });

  test('a scale judges no containers', () => {
    const decision = decide(
      'rootContainer',
      reviewOf({ kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 2 } }),
    );
    expect(outcomeOf(decision)).toBe('allowed');
  });
});

describe('objects that controllers make', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true };
  const replicaSet = {
    kind: 'ReplicaSet',
    metadata: { name: 'web-1', ownerReferences: [owner] },
    spec: { template: { spec: { containers: [{ name: 'a' }] } } },
  };
  const controller = { user: { name: 'system:serviceaccount:kube-system:deployment-controller', groups: [] } };

  test('from an object that is judged itself are not held up', () => {
    expect(outcomeOf(decide('rootContainer', reviewOf(replicaSet, null, controller)))).toBe('skipped: owned');
  });

  test('are judged when somebody else says that they are owned', () => {
    expect(decide('rootContainer', reviewOf(replicaSet)).kind).toBe('denied');
  });

  test('from an object that nobody judges are judged', () => {
    const owned = {
      ...replicaSet,
      metadata: { name: 'web-1', ownerReferences: [{ ...owner, apiVersion: 'example.com/v1' }] },
    };
    expect(decide('rootContainer', reviewOf(owned, null, controller)).kind).toBe('denied');
  });
});

describe('a pod without a name yet', () => {
  const generated = { kind: 'Pod', metadata: { generateName: 'web-' }, spec: { containers: [{ name: 'a' }] } };

  test('is judged by what it is', () => {
    const decision = decide('rootContainer', reviewOf(generated, null, { name: null }));
    expect(decision).toMatchObject({ kind: 'denied', message: expect.stringContaining('of Pod "(generated name)"') });
  });

  test('so is a Deployment, by its pods', () => {
    const object = { ...deploymentObject(1), metadata: { generateName: 'web-' } };
    expect(decide('rootContainer', reviewOf(object, null, { name: null })).kind).toBe('denied');
  });
});
