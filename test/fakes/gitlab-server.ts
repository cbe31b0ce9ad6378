import { randomBytes } from 'node:crypto';
import { type Acts, createActs } from './forge/acts.ts';
import { gitlabClosedIssues } from './forge/closing.ts';
import { createDeliveries } from './forge/deliveries.ts';
import { createGitActs } from './forge/git-acts.ts';
import { serveGit } from './forge/git-http.ts';
import { type FakeRequest, type FakeServer, Refusal, startServer } from './forge/server.ts';
import { type FakeUser, type WorldRules, createWorld, repositoryOf } from './forge/world.ts';
import type { GitlabContext } from './gitlab/context.ts';
import { gitlabWords } from './gitlab/git-words.ts';
import { projectRoutes } from './gitlab/project-routes.ts';
import { subjectRoutes } from './gitlab/subject-routes.ts';
import type { GitlabAddresses } from './gitlab/views.ts';
import { gitlabHeaders, gitlabMessages, settingOf } from './gitlab/webhooks.ts';

/**
 * A GitLab of our own, in this process, with real state behind real HTTP. Its verbs are those of the fake GitHub (see
 * `github-server.ts`), so that a test can run on either:
 *
 *     const gitlab = await startGitlab();
 *     const project = gitlab.addRepository({ fullName: 'group/subgroup/greeter' });
 *     gitlab.setRole(project, 'mona', 'write');
 *     gitlab.addHook(project, 'http://127.0.0.1:8000/webhook/gitlab', { events: ['issues_events'], secret: token });
 *     const issue = gitlab.addIssue(project, { title: 'Greet in Japanese', by: 'mona' });
 *     gitlab.addLabel(issue, 'coding agent', 'mona');   // posts an `Issue Hook` with the label in `changes`
 *     await gitlab.webhooksSent();
 *
 * Git is served to `oauth2` and a token. A hook with `signing: 'whsec_…'` also gets signatures of Standard Webhooks. Events of hooks are named as in GitLab's API.
 */
export interface FakeGitlab extends Omit<FakeServer, 'url'>, Acts {
  /** Of the web pages. */
  readonly url: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly account: FakeUser;
  user(login: string): FakeUser;
  /** For git as somebody else: the password beside `oauth2`. */
  gitTokenOf(login: string): string;
  /** Resolves when all webhooks were answered, or not. */
  webhooksSent(): Promise<void>;
}

export interface GitlabSettings {
  /** `/gitlab/api/v4` where GitLab stands below a path of its host; `/api/v4`. */
  readonly basePath?: string;
  readonly login?: string;
}

export async function startGitlab(settings: GitlabSettings = {}): Promise<FakeGitlab> {
  const { basePath = '/api/v4', login = 'funade-bot' } = settings;
  const token = `glpat-${randomBytes(15).toString('hex')}`;
  let addresses: GitlabAddresses = { apiUrl: '', webUrl: '' };
  let server: FakeServer | undefined;
  const world = createWorld((event) => {
    const hooks = repositoryOf(event).hooks.filter(({ active }) => active);
    for (const message of gitlabMessages(event, addresses)) {
      const listening = hooks.filter(({ events }) => events.includes(settingOf(message)));
      for (const hook of listening) deliveries.send(hook, message);
    }
  });
  const deliveries = createDeliveries(world, gitlabHeaders);
  const rules: WorldRules = {
    sharedNumbers: false,
    labelKey: (label) => label,
    systemNotes: true,
    showsTagObjects: false,
    closedIssues: gitlabClosedIssues,
    mergeMessage: ({ number, title, repository, change }) =>
      `Merge branch '${change?.head}' into '${change?.base}'\n\n${title}\n\nSee merge request ${repository.fullName}!${number}`,
    cloneUrl: (fullName) => `${addresses.webUrl}/${fullName}.git`,
    makeReady: (change) => {
      change.title = change.title.replace(/^draft: /i, '');
    },
  };
  const gitActs = createGitActs(world, rules);
  const acts = createActs(world, rules, gitActs);
  const account = world.user(login);
  const gitTokens = new Map([[token, account]]);
  const context: GitlabContext = {
    world,
    acts,
    account,
    addresses: () => addresses,
    fault: (text) => server?.fault(text),
  };
  server = await startServer({
    basePath,
    routes: { ...projectRoutes(context), ...subjectRoutes(context) },
    raw: serveGit({
      prefix: basePath.replace(/\/api\/v4$/, ''),
      repositories: world.repositories,
      words: gitlabWords,
      callerOf: (username, password) => {
        const user = username === 'oauth2' ? gitTokens.get(password) : undefined;
        return user === undefined ? null : { user, sees: () => true };
      },
      pushed: gitActs.pushed,
    }),
    before: (request, tell) => checkHeaders(request, token, tell),
    notFound: { error: '404 Not Found' },
    headers: () => ({ 'ratelimit-limit': '2000', 'ratelimit-remaining': '1999', 'x-request-id': '0000' }),
  });
  addresses = { apiUrl: `${server.url}${basePath}`, webUrl: `${server.url}${basePath.replace(/\/api\/v4$/, '')}` };
  return {
    ...server,
    ...acts,
    url: addresses.webUrl,
    apiUrl: addresses.apiUrl,
    token,
    account,
    user: world.user,
    gitTokenOf: (person) => {
      const made = `glpat-${randomBytes(15).toString('hex')}`;
      gitTokens.set(made, world.user(person));
      return made;
    },
    webhooksSent: deliveries.settled,
    stop: async () => {
      await server?.stop();
      gitActs.clear();
    },
  };
}

function checkHeaders(request: FakeRequest, token: string, fault: (text: string) => void): void {
  const { method, path, headers, body } = request;
  if (headers['private-token'] !== token) throw new Refusal(401, { message: '401 Unauthorized' });
  if ((headers['user-agent'] ?? '') === '') fault(`${method} ${path}: no user agent`);
  if (body !== undefined && headers['content-type'] !== 'application/json') {
    fault(`${method} ${path}: the body is ${headers['content-type']}`);
  }
}
