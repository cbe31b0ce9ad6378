import type { Change, ChangeState, Forge, NewChange, RepositoryKey } from '../../api-port.ts';
import { statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut } from '../../api/marker.ts';
import { readPages } from '../../api/pages.ts';
import { orAbsent } from './absent.ts';
import {
  type ChangeAnswer,
  type ProjectAnswer,
  isFromHere,
  plainTitle,
  readChange,
  readChangeState,
} from './answers.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';
import { withoutQuickActions } from './quick-actions.ts';

const LONGEST_TITLE = 255;

export function handlesChanges(
  client: GitlabClient,
): Pick<Forge, 'findChange' | 'createChange' | 'updateChange' | 'readChange'> {
  return {
    findChange: (repository, { head, closes }) =>
      client.ask(`look for a merge request in ${repository.fullName}`, async (api) => {
        const found = (await findByHead(api, repository, head)) ?? (await findByIssue(client, repository, closes));
        return found === null ? null : readChange(found);
      }),
    createChange: (repository, change) =>
      client.ask(`open a merge request of ${change.head} in ${repository.fullName}`, (api) =>
        create(api, repository, change),
      ),
    updateChange: (repository, number, change) =>
      client.ask(`edit the merge request ${repository.fullName}!${number}`, (api) =>
        update(api, { repository, number }, change),
      ),
    readChange: (repository, number) =>
      client.ask(`read the merge request ${repository.fullName}!${number}`, (api) =>
        readState(api, repository, number),
      ),
  };
}

async function findByHead(api: GitlabApi, repository: RepositoryKey, head: string): Promise<ChangeAnswer | null> {
  const answers = (await api.mergeRequests.all({
    projectId: projectOf(repository),
    state: 'opened',
    sourceBranch: head,
    perPage: PER_PAGE,
    page: 1,
  })) as unknown as readonly ChangeAnswer[];
  return answers.find((answer) => answer.source_branch === head && isFromHere(answer)) ?? null;
}

async function findByIssue(
  client: GitlabClient,
  repository: RepositoryKey,
  issue: number | null,
): Promise<ChangeAnswer | null> {
  if (issue === null) return null;
  const closing = await orAbsent(
    readPages<ChangeAnswer>(
      client.page(
        async (api, page) => {
          const query: object = { perPage: PER_PAGE, page };
          const answers = await api.issues.allClosedByMergeRequestst(projectOf(repository), issue, query);
          return answers as unknown as readonly ChangeAnswer[];
        },
        (answer) => [answer],
      ),
      client.bounds(`list what closes ${repository.fullName}#${issue}`),
    ),
  );
  return closing?.find((answer) => answer.state === 'opened' && isFromHere(answer)) ?? null;
}

async function readState(api: GitlabApi, repository: RepositoryKey, number: number): Promise<ChangeState | null> {
  const shown = await orAbsent(api.mergeRequests.show(projectOf(repository), number));
  if (shown === null) return null;
  const answer = shown as unknown as ChangeAnswer;
  return readChangeState(answer, isFromHere(answer) ? repository.fullName : await forkOf(api, answer));
}

/** Null where the fork was deleted, or is hidden from our account. */
async function forkOf(api: GitlabApi, { source_project_id: id }: ChangeAnswer): Promise<string | null> {
  if (id == null) return null;
  try {
    const project = await api.projects.show(id);
    return (project as unknown as ProjectAnswer).path_with_namespace;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function create(api: GitlabApi, repository: RepositoryKey, change: NewChange): Promise<Change> {
  const existing = await findByHead(api, repository, change.head);
  if (existing !== null) return readChange(existing);
  try {
    const answer = await api.mergeRequests.create(
      projectOf(repository),
      change.head,
      change.base,
      titleOf(change.title, change.draft),
      { description: withoutQuickActions(change.body) },
    );
    return readChange(answer as unknown as ChangeAnswer);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    const winner = await findByHead(api, repository, change.head);
    if (winner === null) throw error;
    return readChange(winner);
  }
}

async function update(
  api: GitlabApi,
  { repository, number }: { readonly repository: RepositoryKey; readonly number: number },
  change: Partial<Pick<NewChange, 'title' | 'body' | 'draft'>>,
): Promise<Change> {
  const project = projectOf(repository);
  const show = async () => readChange((await api.mergeRequests.show(project, number)) as unknown as ChangeAnswer);
  const body: Record<string, string> = {};
  if (change.title !== undefined || change.draft !== undefined) {
    const now = await show();
    const title = titleOf(change.title ?? now.title, change.draft ?? now.draft);
    if (title !== titleOf(now.title, now.draft)) body['title'] = title;
  }
  if (change.body !== undefined) body['description'] = withoutQuickActions(change.body);
  if (Object.keys(body).length === 0) return show();
  return readChange((await api.mergeRequests.edit(project, number, body)) as unknown as ChangeAnswer);
}

/** The title is where GitLab keeps whether it is a draft. */
function titleOf(title: string, draft: boolean): string {
  return cut(draft ? `Draft: ${plainTitle(title)}` : plainTitle(title), LONGEST_TITLE);
}
