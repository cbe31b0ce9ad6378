import type { Comment, Forge, SubjectKey } from '../../api-port.ts';
import { isActor } from '../../api/actors.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { hasMarker, withMarker } from '../../api/marker.ts';
import { createMemory } from '../../api/memory.ts';
import { createOwnComments, isAfter, oldestFirst } from '../../api/own-comments.ts';
import { readPages } from '../../api/pages.ts';
import type { Actor } from '../../port.ts';
import { orAbsent } from './absent.ts';
import { type NoteAnswer, isInternal, readComment } from './answers.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';
import { withoutQuickActions } from './quick-actions.ts';
import { askSubject, nameOf } from './subjects.ts';

const LONGEST_BODY = 500_000;
const PAGE_LIFE_MS = 10 * 60_000;

export function writesComments(
  client: GitlabClient,
  self: () => Promise<Actor>,
): Pick<Forge, 'upsertComment' | 'listComments'> {
  const upsert = createOwnComments(client.clock);
  /** Addresses of subjects, which those of comments are made from. */
  const pages = createMemory<string>(client.clock, PAGE_LIFE_MS);
  const pageOf = (api: GitlabApi, subject: SubjectKey) =>
    pages.get(JSON.stringify([projectOf(subject.repository), subject.kind, subject.number]), async () => {
      const { web_url: page } = await askSubject(api, subject);
      return page;
    });

  return {
    upsertComment: (subject, marker, body) =>
      client.ask(`comment on ${nameOf(subject)}`, async (api) => {
        const page = await pageOf(api, subject);
        const text = withMarker(marker, withoutQuickActions(body), LONGEST_BODY);
        return upsert(subject, marker, {
          find: async () => {
            const me = await self();
            const comments = await listComments(client, subject, page);
            return comments.find((each) => isActor(each.author, me) && hasMarker(each.body, marker))?.id ?? null;
          },
          edit: async (id) => {
            const note = await orAbsent(editNote(api, subject, id, text));
            return note === null ? null : readComment(note, page);
          },
          create: async () => readComment(await createNote(api, subject, text), page),
        });
      }),
    listComments: (subject, sinceId) =>
      client.ask(`list the comments of ${nameOf(subject)}`, async (api) => {
        const comments = await listComments(client, subject, await pageOf(api, subject));
        return comments.filter(isAfter(sinceId));
      }),
  };
}

async function listComments(client: GitlabClient, subject: SubjectKey, page: string): Promise<readonly Comment[]> {
  const comments = await readPages(
    client.page(
      async (api, number) => {
        const query = { sort: 'asc', orderBy: 'created_at', perPage: PER_PAGE, page: number } as const;
        const project = projectOf(subject.repository);
        const answers =
          subject.kind === 'issue'
            ? await api.issueNotes.all(project, subject.number, query)
            : await api.mergeRequestNotes.all(project, subject.number, query);
        return answers as unknown as readonly NoteAnswer[];
      },
      (note) => (isInternal(note) ? [] : [readComment(note, page)]),
    ),
    client.bounds(`list the comments of ${nameOf(subject)}`),
  );
  return oldestFirst(comments);
}

async function editNote(api: GitlabApi, subject: SubjectKey, id: string, body: string): Promise<NoteAnswer> {
  const project = projectOf(subject.repository);
  const answer =
    subject.kind === 'issue'
      ? await api.issueNotes.edit(project, subject.number, Number(id), { body })
      : await api.mergeRequestNotes.edit(project, subject.number, Number(id), { body });
  return answer as unknown as NoteAnswer;
}

async function createNote(api: GitlabApi, subject: SubjectKey, body: string): Promise<NoteAnswer> {
  const project = projectOf(subject.repository);
  const answer =
    subject.kind === 'issue'
      ? await api.issueNotes.create(project, subject.number, body)
      : await api.mergeRequestNotes.create(project, subject.number, body);
  return answer as unknown as NoteAnswer;
}
