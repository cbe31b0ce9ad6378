import { createHash } from 'node:crypto';
import type { AppConfig } from './model.ts';

/**
 * `sha256:` and 64 hex digits over what a release is made of: order of keys, comments and shorthands do not matter. What agents
 * may do is no part of a release. A setting that came later is left out while it is not used, so that what was released
 * before keeps its hash.
 */
export function configHash(config: AppConfig): string {
  return `sha256:${createHash('sha256')
    .update(canonicalJson(releasedPart(config)))
    .digest('hex')}`;
}

function releasedPart({ agent: _agent, environments, ...config }: AppConfig): object {
  const released = Object.entries(environments).map(([name, { onFailure, ...environment }]) => {
    return [name, onFailure === 'issue' ? { ...environment, onFailure } : environment] as const;
  });
  return { ...config, environments: Object.fromEntries(released) };
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
