import type { Forge } from '../../api-port.ts';
import { createMemory } from '../../api/memory.ts';
import type { Actor } from '../../port.ts';
import { type ProjectAnswer, readAuthor, readRepositoryState } from './answers.ts';
import { handlesChanges } from './changes.ts';
import { type GitlabClientOptions, createGitlabClient, projectOf } from './client.ts';
import { writesComments } from './comments.ts';
import { handlesCommits } from './commits.ts';
import { managesHooks } from './hooks.ts';
import { opensIssues } from './issues.ts';
import { movesLabels } from './labels.ts';
import { knowsRoles } from './roles.ts';
import { readsSubjects } from './subjects.ts';

/** POST requests that do no more when they come twice: GitLab refuses the second, or sets the same again. */
export const safePosts: readonly RegExp[] = [/\/merge_requests$/, /\/statuses\/[^/]+$/];

export function gitlabHost(apiUrl: string): string {
  return new URL(apiUrl).host;
}

export function createGitlabForge(options: GitlabClientOptions): Forge {
  const client = createGitlabClient(options);
  const known = createMemory<Actor>(options.clock, Number.POSITIVE_INFINITY);
  const self = () =>
    known.get('self', () =>
      client.ask('read who the account is', async (api) => {
        const user = (await api.users.showCurrentUser()) as unknown as { readonly bot?: boolean };
        const actor = readAuthor(user);
        return { ...actor, isBot: user.bot ?? actor.isBot };
      }),
    );
  const project = (fullName: string, id: string | null, act: string) =>
    client.ask(act, async (api) => {
      const answer = await api.projects.show(projectOf({ id, fullName }));
      return readRepositoryState(answer as unknown as ProjectAnswer, client.host);
    });
  return {
    id: 'gitlab',
    host: client.host,
    self,
    repository: ({ id, fullName }) => project(fullName, id, `read the project ${fullName}`),
    ...readsSubjects(client),
    ...movesLabels(client, self),
    ...knowsRoles(client),
    ...writesComments(client, self),
    ...handlesChanges(client),
    ...opensIssues(client, self),
    ...handlesCommits(client),
    gitRemote: async ({ id, fullName }) => {
      const { cloneUrls } = await project(fullName, id, `read the address of ${fullName}`);
      return { url: cloneUrls[0] ?? '', username: 'oauth2', password: client.token };
    },
    hooks: managesHooks(client),
  };
}
