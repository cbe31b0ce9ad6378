import type { Comment, Forge, SubjectKey } from '../../api-port.ts';
import type { Actor } from '../../port.ts';
import { isActor } from '../../api/actors.ts';
import { orNull } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { hasMarker, withMarker } from '../../api/marker.ts';
import { createOwnComments, isAfter, oldestFirst } from '../../api/own-comments.ts';
import { readPages } from '../../api/pages.ts';
import { pageOf, readComment } from './answers.ts';
import type { GithubClient, Place } from './client.ts';
import { nameOf } from './subjects.ts';

const LONGEST_BODY = 65_000;

/** Pull requests have their comments where issues do. */
export function writesComments(
  client: GithubClient,
  self: () => Promise<Actor>,
): Pick<Forge, 'upsertComment' | 'listComments'> {
  const upsert = createOwnComments(client.clock);
  return {
    upsertComment: (subject, marker, body) =>
      client.inRepository(subject.repository, `comment on ${nameOf(subject)}`, (place) =>
        upsert(subject, marker, {
          find: async () => {
            const me = await self();
            const comments = await listComments(client, place, subject);
            return (
              comments.find(({ author, body: text }) => isActor(author, me) && hasMarker(text, marker))?.id ?? null
            );
          },
          edit: (id) => edit(place, id, withMarker(marker, body, LONGEST_BODY)),
          create: () => create(place, subject.number, withMarker(marker, body, LONGEST_BODY)),
        }),
      ),
    listComments: (subject, sinceId) =>
      client.inRepository(subject.repository, `list the comments of ${nameOf(subject)}`, async (place) =>
        (await listComments(client, place, subject)).filter(isAfter(sinceId)),
      ),
  };
}

async function listComments(
  client: GithubClient,
  { octokit, at }: Place,
  subject: SubjectKey,
): Promise<readonly Comment[]> {
  const comments = await readPages(
    async (page) => {
      const answer = await octokit.rest.issues.listComments({
        ...at,
        issue_number: subject.number,
        per_page: PER_PAGE,
        page,
      });
      return pageOf(answer, answer.data.map(readComment));
    },
    client.bounds(`list the comments of ${nameOf(subject)}`),
  );
  return oldestFirst(comments);
}

async function edit({ octokit, at }: Place, id: string, body: string): Promise<Comment | null> {
  // The id stays text: it can be longer than a number holds.
  const parameters = { ...at, comment_id: id as unknown as number, body };
  const answer = await orNull(octokit.rest.issues.updateComment(parameters));
  return answer === null ? null : readComment(answer.data);
}

async function create({ octokit, at }: Place, number: number, body: string): Promise<Comment> {
  return readComment((await octokit.rest.issues.createComment({ ...at, issue_number: number, body })).data);
}
