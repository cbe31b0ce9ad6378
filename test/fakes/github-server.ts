import { type Acts, createActs } from './forge/acts.ts';
import { githubClosedIssues } from './forge/closing.ts';
import { createDeliveries } from './forge/deliveries.ts';
import { createGitActs } from './forge/git-acts.ts';
import { serveGit } from './forge/git-http.ts';
import { type FakeRequest, type FakeServer, Refusal, startServer } from './forge/server.ts';
import { type FakeUser, type WorldRules, createWorld, repositoryOf } from './forge/world.ts';
import { type FakeApp, type FakeInstallation, createAccounts } from './github/accounts.ts';
import { accountRoutes } from './github/account-routes.ts';
import { changeRoutes } from './github/change-routes.ts';
import type { GithubContext } from './github/context.ts';
import { githubWords } from './github/git-words.ts';
import { issueRoutes } from './github/issue-routes.ts';
import { repositoryRoutes } from './github/repository-routes.ts';
import type { GithubAddresses } from './github/views.ts';
import { githubHeaders, githubMessages } from './github/webhooks.ts';

/**
 * A GitHub of our own, in this process, with real state behind real HTTP.
 *
 *     const github = await startGithub();
 *     const repository = github.addRepository({ fullName: 'octo/greeter' });
 *     github.setRole(repository, 'mona', 'write');
 *     github.addHook(repository, 'http://127.0.0.1:8000/webhook/github', { events: ['*'], secret });
 *     const issue = github.addIssue(repository, { title: 'Greet in Japanese', by: 'mona' });
 *     github.addLabel(issue, 'coding agent', 'mona');   // posts `issues.labeled`, signed, to the hook
 *     await github.webhooksSent();
 *     …
 *     expect(github.faults).toEqual([]);                // nothing that was sent to it was wrong
 *     await github.stop();
 *
 * A client uses `apiUrl` with `token` (the account is `account`), or as the App `app`. What it does through the API acts on the
 * same state, and tells the hooks as well. State is plain and can be read and changed: `issue.labels`, `repository.statuses`,
 * `hook.deliveries`. `failNext({ match: /^POST .*comments/, status: 502 })` makes requests fail, `how: 'hang' | 'drop' |
 * 'drop after'` takes their answers away, and `requests` is everything that was asked, by git as well.
 *
 * A repository with `git` is served over smart HTTP at its `cloneUrl` to `x-access-token` and a token; what is pushed there, is
 * committed by `commit` or merged by `mergeChange` moves the refs of the API, and tells the hooks. `repository.git` reads what is in it,
 * `repository.pushes` is what was pushed, `repository.protect('main')` refuses it.
 */
export interface FakeGithub extends Omit<FakeServer, 'url'>, Acts {
  /** Of the web pages. */
  readonly url: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly account: FakeUser;
  readonly app: FakeApp;
  user(login: string): FakeUser;
  /** For git as somebody else: the password beside `x-access-token`. */
  gitTokenOf(login: string): string;
  addInstallation(repositories: FakeInstallation['repositories']): FakeInstallation;
  /** Tokens of installations that were given out are worth nothing from now on. */
  revokeInstallationTokens(): void;
  /** Resolves when all webhooks were answered, or not. */
  webhooksSent(): Promise<void>;
}

export interface GithubSettings {
  /** `/api/v3`, as GitHub Enterprise has it; api.github.com has none. */
  readonly basePath?: string;
  readonly login?: string;
}

export async function startGithub({ basePath = '', login = 'funade-bot' }: GithubSettings = {}): Promise<FakeGithub> {
  let addresses: GithubAddresses = { apiUrl: '', webUrl: '' };
  let server: FakeServer | undefined;
  const fault = (text: string) => server?.fault(text);
  const world = createWorld((event) => {
    const hooks = repositoryOf(event).hooks.filter(({ active }) => active);
    for (const message of githubMessages(event, addresses)) {
      const listening = hooks.filter(({ events }) => events.includes('*') || events.includes(message.event));
      for (const hook of listening) deliveries.send(hook, message);
    }
  });
  const deliveries = createDeliveries(world, githubHeaders);
  const rules: WorldRules = {
    sharedNumbers: true,
    labelKey: (label) => label.toLowerCase(),
    systemNotes: false,
    showsTagObjects: true,
    closedIssues: githubClosedIssues,
    mergeMessage: ({ number, title, repository, change }) =>
      `Merge pull request #${number} from ${repository.fullName.split('/')[0]}/${change?.head}\n\n${title}`,
    cloneUrl: (fullName) => `${addresses.webUrl}/${fullName}.git`,
    makeReady: ({ change }) => {
      if (change !== null) change.draft = false;
    },
  };
  const gitActs = createGitActs(world, rules);
  const acts = createActs(world, rules, gitActs);
  const accounts = createAccounts(world, login);
  const context: GithubContext = { world, acts, accounts, deliveries, addresses: () => addresses, fault };
  server = await startServer({
    basePath,
    routes: {
      ...accountRoutes(context),
      ...issueRoutes(context),
      ...changeRoutes(context),
      ...repositoryRoutes(context),
    },
    raw: serveGit({
      prefix: '',
      repositories: world.repositories,
      words: githubWords,
      callerOf: accounts.gitCallerOf,
      pushed: gitActs.pushed,
    }),
    // Everything below /repos/… can be asked for by the repository's id as well.
    rewrite: (path) =>
      path.replace(/^\/repositories\/(\d+)/, (whole, id) => {
        const repository = world.repositories.find((each) => String(each.id) === id);
        return repository === undefined ? whole : `/repos/${repository.fullName}`;
      }),
    before: (request, tell) => {
      checkHeaders(request, tell);
      accounts.callerOf(request);
    },
    notFound: { message: 'Not Found' },
    headers: () => ({
      'x-github-request-id': '0000:0000',
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
    }),
  });
  addresses = { apiUrl: `${server.url}${basePath}`, webUrl: server.url };
  return {
    ...server,
    ...acts,
    url: addresses.webUrl,
    apiUrl: addresses.apiUrl,
    token: accounts.token,
    account: accounts.account,
    app: accounts.app,
    user: world.user,
    gitTokenOf: accounts.gitTokenOf,
    addInstallation: (repositories) => {
      const installation = { id: accounts.app.installations.length + 1, repositories };
      accounts.app.installations.push(installation);
      return installation;
    },
    revokeInstallationTokens: accounts.revokeTokens,
    webhooksSent: deliveries.settled,
    stop: async () => {
      await server?.stop();
      gitActs.clear();
    },
  };
}

function checkHeaders({ method, path, headers, body }: FakeRequest, fault: (text: string) => void): void {
  const place = `${method} ${path}`;
  if ((headers['user-agent'] ?? '') === '') throw new Refusal(403, { message: 'Request forbidden: no User-Agent' });
  if (!(headers['accept'] ?? '').includes('application/vnd.github')) fault(`${place}: accept is ${headers['accept']}`);
  if (headers['x-github-api-version'] !== '2022-11-28') fault(`${place}: no version of the API`);
  if (body !== undefined && !(headers['content-type'] ?? '').startsWith('application/json')) {
    fault(`${place}: the body is ${headers['content-type']}`);
  }
}
