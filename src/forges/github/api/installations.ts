import type { App, Octokit } from 'octokit';
import { type Clock, FunadeError, isFunadeError } from '../../../kernel/index.ts';
import type { ForgeCredentials, RepositoryKey } from '../../api-port.ts';
import { failureOf } from '../../api/failure.ts';
import { createMemory } from '../../api/memory.ts';
import { appCall } from './call.ts';

type AppCredentials = Extract<ForgeCredentials, { kind: 'app' }>;

/** Tokens of a GitHub App for the repositories that it is installed in. */
export interface Installations {
  tokenFor(key: RepositoryKey): Promise<string>;
  forget(key: RepositoryKey): void;
}

interface Token {
  readonly token: string;
  readonly expiresAt: number;
}

const FOUND_LIFE_MS = 60 * 60_000;
/** A token is not used in its last minutes: a push can take that long. It lives for an hour. */
const LAST_MINUTES_MS = 10 * 60_000;

/**
 * Octokit would keep tokens by itself, but in one table for the whole process whose key is the installation's number: two hosts that
 * number alike would get each other's token.
 */
export function createInstallations(options: {
  readonly host: string;
  readonly credentials: AppCredentials;
  readonly load: () => Promise<{ readonly appOf: (credentials: AppCredentials) => App }>;
  readonly clock: Clock;
}): Installations {
  const { host, credentials, load, clock } = options;
  const found = createMemory<string>(clock, FOUND_LIFE_MS);
  const tokens = createMemory<Token>(clock, ({ expiresAt }) => expiresAt - LAST_MINUTES_MS - clock.now());
  const keyOf = (key: RepositoryKey) => key.id ?? key.fullName.toLowerCase();

  async function installationOf(key: RepositoryKey): Promise<string> {
    if (credentials.installationId !== null) return credentials.installationId;
    return found.get(keyOf(key), async () => {
      const [owner = '', repo = ''] = key.fullName.split('/');
      const app = await appOctokit();
      const { data } = await signed(host, () =>
        app.request('GET /repos/{owner}/{repo}/installation', { ...appCall, owner, repo }),
      );
      return String(data.id);
    });
  }

  async function appOctokit(): Promise<Octokit> {
    const { appOf } = await load();
    return appOf(credentials).octokit as Octokit;
  }

  return {
    tokenFor: async (key) => {
      const installation = await installationOf(key);
      const { token } = await tokens.get(installation, async () => {
        const app = await appOctokit();
        const { data } = await signed(host, () =>
          app.request('POST /app/installations/{installation_id}/access_tokens', {
            ...appCall,
            installation_id: Number(installation),
          }),
        );
        return { token: data.token, expiresAt: Date.parse(data.expires_at) };
      });
      return token;
    },
    forget: (key) => {
      const installation = credentials.installationId ?? found.peek(keyOf(key));
      if (installation !== undefined) tokens.forget(installation);
      found.forget(keyOf(key));
    },
  };
}

/** What fails without a request failed at signing it: the key is none. Its own words may quote the key. */
export async function signed<T>(host: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (failureOf(error) !== undefined || isFunadeError(error)) throw error;
    const reason = 'the private key of the App is no RSA key in PEM format';
    throw new FunadeError('FUN_FORGE_REFUSED', { act: 'sign in as the App', host, reason });
  }
}
