import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { rolloutView } from './contract/index.ts';
import type { ApiApp } from './app.ts';

type Json = { readonly [key: string]: unknown };

let started: TestApi;
let document: Json;

function registerRollouts(app: ApiApp): void {
  const schema = { params: z.object({ id: z.string() }), response: { 200: rolloutView } };
  app.get('/rollouts/:id', { schema }, () => {
    throw new Error('only its description is wanted');
  });
}

beforeEach(async () => {
  started = await createTestApi({ resources: [registerRollouts] });
  const answer = await started.api.app.inject({
    url: '/api/v1/openapi.json',
    headers: await started.bearer('viewer'),
  });
  document = answer.json();
});

afterEach(() => started.close());

function operations(): readonly (readonly [string, Json])[] {
  const paths = document['paths'] as Record<string, Record<string, Json>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );
}

function references(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

test('the description is OpenAPI 3.1 of this version with every route', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Funade', version: '1.2.3' } });
  const names = operations().map(([name]) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'get /api/v1/tokens',
      'post /api/v1/tokens',
      'delete /api/v1/tokens/{id}',
      'post /api/v1/session',
      'get /api/v1/events',
      'get /api/v1/rollouts/{id}',
      'get /readyz',
      'get /metrics',
    ]),
  );
});

test('each route describes its answer, and each of the API also its problems', () => {
  for (const [name, operation] of operations()) {
    const { default: problem, ...answers } = operation['responses'] as Record<string, Json>;
    expect(Object.keys(answers).length, name).toBeGreaterThan(0);
    for (const [status, answer] of Object.entries(answers)) {
      if (status === '204') continue;
      const contents = Object.values((answer['content'] ?? {}) as Record<string, Json>);
      expect(contents.length, `${name} ${status}`).toBeGreaterThan(0);
      for (const { schema } of contents) expect(Object.keys(schema as Json).length, name).toBeGreaterThan(0);
    }
    if (name.includes('/api/')) expect(problem, name).toEqual({ $ref: '#/components/responses/Problem' });
  }
});

test('path parameters are declared and every reference leads somewhere', () => {
  for (const [name, operation] of operations()) {
    const declared = ((operation['parameters'] ?? []) as { in: string; name: string }[])
      .filter((parameter) => parameter.in === 'path')
      .map((parameter) => parameter.name);
    expect(declared, name).toEqual([...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
  }
  const all = references(document);
  expect(all.length).toBeGreaterThan(0);
  for (const reference of all) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], document);
    expect(found, reference).toBeDefined();
  }
});
