import type { App, Octokit } from 'octokit';
import type { Clock, Logger } from '../../../kernel/index.ts';
import { FunadeError } from '../../../kernel/index.ts';
import type { ForgeCredentials, RepositoryKey } from '../../api-port.ts';
import { explain, orNull, statusOf } from '../../api/failure.ts';
import type { ApiFetch } from '../../api/fetch.ts';
import type { ApiLimits } from '../../api/limits.ts';
import { createMemory } from '../../api/memory.ts';
import type { PageBounds } from '../../api/pages.ts';
import { type CallHeaders, appCall, tokenCall } from './call.ts';
import { createInstallations, signed } from './installations.ts';

/** A repository as its name is now, and the right to ask about it. Spread `at` into the parameters of Octokit. */
export interface Place {
  readonly octokit: Octokit;
  readonly at: CallHeaders & { readonly owner: string; readonly repo: string };
  readonly fullName: string;
}

export interface GithubClient {
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly credentials: ForgeCredentials;
  readonly bounds: (act: string) => PageBounds;
  /** Asks as the App itself, or as the account of the token. */
  asAccount<T>(act: string, work: (octokit: Octokit, call: CallHeaders) => Promise<T>): Promise<T>;
  /** Asks about one repository. `act` completes "Failed to …" in the errors that this throws. */
  inRepository<T>(key: RepositoryKey, act: string, work: (place: Place) => Promise<T>): Promise<T>;
  /** The account's or installation's token, for git. */
  tokenFor(key: RepositoryKey, act: string): Promise<string>;
  /** Drops what is remembered of a repository's name. */
  forgetName(key: RepositoryKey): void;
}

export interface GithubClientOptions {
  readonly host: string;
  readonly apiUrl: string;
  readonly credentials: ForgeCredentials;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly limits: ApiLimits;
  readonly fetch: ApiFetch;
}

/** Octokit and App are loaded at first use: a server that asks no forge does not pay for them. */
interface Library {
  readonly octokit: Octokit;
  readonly appOf: (credentials: Extract<ForgeCredentials, { kind: 'app' }>) => App;
}

/** A repository that is renamed is found by its id; until then the old name works by GitHub's redirects, unless another took it. */
const NAME_LIFE_MS = 60_000;

export function createGithubClient(options: GithubClientOptions): GithubClient {
  const { host, clock, logger, credentials, limits } = options;
  const names = createMemory<string>(clock, NAME_LIFE_MS);
  let library: Promise<Library> | undefined;
  const load = () => (library ??= loadLibrary(options));
  const installations = credentials.kind === 'app' ? createInstallations({ host, credentials, load, clock }) : null;

  async function tokenOf(key: RepositoryKey): Promise<string> {
    if (credentials.kind === 'token') return credentials.token;
    return (await installations?.tokenFor(key)) ?? '';
  }

  async function locate(key: RepositoryKey, octokit: Octokit, call: CallHeaders): Promise<string> {
    const { id } = key;
    if (id === null) return key.fullName;
    return names.get(id, () => findName({ id, fullName: key.fullName }, octokit, call));
  }

  async function once<T>(key: RepositoryKey, act: string, work: (place: Place) => Promise<T>): Promise<T> {
    const { octokit } = await load();
    const call = tokenCall(await tokenOf(key));
    const fullName = await locate(key, octokit, call);
    const [owner, repo] = splitName(fullName, host, act);
    return work({ octokit, at: { ...call, owner, repo }, fullName });
  }

  return {
    host,
    clock,
    logger,
    credentials,
    bounds: (act) => ({
      maxPages: limits.maxPages,
      onCut: () =>
        logger.warn({ host, act, pages: limits.maxPages }, 'a list of the forge is longer than Funade reads'),
    }),
    asAccount: (act, work) =>
      explained(host, act, async () => {
        const { octokit, appOf } = await load();
        if (credentials.kind === 'token') return work(octokit, tokenCall(credentials.token));
        return signed(host, () => work(appOf(credentials).octokit as Octokit, appCall));
      }),
    inRepository: (key, act, work) =>
      explained(host, act, async () => {
        try {
          return await once(key, act, work);
        } catch (error) {
          // A token of an installation can be taken back before its time; the next one is good.
          if (statusOf(error) !== 401 || installations === null) throw error;
          installations.forget(key);
          return once(key, act, work);
        }
      }),
    tokenFor: (key, act) => explained(host, act, () => tokenOf(key)),
    forgetName: (key) => {
      if (key.id !== null) names.forget(key.id);
    },
  };
}

async function explained<T>(host: string, act: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error, host, act);
  }
}

async function loadLibrary(options: GithubClientOptions): Promise<Library> {
  const { App, Octokit } = await import('octokit');
  const { apiUrl, userAgent, fetch, logger } = options;
  // Octokit's own words can hold headers, so only its warnings are passed on.
  const log = {
    debug: () => {},
    info: () => {},
    warn: (message: string) => logger.warn({}, message),
    error: (message: string) => logger.warn({}, message),
  };
  const Client = Octokit.defaults({
    baseUrl: apiUrl,
    userAgent,
    log,
    request: { fetch },
    throttle: { enabled: false },
    retry: { enabled: false },
  });
  let app: App | undefined;
  return {
    octokit: new Client(),
    appOf: ({ appId, privateKey }) => (app ??= new App({ appId, privateKey, Octokit: Client, log })),
  };
}

/** By the known name first, where another repository may stand today; then by the id, whatever its name is now. */
async function findName(
  key: { readonly id: string; readonly fullName: string },
  octokit: Octokit,
  call: CallHeaders,
): Promise<string> {
  const [owner = '', repo = ''] = key.fullName.split('/');
  const byName = await orNull(octokit.rest.repos.get({ ...call, owner, repo }));
  if (byName !== null && String(byName.data.id) === key.id) return byName.data.full_name;
  const byId = await octokit.request('GET /repositories/{repository_id}', { ...call, repository_id: Number(key.id) });
  return (byId.data as { full_name: string }).full_name;
}

function splitName(fullName: string, host: string, act: string): readonly [string, string] {
  const [owner = '', repo = '', ...rest] = fullName.split('/');
  if (isName(owner) && isName(repo) && rest.length === 0) return [owner, repo];
  throw new FunadeError('FUN_FORGE_NOT_FOUND', { act, host });
}

/** Dots alone would lead to another place of the API. */
function isName(name: string): boolean {
  return /^[\w.-]+$/.test(name) && !/^\.+$/.test(name);
}
