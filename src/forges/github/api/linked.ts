import { FunadeError } from '../../../kernel/index.ts';
import { failureOf } from '../../api/failure.ts';
import type { GithubClient, Place } from './client.ts';

const LINKED = `query($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) {
    issue(number: $number) {
      closedByPullRequestsReferences(first: 50, includeClosedPrs: false) { nodes { number } }
    }
  }
}`;

interface LinkedAnswer {
  readonly repository: {
    readonly issue: {
      readonly closedByPullRequestsReferences: {
        readonly nodes: readonly ({ readonly number: number } | null)[];
      } | null;
    } | null;
  } | null;
}

interface GraphqlFault {
  readonly type?: string;
  readonly message?: string;
}

/**
 * Numbers of the open pull requests that somebody linked to an issue by hand, which only the GraphQL API knows. None where it does not know
 * them either: servers of GitHub Enterprise that are older than this, and what our account may not see. Any other trouble is thrown: who is
 * told "none" opens a second one.
 */
export async function linkedTo(client: GithubClient, place: Place, issue: number): Promise<ReadonlySet<number>> {
  const { owner, repo, headers } = place.at;
  try {
    const answer = await place.octokit.graphql<LinkedAnswer>(LINKED, { owner, repo, number: issue, headers });
    const nodes = answer.repository?.issue?.closedByPullRequestsReferences?.nodes ?? [];
    return new Set(nodes.filter((node) => node !== null).map(({ number }) => number));
  } catch (error) {
    if (failureOf(error) !== undefined) throw error;
    const faults = faultsOf(error);
    if (faults.length === 0) throw error;
    const telling = faults.find((fault) => !isAbsence(fault));
    if (telling !== undefined) {
      const act = `look for a pull request in ${place.fullName}`;
      throw new FunadeError('FUN_FORGE_UNREACHABLE', {
        act,
        host: client.host,
        reason: telling.message ?? 'no reason',
      });
    }
    client.logger.debug({ repository: place.fullName, issue }, 'the forge does not tell what is linked to an issue');
    return new Set();
  }
}

/** GraphQL answers 200 with `errors`. */
function faultsOf(error: unknown): readonly GraphqlFault[] {
  const isGraphql = error instanceof Error && 'errors' in error && Array.isArray(error.errors);
  return isGraphql ? (error.errors as readonly GraphqlFault[]) : [];
}

function isAbsence({ type, message = '' }: GraphqlFault): boolean {
  return type === 'NOT_FOUND' || type === 'FORBIDDEN' || /doesn't (?:exist on type|accept argument)/.test(message);
}
