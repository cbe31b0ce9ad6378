import type { Forge, RepositoryKey, RepositoryState } from '../../api-port.ts';
import type { Actor } from '../../port.ts';
import { createMemory } from '../../api/memory.ts';
import { readAuthor } from '../actors.ts';
import { readRepositoryState } from './answers.ts';
import { handlesChanges } from './changes.ts';
import { type GithubClient, type GithubClientOptions, createGithubClient } from './client.ts';
import { writesComments } from './comments.ts';
import { handlesCommits } from './commits.ts';
import { managesHooks } from './hooks.ts';
import { opensIssues } from './issues.ts';
import { movesLabels } from './labels.ts';
import { knowsRoles } from './roles.ts';
import { readsSubjects } from './subjects.ts';

/** POST requests that do no more when they come twice: GitHub refuses, or ignores, the second. */
export const safePosts: readonly RegExp[] = [
  /\/issues\/\d+\/labels$/,
  /\/statuses\/[^/]+$/,
  /\/access_tokens$/,
  /\/pulls$/,
  /\/hooks$/,
  /\/graphql$/,
];

/** api.github.com → github.com; of GitHub Enterprise the host itself. */
export function githubHost(apiUrl: string): string {
  const { host } = new URL(apiUrl);
  return host === 'api.github.com' || host.endsWith('.ghe.com') ? host.replace(/^api\./, '') : host;
}

export function createGithubForge(options: GithubClientOptions): Forge {
  const client = createGithubClient(options);
  const known = createMemory<Actor>(options.clock, Number.POSITIVE_INFINITY);
  const self = () => known.get('self', () => askSelf(client));
  return {
    id: 'github',
    host: client.host,
    self,
    repository: (key) => readRepository(client, key, `read the repository ${key.fullName}`),
    ...readsSubjects(client),
    ...movesLabels(client, self),
    ...knowsRoles(client),
    ...writesComments(client, self),
    ...handlesChanges(client),
    ...opensIssues(client, self),
    ...handlesCommits(client),
    gitRemote: async (key) => {
      const act = `read the address of ${key.fullName}`;
      const { cloneUrls } = await readRepository(client, key, act);
      return { url: cloneUrls[0] ?? '', username: 'x-access-token', password: await client.tokenFor(key, act) };
    },
    hooks: managesHooks(client),
  };
}

/** An App acts as a bot account that is named after it. */
async function askSelf(client: GithubClient): Promise<Actor> {
  return client.asAccount('read who the account is', async (octokit, call) => {
    if (client.credentials.kind === 'token') return readAuthor((await octokit.rest.users.getAuthenticated(call)).data);
    const { data } = await octokit.rest.apps.getAuthenticated(call);
    return { login: `${data?.slug ?? ''}[bot]`, id: null, isBot: true };
  });
}

/** Never the state of another repository that has taken the name since it was learnt: code is pushed to the answer's address. */
async function readRepository(client: GithubClient, key: RepositoryKey, act: string): Promise<RepositoryState> {
  const ask = () =>
    client.inRepository(key, act, async ({ octokit, at }) =>
      readRepositoryState((await octokit.rest.repos.get(at)).data, client.host),
    );
  const state = await ask();
  if (key.id === null || state.id === key.id) return state;
  client.forgetName(key);
  return ask();
}
