import { createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { GitCaller } from '../forge/git-http.ts';
import { type FakeRequest, Refusal } from '../forge/server.ts';
import type { FakeRepository, FakeUser, World } from '../forge/world.ts';

export interface FakeInstallation {
  readonly id: number;
  /** The repositories that it is for; null: all that no other one is for. */
  readonly repositories: readonly FakeRepository[] | null;
}

export interface FakeApp {
  readonly appId: string;
  readonly slug: string;
  /** PEM, as GitHub hands it out. */
  readonly privateKey: string;
  readonly installations: FakeInstallation[];
}

/** Who asks: the App itself, or an account with the repositories that it may see. */
export type Caller =
  | { readonly kind: 'app' }
  | { readonly kind: 'account'; readonly user: FakeUser; readonly installation: FakeInstallation | null };

export interface Accounts {
  readonly token: string;
  readonly account: FakeUser;
  readonly app: FakeApp;
  callerOf(request: FakeRequest): Caller;
  /** Who writes; refuses the App itself. */
  writerOf(request: FakeRequest): FakeUser;
  /** Whether the caller sees the repository at all. */
  sees(request: FakeRequest, repository: FakeRepository): boolean;
  /** Who comes by git's HTTP; null: nobody that is known. */
  gitCallerOf(username: string, password: string): GitCaller | null;
  /** A token for git of somebody else. */
  gitTokenOf(login: string): string;
  installationFor(repository: FakeRepository): FakeInstallation | undefined;
  issueToken(installationId: number): { readonly token: string; readonly expiresAt: number };
  /** Takes back all tokens of installations, before their time. */
  revokeTokens(): void;
}

const HOUR_MS = 60 * 60_000;

let pair: { readonly publicKey: string; readonly privateKey: string } | undefined;

/** One pair for all servers of a process: to make one takes a while. */
function appKeys() {
  pair ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return pair;
}

export function createAccounts(world: World, login: string): Accounts {
  const token = `ghp_${randomBytes(18).toString('hex')}`;
  const account = world.user(login);
  const keys = appKeys();
  const app: FakeApp = {
    appId: '4711',
    slug: 'funade-app',
    privateKey: keys.privateKey,
    installations: [{ id: 1, repositories: null }],
  };
  const bot = world.user(`${app.slug}[bot]`);
  const issued = new Map<string, number>();
  const ofOthers = new Map<string, FakeUser>();

  function callerOf({ headers }: FakeRequest): Caller {
    const credentials = /^(?:bearer|token) (\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
    if (credentials === undefined) throw new Refusal(401, { message: 'Requires authentication' });
    if (credentials === token) return { kind: 'account', user: account, installation: null };
    const installation = app.installations.find(({ id }) => id === issued.get(credentials));
    if (installation !== undefined) return { kind: 'account', user: bot, installation };
    if (isSignedBy(keys.publicKey, app.appId, credentials)) return { kind: 'app' };
    throw new Refusal(401, { message: 'Bad credentials' });
  }

  function installationFor(repository: FakeRepository): FakeInstallation | undefined {
    const own = app.installations.find(({ repositories }) => repositories?.includes(repository));
    return own ?? app.installations.find(({ repositories }) => repositories === null);
  }

  return {
    token,
    account,
    app,
    callerOf,
    writerOf: (request) => {
      const caller = callerOf(request);
      if (caller.kind === 'app') throw new Refusal(401, { message: 'A JSON web token could not be decoded' });
      return caller.user;
    },
    sees: (request, repository) => {
      const caller = callerOf(request);
      if (caller.kind === 'app') return true;
      return caller.installation === null || installationFor(repository)?.id === caller.installation.id;
    },
    gitCallerOf: (username, password) => {
      if (username !== 'x-access-token') return null;
      const person = password === token ? account : ofOthers.get(password);
      if (person !== undefined) return { user: person, sees: () => true };
      const installation = app.installations.find(({ id }) => id === issued.get(password));
      if (installation === undefined) return null;
      return { user: bot, sees: (repository) => installationFor(repository)?.id === installation.id };
    },
    gitTokenOf: (person) => {
      const made = `ghp_${randomBytes(18).toString('hex')}`;
      ofOthers.set(made, world.user(person));
      return made;
    },
    installationFor,
    issueToken: (installationId) => {
      const made = `ghs_${randomBytes(18).toString('hex')}`;
      issued.set(made, installationId);
      return { token: made, expiresAt: Date.now() + HOUR_MS };
    },
    revokeTokens: () => issued.clear(),
  };
}

/** A JSON web token of the App: RS256, its id as the issuer, valid for ten minutes at most. */
function isSignedBy(publicKey: string, appId: string, jwt: string): boolean {
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  if (signature === '') return false;
  const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`);
  if (!verifier.verify(publicKey, signature, 'base64url')) return false;
  const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    readonly iss: string | number;
    readonly iat: number;
    readonly exp: number;
  };
  const now = Date.now() / 1000;
  return String(iss) === appId && iat <= now && exp > now && exp - iat <= 11 * 60;
}
