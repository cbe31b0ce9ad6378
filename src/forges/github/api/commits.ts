import { assertNever } from '../../../kernel/index.ts';
import type { CommitStatus, Forge, Ref } from '../../api-port.ts';
import { statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut } from '../../api/marker.ts';
import { type AskPage, readFresh } from '../../api/pages.ts';
import { readRef } from '../../payloads/refs.ts';
import { pageOf } from './answers.ts';
import { unlessTag } from './call.ts';
import type { GithubClient, Place } from './client.ts';

const LONGEST_DESCRIPTION = 140;

export function handlesCommits(client: GithubClient): Pick<Forge, 'setCommitStatus' | 'listRefs'> {
  return {
    setCommitStatus: (repository, sha, status) =>
      client.inRepository(
        repository,
        `set the status of ${sha.slice(0, 12)} in ${repository.fullName}`,
        async (place) => {
          const { octokit, at } = place;
          await octokit.rest.repos.createCommitStatus({
            ...at,
            sha,
            state: stateOf(status.state),
            context: status.context,
            description: cut(status.description, LONGEST_DESCRIPTION),
            ...(status.url === null ? {} : { target_url: status.url }),
          });
        },
      ),
    listRefs: (repository, { etag } = {}) => {
      const act = `list the branches and tags of ${repository.fullName}`;
      return client.inRepository(repository, act, (place) =>
        readFresh([refPages(place, 'heads'), refPages(place, 'tags')], etag ?? null, client.bounds(act)),
      );
    },
  };
}

function stateOf(state: CommitStatus['state']): 'pending' | 'success' | 'failure' | 'error' {
  switch (state) {
    case 'pending':
    case 'running':
      return 'pending';
    case 'success':
    case 'failure':
      return state;
    case 'cancelled':
      return 'error';
    default:
      return assertNever(state);
  }
}

function refPages({ octokit, at }: Place, namespace: 'heads' | 'tags'): AskPage<Ref> {
  return async (page, etag) => {
    try {
      const answer = await octokit.request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
        ...unlessTag(at, etag),
        ref: namespace,
        per_page: PER_PAGE,
        page,
      });
      const refs = answer.data.map(({ ref, object }) => ({ ref, sha: object.sha }));
      return pageOf(
        answer,
        refs.filter(({ ref }) => ref.startsWith(`refs/${namespace}/`) && isUsable(ref)),
      );
    } catch (error) {
      if (statusOf(error) === 304) return 'unchanged';
      throw error;
    }
  };
}

/** Refs reach git as arguments. */
function isUsable(ref: string): boolean {
  const { kind } = readRef(ref);
  return kind === 'branch' || kind === 'tag';
}
