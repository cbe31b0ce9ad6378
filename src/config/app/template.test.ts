import { z } from 'zod';
import { parse as parseYaml } from 'yaml';
import { expect, test } from 'vitest';
import { appConfigJsonSchema, appConfigTemplate, configHash, parseAppConfig } from '../index.ts';

function parsed(yaml: string) {
  const result = parseAppConfig(yaml, 'funade.yaml');
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 2));
  return result.value;
}

/** Names of all keys that the schema knows, at every depth. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

test('the template that `config init` writes has no faults', () => {
  const config = parsed(appConfigTemplate('shop'));
  expect(config.app).toBe('shop');
  expect(config.environments['production']?.strategy.kind).toBe('canary');
});

test('the template names every key that can be written, and the default where it has one', () => {
  const template = appConfigTemplate();
  const unnamed = keysOf(appConfigJsonSchema()).filter((key) => !new RegExp(`\\b${key}\\b`).test(template));
  expect([...new Set(unnamed)]).toEqual(['weight', 'duration']); // long forms of `{ pause: 10s }` and `10`
});

test('the schema for editors accepts the template', () => {
  const schema = z.fromJSONSchema(appConfigJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  expect(schema.safeParse(parseYaml(appConfigTemplate())).success).toBe(true);
});

test('the schema for editors refuses unknown keys, except notes', () => {
  const schema = JSON.stringify(appConfigJsonSchema());
  expect(schema).toContain('"$schema":"https://json-schema.org/draft/2020-12/schema"');
  expect(schema.split('"additionalProperties":false').length).toBe(
    schema.split('"patternProperties":{"^x-":{}}').length,
  );
});

test('the hash of a configuration does not depend on order, comments or shorthands', () => {
  const one = parsed('version: 1\napp: shop\npipeline: [{ deploy: prod }]\nenvironments: { prod: { target: noop } }\n');
  const same = parsed(
    '# other words\nenvironments:\n  prod: { strategy: rolling, target: noop }\npipeline:\n  - deploy: { timeout: 48h, to: prod }\napp: shop\nversion: 1\n',
  );
  const other = parsed(
    'version: 1\napp: shop\npipeline: [{ deploy: prod }]\nenvironments: { prod: { target: noop, concurrency: queue } }\n',
  );
  expect(configHash(one)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(configHash(same)).toBe(configHash(one));
  expect(configHash(other)).not.toBe(configHash(one));
});
