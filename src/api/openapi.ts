import swagger from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ApiApp } from './app.ts';
import { problemView } from './contract/index.ts';

type Json = Record<string, unknown>;

const PROBLEM = { $ref: '#/components/responses/Problem' };

/** Collects the schemas of all routes that are registered afterwards. */
export function collectSchemas(app: ApiApp, version: string): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Funade', version, description: 'From a Git push to production and back.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
}

/** `/api/v1/openapi.json`: the API as it was registered, with the problem answer that every operation can give. */
export function registerOpenApi(app: ApiApp): void {
  let document: Json | null = null;
  app.get(
    '/openapi.json',
    { schema: { summary: 'This description', response: { 200: z.record(z.string(), z.unknown()) } } },
    () => (document ??= complete(app.swagger() as unknown as Json)),
  );
}

function complete(generated: Json): Json {
  const paths = generated['paths'] as Record<string, Record<string, Json>>;
  const completed = Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, withProblem(path, operation)]),
      ),
    ]),
  );
  const { $schema: _, ...problem } = z.toJSONSchema(problemView);
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const components = {
    ...(generated['components'] as Json),
    schemas: { ...((generated['components'] as Json)['schemas'] as Json), Problem: problem },
    responses: { Problem: { description: 'What went wrong, and what to do about it', content } },
  };
  return { ...generated, components, paths: completed };
}

function withProblem(path: string, operation: Json): Json {
  if (!path.startsWith('/api/')) return operation;
  const responses = { ...(operation['responses'] as Json), default: PROBLEM };
  return { ...operation, security: [{ token: [] }], responses };
}
