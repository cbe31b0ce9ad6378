import type { Forge, RepositoryKey } from '../../api-port.ts';
import { isActor } from '../../api/actors.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut, hasMarker, withMarker } from '../../api/marker.ts';
import { createOwnIssues } from '../../api/own-issues.ts';
import { readPages } from '../../api/pages.ts';
import type { Actor } from '../../port.ts';
import { type SubjectAnswer, readSubject } from './answers.ts';
import { type GitlabClient, projectOf } from './client.ts';
import { withoutQuickActions } from './quick-actions.ts';

const LONGEST_TITLE = 255;
const LONGEST_BODY = 500_000;

export function opensIssues(client: GitlabClient, self: () => Promise<Actor>): Pick<Forge, 'openIssue' | 'closeIssue'> {
  const openOnce = createOwnIssues();
  return {
    openIssue: (repository, issue) =>
      client.ask(`open an issue in ${repository.fullName}`, (api) => {
        const project = projectOf(repository);
        return openOnce(repository, issue, {
          find: async (since) => {
            const me = await self();
            const issues = await listSince(client, repository, since);
            return issues.find(({ author, body }) => isActor(author, me) && hasMarker(body, issue.marker)) ?? null;
          },
          create: async () => {
            const answer = await api.issues.create(project, cut(issue.title, LONGEST_TITLE), {
              description: withMarker(issue.marker, withoutQuickActions(issue.body), LONGEST_BODY),
              // Those that the project does not have are made by this.
              labels: issue.labels.join(','),
            });
            return readSubject(answer as unknown as SubjectAnswer, 'issue');
          },
          label: async ({ number }, missing) => {
            await api.issues.edit(project, number, { addLabels: missing.join(',') });
          },
        });
      }),
    closeIssue: (repository, number) =>
      client.ask(`close ${repository.fullName}#${number}`, async (api) => {
        const project = projectOf(repository);
        const issue = (await api.issues.show(number, { projectId: project })) as unknown as SubjectAnswer;
        if (issue.state === 'closed') return;
        await api.issues.edit(project, number, { stateEvent: 'close' });
      }),
  };
}

/** Issues that were made since then; the search lags. */
async function listSince(client: GitlabClient, repository: RepositoryKey, since: number) {
  return readPages(
    client.page(
      async (api, page) =>
        (await api.issues.all({
          projectId: projectOf(repository),
          createdAfter: new Date(since).toISOString(),
          orderBy: 'created_at',
          sort: 'desc',
          perPage: PER_PAGE,
          page,
        })) as unknown as readonly SubjectAnswer[],
      (answer) => [readSubject(answer, 'issue')],
    ),
    client.bounds(`list the issues of ${repository.fullName}`),
  );
}
