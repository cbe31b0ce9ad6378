import { FunadeError } from '../../../kernel/index.ts';
import { failureOf } from '../../api/failure.ts';
import type { GithubClient, Place } from './client.ts';

const TO_DRAFT = `mutation($id: ID!) {
  convertPullRequestToDraft(input: { pullRequestId: $id }) { pullRequest { isDraft } }
}`;
const TO_READY = `mutation($id: ID!) {
  markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } }
}`;

/** Only the GraphQL API turns a draft into a ready pull request and back. */
export async function setDraft(
  { client, place, act }: { readonly client: GithubClient; readonly place: Place; readonly act: string },
  nodeId: string,
  draft: boolean,
): Promise<void> {
  try {
    await place.octokit.graphql(draft ? TO_DRAFT : TO_READY, { id: nodeId, headers: place.at.headers });
  } catch (error) {
    if (failureOf(error) !== undefined) throw error;
    throw graphqlError(error, client.host, act);
  }
}

/** GraphQL answers 200 with `errors`; Octokit's error holds them, and the request beside them. */
function graphqlError(error: unknown, host: string, act: string): unknown {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return error;
  const [first] = error.errors as readonly { readonly type?: string; readonly message?: string }[];
  const reason = first?.message ?? 'GraphQL error';
  if (first?.type === 'NOT_FOUND') return new FunadeError('FUN_FORGE_NOT_FOUND', { act, host });
  if (first?.type === 'FORBIDDEN') return new FunadeError('FUN_FORGE_REFUSED', { act, host, reason });
  return new FunadeError('FUN_FORGE_REJECTED', { act, host, status: 200, reason });
}
