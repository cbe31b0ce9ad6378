import { assertNever } from '../../../kernel/index.ts';
import type { CommitStatus, Forge, Ref, RepositoryKey } from '../../api-port.ts';
import { reasonOf, statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut } from '../../api/marker.ts';
import { readFresh } from '../../api/pages.ts';
import { readRef } from '../../payloads/refs.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';

const LONGEST_DESCRIPTION = 255;

type GitlabState = 'pending' | 'running' | 'success' | 'failed' | 'canceled';

export function handlesCommits(client: GitlabClient): Pick<Forge, 'setCommitStatus' | 'listRefs'> {
  return {
    setCommitStatus: (repository, sha, status) =>
      client.ask(`set the status of ${sha.slice(0, 12)} in ${repository.fullName}`, (api) =>
        setStatus({ api, repository, sha }, status),
      ),
    listRefs: (repository, { etag } = {}) => {
      const act = `list the branches and tags of ${repository.fullName}`;
      const project = projectOf(repository);
      const branches = client.page(
        (api, page) => api.branches.all(project, { perPage: PER_PAGE, page }),
        ({ name, commit }) => refOf('heads', name, commit.id),
      );
      // The commit, as in webhooks: the target of an annotated tag is the tag itself.
      const tags = client.page(
        (api, page) => api.tags.all(project, { perPage: PER_PAGE, page }),
        ({ name, commit }) => refOf('tags', name, commit.id),
      );
      return client.ask(act, () => readFresh([branches, tags], etag ?? null, client.bounds(act)));
    },
  };
}

interface StatusPlace {
  readonly api: GitlabApi;
  readonly repository: RepositoryKey;
  readonly sha: string;
}

/** GitLab refuses to set the state that a status already has. */
async function setStatus(place: StatusPlace, status: CommitStatus): Promise<void> {
  const state = stateOf(status.state);
  try {
    await place.api.commits.editStatus(projectOf(place.repository), place.sha, state, {
      name: status.context,
      description: cut(status.description, LONGEST_DESCRIPTION),
      ...(status.url === null ? {} : { targetUrl: status.url }),
    });
  } catch (error) {
    const isTransition = statusOf(error) === 400 && /cannot transition status/i.test(reasonOf(error));
    if (!isTransition || (await currentState(place, status.context)) !== state) throw error;
  }
}

async function currentState({ api, repository, sha }: StatusPlace, name: string): Promise<string | undefined> {
  const query = { name, perPage: PER_PAGE, page: 1 };
  const statuses = await api.commits.allStatuses(projectOf(repository), sha, query);
  return statuses.find((each) => each.name === name)?.status;
}

function stateOf(state: CommitStatus['state']): GitlabState {
  switch (state) {
    case 'pending':
    case 'running':
    case 'success':
      return state;
    case 'failure':
      return 'failed';
    case 'cancelled':
      return 'canceled';
    default:
      return assertNever(state);
  }
}

/** Refs reach git as arguments. */
function refOf(namespace: 'heads' | 'tags', name: string, sha: string): readonly Ref[] {
  const ref = `refs/${namespace}/${name}`;
  const { kind } = readRef(ref);
  return kind === 'branch' || kind === 'tag' ? [{ ref, sha }] : [];
}
