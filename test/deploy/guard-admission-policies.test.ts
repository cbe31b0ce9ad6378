import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GuardRules, REPLICA_MODES } from '../../src/config/index.ts';
import {
  type AdmissionPolicyOptions,
  validatingAdmissionPolicy,
} from '../../src/guard/manifests/validating-admission-policy.ts';
import { generatedFiles } from '../../tools/gen-manifests/files.ts';
import type { Decision } from '../../src/guard/decision.ts';
import { evaluateCel } from './cel.ts';
import { guardConfigOf } from './guard-config.ts';
import { overlay, repository } from './guard-manifests.ts';
import { type Fields, PERSON, type Request, decisionOf, requests, scopeOf } from './guard-requests.ts';
import { type Manifest, readManifests } from './kustomize.ts';

interface PolicySpec {
  readonly paramKind?: { readonly kind: string };
  readonly matchConstraints: {
    readonly resourceRules: readonly { readonly resources: readonly string[] }[];
  };
  readonly matchConditions: readonly { readonly expression: string }[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly { readonly expression: string; readonly messageExpression: string }[];
}

interface BindingSpec {
  readonly policyName: string;
  readonly validationActions: readonly ['Deny' | 'Warn'];
  readonly paramRef?: { readonly selector: object; readonly parameterNotFoundAction: string };
}

const { rules, language } = guardConfigOf(overlay('staging'));
const anyRules: fc.Arbitrary<GuardRules> = fc
  .record({
    mode: fc.constantFrom(...REPLICA_MODES),
    keda: fc.constantFrom('ignore', 'warn', 'deny'),
    existingViolations: fc.constantFrom('allow', 'deny'),
  })
  .map((chosen) => ({ ...rules, ...chosen }));

function policies(chosen: GuardRules, more: Partial<AdmissionPolicyOptions> = {}): readonly Manifest[] {
  return validatingAdmissionPolicy({ ...chosen, skipNamespaces: [], language, ...more }) as unknown as Manifest[];
}

test('the files of each mode are what the generator writes', async () => {
  const files = generatedFiles();
  for (const { path, text } of files) expect(await readFile(join(repository, path), 'utf8'), path).toBe(text);
  const folder = await readdir(join(repository, 'deploy/guard/validating-admission-policy'));
  expect(folder.toSorted()).toEqual(files.map(({ path }) => path.split('/').at(-1)).toSorted());
});

test('every policy has one binding, and every parameter is optional', () => {
  for (const { path, text } of generatedFiles()) {
    const objects = readManifests(text);
    const named = (kind: string) => objects.filter((object) => object.kind === kind);
    const bindings = named('ValidatingAdmissionPolicyBinding');
    const found = named('ValidatingAdmissionPolicy');
    expect(
      bindings.map(({ spec }) => (spec as BindingSpec).policyName),
      path,
    ).toEqual(found.map(({ metadata }) => metadata.name));
    for (const [index, { spec }] of bindings.entries()) {
      const { paramRef } = spec as BindingSpec;
      const policy = found[index]?.['spec'] as PolicySpec | undefined;
      expect(paramRef === undefined, path).toBe(policy?.paramKind === undefined);
      if (paramRef !== undefined) expect(paramRef).toEqual({ selector: {}, parameterNotFoundAction: 'Allow' });
    }
  }
});

/**
 * Under `existingViolations: deny` the guard lets a request pass that mends one violation while others stand. Policies of the API
 * server don't know of each other, and each denies what is its own.
 */
function isLenient(decision: Decision, { existingViolations }: GuardRules): boolean {
  return existingViolations === 'deny' && decision.kind === 'allowed' && decision.existing.length > 0;
}

test('the policies deny what the guard denies, and nothing else', async () => {
  let denials = 0;
  await fc.assert(
    fc.asyncProperty(requests, anyRules, async (request, chosen) => {
      const decision = await decisionOf(request, chosen);
      const answer = answerOf(request, policies(chosen));
      if (isLenient(decision, chosen)) return;
      expect(answer.denied.length > 0, JSON.stringify(answer)).toBe(decision.kind === 'denied');
      if (decision.kind === 'denied') denials += 1;
    }),
    { numRuns: 3000 },
  );
  expect(denials).toBeGreaterThan(100);
});

test('the policies warn where the guard warns', async () => {
  let warnings = 0;
  await fc.assert(
    fc.asyncProperty(requests, anyRules, async (request, chosen) => {
      const decision = await decisionOf(request, chosen);
      if (decision.kind !== 'allowed' || isLenient(decision, chosen)) return;
      const { warned } = answerOf(request, policies(chosen));
      expect(warned.length > 0, JSON.stringify({ warned, told: decision.warnings })).toBe(decision.warnings.length > 0);
      if (warned.length > 0) warnings += 1;
    }),
    { numRuns: 3000 },
  );
  expect(warnings).toBeGreaterThan(100);
});

test.each([
  ['en', 'Deployment "web" has 1 replica under HorizontalPodAutoscaler "scaler" (minReplicas 2).'],
  ['ja', 'HorizontalPodAutoscaler "scaler" (minReplicas 2) の対象である Deployment "web" のレプリカが 1 です。'],
] as const)('a denial in %s names both objects and how to mend it', (spoken, text) => {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const request: Request = {
    resource: 'deployments',
    operation: 'CREATE',
    user: PERSON,
    object: { metadata: { name: 'web' }, spec: { replicas: 1 } },
    oldObject: null,
    deployments: [],
    autoscalers: [{ metadata: { name: 'scaler' }, spec: { scaleTargetRef, minReplicas: 2 } }],
  };
  const { denied } = answerOf(request, policies({ ...rules, mode: 'seed' }, { language: spoken }));
  expect(denied).toHaveLength(1);
  expect(denied[0]).toContain(text);
  expect(denied[0]).toMatch(/spec\.replicas/);
  expect(denied[0]).not.toMatch(/\{\w+\}/);
});

interface Answer {
  readonly denied: readonly string[];
  readonly warned: readonly string[];
}

/** What an API server would answer with these policies. */
function answerOf(request: Request, objects: readonly Manifest[]): Answer {
  const actions = new Map(
    objects
      .filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
      .map(({ spec }) => [(spec as BindingSpec).policyName, (spec as BindingSpec).validationActions[0]] as const),
  );
  const told = { Deny: [] as string[], Warn: [] as string[] };
  for (const { kind, metadata, spec } of objects) {
    if (kind !== 'ValidatingAdmissionPolicy') continue;
    const action = actions.get(metadata.name);
    if (action !== undefined) told[action].push(...failuresOf(request, spec as PolicySpec));
  }
  return { denied: told.Deny, warned: told.Warn };
}

function failuresOf(request: Request, spec: PolicySpec): readonly string[] {
  const scope = scopeOf(request);
  if (!spec.matchConstraints.resourceRules.some(({ resources }) => resources.includes(request.resource))) return [];
  if (!spec.matchConditions.every(({ expression }) => evaluateCel(expression, scope) === true)) return [];
  return parametersOf(request, spec).flatMap((params) => {
    const whole = { ...scope, params };
    const variables = {};
    // Each is evaluated when it is first needed, with those before it at hand.
    for (const { name, expression } of spec.variables)
      Object.defineProperty(variables, name, { get: () => evaluateCel(expression, { ...whole, variables }) });
    const inner = { ...whole, variables };
    return spec.validations
      .filter(({ expression }) => evaluateCel(expression, inner) !== true)
      .map(({ messageExpression }) => String(evaluateCel(messageExpression, inner)));
  });
}

function parametersOf({ deployments, autoscalers }: Request, { paramKind }: PolicySpec): readonly (Fields | null)[] {
  if (paramKind === undefined) return [null];
  return paramKind.kind === 'Deployment' ? deployments : autoscalers;
}
