import { type Clock, FunadeError, type Logger } from '../kernel/index.ts';
import type { Forge, ForgeCredentials } from './api-port.ts';
import { type ApiFetchOptions, createApiFetch } from './api/fetch.ts';
import { type ApiLimits, githubLimits, gitlabLimits } from './api/limits.ts';
import { safePosts as githubSafePosts, createGithubForge, githubHost } from './github/api/forge.ts';
import { safePosts as gitlabSafePosts, createGitlabForge, gitlabHost } from './gitlab/api/forge.ts';

export interface ForgeOptions {
  readonly kind: 'github' | 'gitlab';
  /** `https://api.github.com`, `https://ghe.example.com/api/v3`, `https://git.example.com/gitlab/api/v4`. */
  readonly apiUrl: string;
  readonly credentials: ForgeCredentials;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly userAgent?: string;
  /** Tests do not wait as long as GitHub wants to be waited for. */
  readonly limits?: Partial<ApiLimits>;
}

/** A client for one account; everything that it asks shares one throttle. Sends nothing before its first verb. */
export function createForge(options: ForgeOptions): Forge {
  const { kind, credentials, logger, clock, userAgent = 'funade' } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const fetchOver = (limits: ApiLimits, safePosts: ApiFetchOptions['safePosts']) =>
    createApiFetch({ limits, clock, logger, random: Math.random, safePosts });
  if (kind === 'github') {
    const limits = { ...githubLimits, ...options.limits };
    const fetch = fetchOver(limits, githubSafePosts);
    return createGithubForge({
      host: githubHost(apiUrl),
      apiUrl,
      credentials,
      logger,
      clock,
      userAgent,
      limits,
      fetch,
    });
  }
  if (credentials.kind !== 'token') {
    const setting = 'GITLAB_PERSONAL_ACCESS_TOKEN';
    throw new FunadeError('FUN_FORGE_NO_CREDENTIALS', { forge: kind, source: kind, setting });
  }
  const limits = { ...gitlabLimits, ...options.limits };
  const fetch = fetchOver(limits, gitlabSafePosts);
  const { token } = credentials;
  return createGitlabForge({ host: gitlabHost(apiUrl), apiUrl, token, logger, clock, userAgent, limits, fetch });
}
