import { createHash } from 'node:crypto';
import type { AppConfig } from './model.ts';

/** `sha256:` and 64 hex digits over the parsed configuration: order of keys, comments and shorthands do not matter. */
export function configHash(config: AppConfig): string {
  return `sha256:${createHash('sha256').update(canonicalJson(config)).digest('hex')}`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
