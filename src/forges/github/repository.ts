import type { Repository } from '../port.ts';
import { asObject } from '../payloads/fields.ts';
import { repositoryOf } from '../payloads/repository.ts';

/** The repository of a payload, or undefined when it names none. */
export function readRepository(value: unknown): Repository | undefined {
  const repository = asObject(value);
  if (repository === undefined) return undefined;
  const { full_name: path, id, html_url: page, clone_url: https, ssh_url: ssh } = repository;
  return repositoryOf({ path, id, page, cloneUrls: [https, ssh] }, 2);
}
