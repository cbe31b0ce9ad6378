import { FunadeError } from '../../../kernel/index.ts';
import type { Forge, RepositoryKey } from '../../api-port.ts';
import { isActor } from '../../api/actors.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut, hasMarker, withMarker } from '../../api/marker.ts';
import { type OpenedIssue, createOwnIssues } from '../../api/own-issues.ts';
import { readPages } from '../../api/pages.ts';
import type { Actor } from '../../port.ts';
import { type SubjectAnswer, pageOf, readSubject } from './answers.ts';
import type { GithubClient, Place } from './client.ts';

const LONGEST_TITLE = 256;
const LONGEST_BODY = 65_000;

export function opensIssues(client: GithubClient, self: () => Promise<Actor>): Pick<Forge, 'openIssue' | 'closeIssue'> {
  const openOnce = createOwnIssues();
  return {
    openIssue: (repository, issue) =>
      client.inRepository(repository, `open an issue in ${repository.fullName}`, (place) =>
        openOnce(repository, issue, {
          find: async (since) => {
            const me = await self();
            const issues = await listSince(client, place, since);
            return issues.find(({ author, body }) => isActor(author, me) && hasMarker(body, issue.marker)) ?? null;
          },
          create: async () => {
            const { data } = await place.octokit.rest.issues.create({
              ...place.at,
              title: cut(issue.title, LONGEST_TITLE),
              body: withMarker(issue.marker, issue.body, LONGEST_BODY),
              // Those that the repository does not have are made by this.
              labels: [...issue.labels],
            });
            return readSubject(data, 'issue');
          },
          label: ({ number }, missing) => putOn(place, number, missing),
        }),
      ),
    closeIssue: (repository, number) => close(client, repository, number),
  };
}

/** Issues that changed since then; the search API lags. */
async function listSince(client: GithubClient, { octokit, at, fullName }: Place, since: number) {
  return readPages(
    async (page) => {
      const answer = await octokit.rest.issues.listForRepo({
        ...at,
        state: 'all',
        since: new Date(since).toISOString(),
        sort: 'created',
        direction: 'desc',
        per_page: PER_PAGE,
        page,
      });
      const issues: readonly SubjectAnswer[] = answer.data.filter((each) => each.pull_request === undefined);
      return pageOf(
        answer,
        issues.map((each) => readSubject(each, 'issue')),
      );
    },
    client.bounds(`list the issues of ${fullName}`),
  );
}

async function putOn({ octokit, at }: Place, number: OpenedIssue['number'], labels: readonly string[]): Promise<void> {
  await octokit.rest.issues.addLabels({ ...at, issue_number: number, labels: [...labels] });
}

/** GitHub's issues API closes pull requests as well, which nobody asked for. */
function close(client: GithubClient, repository: RepositoryKey, number: number): Promise<void> {
  const act = `close ${repository.fullName}#${number}`;
  return client.inRepository(repository, act, async ({ octokit, at }) => {
    const { data } = await octokit.rest.issues.get({ ...at, issue_number: number });
    if (data.pull_request !== undefined) throw new FunadeError('FUN_FORGE_NOT_FOUND', { act, host: client.host });
    if (data.state === 'closed') return;
    await octokit.rest.issues.update({ ...at, issue_number: number, state: 'closed', state_reason: 'completed' });
  });
}
