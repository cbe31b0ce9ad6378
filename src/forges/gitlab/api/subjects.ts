import type { Forge, SubjectKey, SubjectState } from '../../api-port.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { type AskPage, readFresh } from '../../api/pages.ts';
import { orAbsent } from './absent.ts';
import { type SubjectAnswer, isOffList, readAuthor, readSubject } from './answers.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';
import { lastLabelEvent } from './label-events.ts';

export function readsSubjects(client: GitlabClient): Pick<Forge, 'read' | 'listLabelled' | 'labelling'> {
  return {
    read: (key) =>
      client.ask(`read ${nameOf(key)}`, async (api) => {
        const answer = await orAbsent(askSubject(api, key));
        return answer === null || isOffList(answer) ? null : readSubject(answer, key.kind);
      }),
    listLabelled: (repository, label, { since, etag } = {}) => {
      const act = `list what is labelled ${label} in ${repository.fullName}`;
      const query: LabelledQuery = {
        projectId: projectOf(repository),
        labels: label,
        state: 'opened',
        // What a list that is too long loses are those that nobody has touched for longest.
        orderBy: 'updated_at',
        sort: 'desc',
        perPage: PER_PAGE,
        ...(since === undefined ? {} : { updatedAfter: new Date(since).toISOString() }),
      };
      const lists = [issuePages(client, query), changePages(client, query)];
      return client.ask(act, () => readFresh(lists, etag ?? null, client.bounds(act)));
    },
    labelling: (subject, label) =>
      client.ask(`read who labelled ${nameOf(subject)}`, async () => {
        const event = await lastLabelEvent(client, subject, label, ['add']);
        if (event === null) return null;
        return { id: event.id, label, actor: readAuthor(event.actor), at: event.at };
      }),
  };
}

export function nameOf({ repository, kind, number }: SubjectKey): string {
  return `${repository.fullName}${kind === 'issue' ? '#' : '!'}${number}`;
}

export async function askSubject(api: GitlabApi, key: SubjectKey): Promise<SubjectAnswer> {
  const project = projectOf(key.repository);
  if (key.kind === 'issue') {
    return (await api.issues.show(key.number, { projectId: project })) as unknown as SubjectAnswer;
  }
  return (await api.mergeRequests.show(project, key.number)) as unknown as SubjectAnswer;
}

interface LabelledQuery {
  readonly projectId: string;
  readonly labels: string;
  readonly state: 'opened';
  readonly orderBy: 'updated_at';
  readonly sort: 'desc';
  readonly perPage: number;
  readonly updatedAfter?: string;
}

function issuePages(client: GitlabClient, query: LabelledQuery): AskPage<SubjectState> {
  return client.page(
    async (api, page) =>
      (await api.issues.all({ ...query, page, confidential: false })) as unknown as readonly SubjectAnswer[],
    (answer) => (isOffList(answer) ? [] : [readSubject(answer, 'issue')]),
  );
}

function changePages(client: GitlabClient, query: LabelledQuery): AskPage<SubjectState> {
  return client.page(
    async (api, page) => (await api.mergeRequests.all({ ...query, page })) as unknown as readonly SubjectAnswer[],
    (answer) => [readSubject(answer, 'change')],
  );
}
