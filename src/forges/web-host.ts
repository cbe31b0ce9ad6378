import { githubHost } from './github/api/forge.ts';
import { gitlabHost } from './gitlab/api/forge.ts';

/**
 * Host of the pages that belong to an API's address, with its port where it has one: `github.com` of `https://api.github.com`. It is
 * what tells one forge from another; payloads may name other hosts, where a proxy stands in front.
 */
export function webHostOf(kind: 'github' | 'gitlab', apiUrl: string): string {
  return kind === 'github' ? githubHost(apiUrl) : gitlabHost(apiUrl);
}
