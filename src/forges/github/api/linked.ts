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

/**
 * Numbers of the open pull requests that somebody linked to an issue by hand, which only the GraphQL API knows. None where it does not know
 * them either: servers of GitHub Enterprise that are older than this.
 */
export async function linkedTo(client: GithubClient, place: Place, issue: number): Promise<ReadonlySet<number>> {
  const { owner, repo, headers } = place.at;
  try {
    const answer = await place.octokit.graphql<LinkedAnswer>(LINKED, { owner, repo, number: issue, headers });
    const nodes = answer.repository?.issue?.closedByPullRequestsReferences?.nodes ?? [];
    return new Set(nodes.filter((node) => node !== null).map(({ number }) => number));
  } catch (error) {
    if (failureOf(error) !== undefined) throw error;
    client.logger.debug({ repository: place.fullName, issue }, 'the forge does not tell what is linked to an issue');
    return new Set();
  }
}
