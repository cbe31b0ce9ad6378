import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authority, type Leaf, createAuthority } from '../../../test/certificates.ts';
import { type Answers, PATHS, clusterThatIsWell } from '../../../test/fixtures/guard-doctor/cluster.ts';
import { diagnose } from './diagnose.ts';
import type { ClusterReader, Read } from './reader.ts';

const NAMES = [
  'funade-guard',
  'funade-guard.funade-guard',
  'funade-guard.funade-guard.svc',
  'funade-guard.funade-guard.svc.cluster.local',
];
const DNS = NAMES.map((name) => `DNS:${name}`);

let authority: Authority;
let other: Authority;
let leaf: Leaf;
let plain: Leaf;
beforeAll(async () => {
  [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
  leaf = await authority.issue({ names: DNS });
  plain = await authority.issue({ names: ['DNS:guard.example.com'] });
}, 60_000);
afterAll(async () => {
  await authority.remove();
  await other.remove();
});

function readerOf(answers: Answers): ClusterReader {
  const read = (path: string): Promise<Read> => {
    const found = answers[path];
    if (found === undefined) return Promise.resolve({ kind: 'absent' });
    const isRefusal = typeof found === 'object' && found !== null && 'kind' in found;
    return Promise.resolve(isRefusal ? (found as Read) : { kind: 'found', value: found as Answers });
  };
  return { get: read, ask: read };
}

async function checksOf(change: (answers: Answers) => void = () => {}, now = Date.now()) {
  const answers = structuredClone(clusterThatIsWell({ caBundle: authority.cert, cert: leaf.cert, key: leaf.key }));
  change(answers);
  const webhook = { replicas: 3, failurePolicy: 'Fail', timeoutSeconds: 5 } as const;
  const options = { config: { profile: 'production', webhook }, namespace: null, now } as const;
  const [english, japanese] = [
    await diagnose(readerOf(answers), { ...options, language: 'en' }),
    await diagnose(readerOf(answers), { ...options, language: 'ja' }),
  ];
  expect(japanese.map(({ status }) => status)).toEqual(english.map(({ status }) => status));
  for (const { finding, fix } of [...english, ...japanese]) expect(`${finding}${fix ?? ''}`).not.toMatch(/\{\w+\}/u);
  return english;
}

/** Sets a value deep in the answers. */
function set(answers: Answers, path: string, keys: readonly (string | number)[], value: unknown): void {
  const last = keys.at(-1) ?? '';
  const parent = keys.slice(0, -1).reduce<unknown>((found, key) => Reflect.get(found as object, key), answers[path]);
  Reflect.set(parent as object, last, value);
}

const FIRST = ['items', 0, 'webhooks', 0] as const;

test('a guard that is well has nothing to mend, and what its webhooks agree on is told once', async () => {
  const checks = await checksOf();
  expect(checks.filter(({ status, fix }) => status !== 'ok' || fix !== null)).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual([
    'cluster',
    'webhook',
    'failure policy',
    'timeout',
    'namespaces',
    'service',
    'replicas',
    'endpoints',
    'disruption',
    'CA bundle',
    'CA injection',
    'certificate',
    'DNS names',
    'validity',
    'private key',
    'permissions',
    'events',
  ]);
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
type Trouble = readonly [
  name: string,
  change: (answers: Answers) => void,
  check: string,
  status: 'warn' | 'fail',
  words: RegExp,
];

const TROUBLES: readonly Trouble[] = [
  [
    'no webhook configuration',
    (a) => {
      a[PATHS.webhooks] = { items: [] };
    },
    'webhook',
    'fail',
    /nothing is judged/u,
  ],
  [
    'configurations that may not be read',
    (a) => {
      a[PATHS.webhooks] = { kind: 'forbidden', detail: 'no' };
    },
    'webhook',
    'fail',
    /can't be read: no/u,
  ],
  [
    'a caBundle that nobody filled',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'clientConfig', 'caBundle'], undefined),
    'CA bundle',
    'fail',
    /unknown authority/u,
  ],
  [
    'a caBundle of garbage',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'clientConfig', 'caBundle'], base64('garbage')),
    'CA bundle',
    'fail',
    /can't be read/u,
  ],
  [
    'a caBundle of another CA',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'clientConfig', 'caBundle'], base64(other.cert)),
    'certificate',
    'fail',
    /unknown authority/u,
  ],
  [
    'no cert-manager',
    (a) => {
      delete a[PATHS.certificates];
    },
    'CA injection',
    'fail',
    /not installed/u,
  ],
  [
    'an annotation that names no Certificate',
    (a) => {
      a[PATHS.certificates] = { items: [] };
    },
    'CA injection',
    'fail',
    /no such Certificate/u,
  ],
  [
    'a Certificate that is not ready',
    (a) =>
      set(a, PATHS.certificates, ['items', 0, 'status', 'conditions', 0], {
        type: 'Ready',
        status: 'False',
        message: 'issuer is gone',
      }),
    'CA injection',
    'fail',
    /issuer is gone/u,
  ],
  [
    'an injector that does not run',
    (a) => {
      a[PATHS.injectors] = { items: [] };
    },
    'CA injection',
    'fail',
    /nobody puts the CA/u,
  ],
  [
    'no annotation',
    (a) => set(a, PATHS.webhooks, ['items', 0, 'metadata', 'annotations'], {}),
    'CA injection',
    'warn',
    /renews the CA/u,
  ],
  [
    'no Secret',
    (a) => {
      delete a[PATHS.secret];
    },
    'certificate',
    'fail',
    /does not exist/u,
  ],
  [
    'a Secret that may not be read',
    (a) => {
      a[PATHS.secret] = { kind: 'forbidden', detail: 'no' };
    },
    'certificate',
    'warn',
    /not checked: no/u,
  ],
  ['a Secret without a key', (a) => set(a, PATHS.secret, ['data', 'tls.key'], ''), 'certificate', 'fail', /`tls.key`/u],
  [
    'a certificate of garbage',
    (a) => set(a, PATHS.secret, ['data', 'tls.crt'], base64('garbage')),
    'certificate',
    'fail',
    /can't be read/u,
  ],
  [
    'a certificate for another name',
    (a) => {
      a[PATHS.secret] = { data: { 'tls.crt': base64(plain.cert), 'tls.key': base64(plain.key) } };
    },
    'DNS names',
    'fail',
    /guard\.example\.com, not for funade-guard\.funade-guard\.svc/u,
  ],
  [
    'a key of another certificate',
    (a) => set(a, PATHS.secret, ['data', 'tls.key'], base64(plain.key)),
    'private key',
    'fail',
    /does not fit/u,
  ],
  [
    'a key of garbage',
    (a) => set(a, PATHS.secret, ['data', 'tls.key'], base64('garbage')),
    'private key',
    'fail',
    /can't be read/u,
  ],
  [
    'no Service',
    (a) => {
      delete a[PATHS.service];
    },
    'service',
    'fail',
    /does not exist/u,
  ],
  [
    'a port that the Service lacks',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'clientConfig', 'service', 'port'], 8443),
    'service',
    'fail',
    /8443.*443/u,
  ],
  [
    'a target port that no container has',
    (a) => set(a, PATHS.service, ['spec', 'ports', 0, 'targetPort'], 'web'),
    'service',
    'fail',
    /web.*admission/u,
  ],
  [
    'a Service that selects nothing',
    (a) => set(a, PATHS.service, ['spec', 'selector'], { app: 'x' }),
    'service',
    'fail',
    /selects no Deployment/u,
  ],
  [
    'no endpoint that is ready',
    (a) => set(a, PATHS.slices, ['items', 0, 'endpoints'], [{ conditions: { ready: false } }]),
    'endpoints',
    'fail',
    /no endpoints available/u,
  ],
  [
    'an endpoint that is not ready',
    (a) => set(a, PATHS.slices, ['items', 0, 'endpoints', 0, 'conditions', 'ready'], false),
    'endpoints',
    'warn',
    /2 ready, 1 not/u,
  ],
  ['no replica', (a) => set(a, PATHS.deployments, ['items', 0, 'status'], {}), 'replicas', 'fail', /None of 3/u],
  [
    'fewer replicas than wanted',
    (a) => set(a, PATHS.deployments, ['items', 0, 'status', 'availableReplicas'], 2),
    'replicas',
    'warn',
    /2 of 3/u,
  ],
  [
    'fewer replicas than the profile says',
    (a) => set(a, PATHS.deployments, ['items', 0, 'spec', 'replicas'], 1),
    'replicas',
    'warn',
    /profile production says 3/u,
  ],
  [
    'no PodDisruptionBudget',
    (a) => {
      a[PATHS.budgets] = { items: [] };
    },
    'disruption',
    'warn',
    /PodDisruptionBudget/u,
  ],
  [
    'another failurePolicy',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'failurePolicy'], 'Ignore'),
    'failure policy',
    'warn',
    /Ignore.*Fail/u,
  ],
  ['another timeout', (a) => set(a, PATHS.webhooks, [...FIRST, 'timeoutSeconds'], 30), 'timeout', 'warn', /30 s/u],
  [
    'a selector that takes kube-system',
    (a) => set(a, PATHS.webhooks, [...FIRST, 'namespaceSelector'], {}),
    'namespaces',
    'fail',
    /kube-system, funade-guard/u,
  ],
  [
    'namespaces without the label that the selector needs',
    (a) => {
      a['/api/v1/namespaces/kube-system'] = { metadata: { labels: {} } };
    },
    'namespaces',
    'fail',
    /kube-system/u,
  ],
  [
    'missing permissions',
    (a) => {
      a[PATHS.access] = { status: { allowed: false } };
    },
    'permissions',
    'fail',
    /list deployments\.apps.*patch events/u,
  ],
  [
    'permissions that may not be asked for',
    (a) => {
      a[PATHS.access] = { kind: 'forbidden', detail: 'no' };
    },
    'permissions',
    'warn',
    /can't be asked: no/u,
  ],
  [
    'an Event of a call that failed',
    (a) => {
      a[PATHS.events] = {
        items: [
          {
            message:
              'failed calling webhook "deployments.guard.funade.dev": x509: certificate signed by unknown authority',
          },
        ],
      };
    },
    'events',
    'warn',
    /does not trust the certificate/u,
  ],
];

test.each(TROUBLES)('%s is told with a fix', async (...row) => {
  const [, change, name, status, words] = row;
  const told = (await checksOf(change)).filter((check) => check.name === name && check.status !== 'ok');
  expect(told.map((check) => check.status)).toEqual([status]);
  expect(told[0]?.finding).toMatch(words);
  expect(told[0]?.fix).toMatch(/\w/u);
});

test.each([
  ['in its last week', 25, 'warn', /in 4 days|in 5 days/u],
  ['after its end', 31, 'fail', /has expired/u],
  ['before its start', -2, 'fail', /valid from/u],
])('a certificate %s is told', async (_, days, status, words) => {
  const checks = await checksOf(() => {}, Date.now() + days * 86_400_000);
  const validity = checks.find(({ name }) => name === 'validity');
  expect(validity).toMatchObject({ status });
  expect(validity?.finding).toMatch(words);
});

test('a CA that expired is told, but not while its successor stands beside it', async () => {
  const later = Date.now() + 31 * 86_400_000;
  const expired = (await checksOf(() => {}, later)).find(({ name }) => name === 'CA bundle');
  expect(expired).toMatchObject({ status: 'fail', finding: expect.stringContaining('expired') as string });
  const both = await checksOf((answers) => {
    for (const index of [0, 1]) {
      set(
        answers,
        PATHS.webhooks,
        ['items', 0, 'webhooks', index, 'clientConfig', 'caBundle'],
        base64(other.cert + authority.cert),
      );
    }
  });
  expect(both.filter(({ status }) => status !== 'ok')).toEqual([]);
});

test('old API servers tell endpoints by the old name', async () => {
  const checks = await checksOf((answers) => {
    delete answers[PATHS.slices];
    answers['/api/v1/namespaces/funade-guard/endpoints/funade-guard'] = { subsets: [{ addresses: [{}, {}, {}] }] };
  });
  expect(checks.find(({ name }) => name === 'endpoints')).toMatchObject({ status: 'ok', finding: '3 ready' });
});

test.each([
  ['connection refused', 'The API server does not answer'],
  ['error: context "x" does not exist', 'kubectl does not know this context'],
  ['error: stat /nope: no such file or directory', "The kubeconfig can't be used"],
  ['spawn kubectl ENOENT', "kubectl can't be started"],
])('without a cluster (%s) one check says why', async (detail, finding) => {
  const checks = await checksOf((answers) => {
    answers[PATHS.version] = { kind: 'failed', detail };
  });
  expect(checks).toMatchObject([
    { name: 'cluster', status: 'fail', finding: expect.stringContaining(finding) as string },
  ]);
});
