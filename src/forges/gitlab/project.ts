import { type Payload, asId, asObject } from '../payloads/fields.ts';
import { repositoryOf } from '../payloads/repository.ts';
import type { Repository } from '../port.ts';

/** A group in a group in a group …: GitLab allows 20 below the first. */
const DEEPEST_PATH = 22;

/** The project of a payload; of a merge request the one that it goes to. Older versions of GitLab name its id beside it only. */
export function readProject(payload: Payload): Repository | undefined {
  const project = asObject(payload['project']);
  if (project === undefined) return undefined;
  const attributes = asObject(payload['object_attributes']);
  const { path_with_namespace: path, web_url: page, git_http_url: https, git_ssh_url: ssh } = project;
  const id =
    asId(project['id']) ?? payload['project_id'] ?? attributes?.['target_project_id'] ?? attributes?.['project_id'];
  return repositoryOf({ path, id, page, cloneUrls: [https, ssh] }, DEEPEST_PATH);
}
