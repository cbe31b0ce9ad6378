import type { HeadCommit, Repository } from '../port.ts';
import { asObject, asText } from './payload.ts';

const FULL_NAME = /^[\w.-]+\/[\w.-]+$/;

/** The repository of a payload, or undefined when it names none. */
export function readRepository(value: unknown): Repository | undefined {
  const repository = asObject(value);
  const fullName = asText(repository?.['full_name']);
  if (repository === undefined || fullName === undefined || !FULL_NAME.test(fullName)) return undefined;
  const id = repository['id'];
  const cloneUrls = [asText(repository['clone_url']), asText(repository['ssh_url'])];
  return {
    host: hostOf(asText(repository['html_url'])) ?? hostOf(cloneUrls[0]),
    id: typeof id === 'number' || typeof id === 'string' ? String(id) : null,
    fullName,
    cloneUrls: cloneUrls.filter((url) => url !== undefined),
  };
}

function hostOf(url: string | undefined): string | null {
  if (url === undefined || !URL.canParse(url)) return null;
  const { host } = new URL(url);
  return host === '' ? null : host;
}

export function readHeadCommit(value: unknown): HeadCommit | null {
  const commit = asObject(value);
  const sha = asText(commit?.['id']);
  if (commit === undefined || sha === undefined) return null;
  const author = asObject(commit['author']);
  const at = Date.parse(asText(commit['timestamp']) ?? '');
  return {
    sha,
    message: asText(commit['message']) ?? '',
    author: asText(author?.['username']) ?? asText(author?.['name']) ?? 'unknown',
    at: Number.isNaN(at) ? null : at,
  };
}
