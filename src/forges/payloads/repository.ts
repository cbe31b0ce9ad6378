import type { HeadCommit, Repository } from '../port.ts';
import { LIMITS, asId, asObject, asSha, asText, asTime, hostOf } from './fields.ts';

const LONGEST_PATH = 512;
const SEGMENT = /^[\w.-]+$/;

/**
 * A repository from what its forge calls its fields, or undefined when it has no usable path. `segments`: how many parts the path may
 * have, since GitLab's groups nest.
 */
export function repositoryOf(
  fields: {
    readonly path: unknown;
    readonly id: unknown;
    readonly page: unknown;
    readonly cloneUrls: readonly unknown[];
  },
  segments: number,
): Repository | undefined {
  const fullName = fields.path;
  if (typeof fullName !== 'string' || !isPath(fullName, segments)) return undefined;
  const cloneUrls = fields.cloneUrls.map((url) => asText(url, LIMITS.url)).filter((url) => url !== undefined);
  return { host: hostOf(fields.page) ?? hostOf(cloneUrls[0]), id: asId(fields.id), fullName, cloneUrls };
}

/** It becomes part of addresses and file names: no `..`, and nothing that reads as an option. */
function isPath(path: string, segments: number): boolean {
  const parts = path.split('/');
  if (path.length > LONGEST_PATH || path.startsWith('-') || parts.length < 2 || parts.length > segments) return false;
  return parts.every((part) => SEGMENT.test(part) && part !== '.' && part !== '..');
}

export function commitOf(value: unknown): HeadCommit | null {
  const commit = asObject(value);
  const sha = asSha(commit?.['id']);
  if (commit === undefined || sha === undefined || sha === null) return null;
  const author = asObject(commit['author']);
  return {
    sha,
    message: asText(commit['message'], LIMITS.message) ?? '',
    author: asText(author?.['username']) ?? asText(author?.['name']) ?? 'unknown',
    at: asTime(commit['timestamp']),
  };
}
