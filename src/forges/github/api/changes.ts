import type { Change, ChangeState, Forge, NewChange, RepositoryKey } from '../../api-port.ts';
import { orNull, reasonOf, statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { cut } from '../../api/marker.ts';
import { readPages } from '../../api/pages.ts';
import { type ChangeAnswer, isFromHere, pageOf, readChange, readChangeState } from './answers.ts';
import type { GithubClient, Place } from './client.ts';
import { closesIssue } from './closing.ts';
import { setDraft } from './drafts.ts';
import { linkedTo } from './linked.ts';

const LONGEST_TITLE = 256;

export function handlesChanges(
  client: GithubClient,
): Pick<Forge, 'findChange' | 'createChange' | 'updateChange' | 'readChange'> {
  return {
    findChange: (repository, { head, closes }) =>
      client.inRepository(repository, `look for a pull request in ${repository.fullName}`, async (place) => {
        const found = (await findByHead(place, head)) ?? (await findByIssue(client, place, closes));
        return found === null ? null : readChange(found);
      }),
    createChange: (repository, change) =>
      client.inRepository(repository, `open a pull request of ${change.head} in ${repository.fullName}`, (place) =>
        create(client, place, change),
      ),
    updateChange: (repository, number, change) => update(client, repository, number, change),
    readChange: (repository, number) => readState(client, repository, number),
  };
}

async function findByHead({ octokit, at }: Place, head: string): Promise<ChangeAnswer | null> {
  const query = { ...at, state: 'open', head: `${at.owner}:${head}`, per_page: PER_PAGE } as const;
  const { data } = await octokit.rest.pulls.list(query);
  return data.find((answer) => answer.head.ref === head && isFromHere(answer)) ?? null;
}

/** The search API lags, so all open ones are looked through. */
async function findByIssue(client: GithubClient, place: Place, issue: number | null): Promise<ChangeAnswer | null> {
  if (issue === null) return null;
  const { octokit, at, fullName } = place;
  const open = await readPages<ChangeAnswer>(
    async (page) => {
      const answer = await octokit.rest.pulls.list({ ...at, state: 'open', per_page: PER_PAGE, page });
      return pageOf(answer, answer.data);
    },
    client.bounds(`list the pull requests of ${fullName}`),
  );
  const own = open.filter(isFromHere);
  const closing = own.find(({ body }) => closesIssue(body ?? '', fullName, issue));
  if (closing !== undefined || own.length === 0) return closing ?? null;
  const linked = await linkedTo(client, place, issue);
  return own.find(({ number }) => linked.has(number)) ?? null;
}

async function readState(client: GithubClient, repository: RepositoryKey, number: number): Promise<ChangeState | null> {
  const ask = () =>
    client.inRepository(repository, `read the pull request ${repository.fullName}#${number}`, ({ octokit, at }) =>
      orNull(octokit.rest.pulls.get({ ...at, pull_number: number })),
    );
  const isElsewhere = (answer: ChangeAnswer) => repository.id !== null && String(answer.base.repo.id) !== repository.id;
  let answer = await ask();
  if (answer !== null && isElsewhere(answer.data)) {
    // Another repository has taken the name since it was learnt.
    client.forgetName(repository);
    answer = await ask();
  }
  return answer === null || isElsewhere(answer.data) ? null : readChangeState(answer.data, repository.fullName);
}

async function create(client: GithubClient, place: Place, change: NewChange): Promise<Change> {
  const existing = await findByHead(place, change.head);
  if (existing !== null) return readChange(existing);
  try {
    return readChange(await post(place, change));
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    if (/already exists/i.test(reasonOf(error))) {
      const winner = await findByHead(place, change.head);
      if (winner !== null) return readChange(winner);
    }
    if (!change.draft || !/draft pull requests are not supported/i.test(reasonOf(error))) throw error;
    client.logger.warn(
      { repository: place.fullName },
      'this repository has no draft pull requests: it is opened as ready',
    );
    return readChange(await post(place, { ...change, draft: false }));
  }
}

async function post({ octokit, at }: Place, change: NewChange): Promise<ChangeAnswer> {
  const { head, base, body, draft } = change;
  const title = cut(change.title, LONGEST_TITLE);
  return (await octokit.rest.pulls.create({ ...at, head, base, title, body, draft })).data;
}

function update(
  client: GithubClient,
  repository: RepositoryKey,
  number: number,
  change: Partial<Pick<NewChange, 'title' | 'body' | 'draft'>>,
): Promise<Change> {
  const act = `edit the pull request ${repository.fullName}#${number}`;
  return client.inRepository(repository, act, async (place) => {
    const { octokit, at } = place;
    const { title, body, draft } = change;
    const texts = {
      ...(title === undefined ? {} : { title: cut(title, LONGEST_TITLE) }),
      ...(body === undefined ? {} : { body }),
    };
    const answer: ChangeAnswer =
      Object.keys(texts).length === 0
        ? (await octokit.rest.pulls.get({ ...at, pull_number: number })).data
        : (await octokit.rest.pulls.update({ ...at, pull_number: number, ...texts })).data;
    const state = readChange(answer);
    if (draft === undefined || draft === state.draft) return state;
    await setDraft({ client, place, act }, answer.node_id, draft);
    return { ...state, draft };
  });
}
