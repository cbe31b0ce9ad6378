import { afterEach } from 'vitest';
import { type ApiLimits, type Forge, type ForgeCredentials, createForge } from '../../src/forges/index.ts';
import { createLogger, isFunadeError, systemClock } from '../../src/kernel/index.ts';
import { type FakeGithub, startGithub } from '../fakes/github-server.ts';
import { type FakeGitlab, startGitlab } from '../fakes/gitlab-server.ts';

export interface ForgeRig {
  readonly kind: 'github' | 'gitlab';
  readonly server: FakeGithub | FakeGitlab;
  readonly forge: Forge;
  /** Login that the forge's own acts carry. */
  readonly login: string;
  /** Another client of the same account. */
  connect(limits?: Partial<ApiLimits>): Forge;
  /** Everything that the clients logged. */
  logs(): string;
}

/** No second between writes, no half a second before the next try. */
export const QUICK: Partial<ApiLimits> = { writeGapMs: null, backoffMs: 1 };

const stops: (() => Promise<void>)[] = [];

/** Servers of a test end with it. */
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

export async function github(settings: { readonly basePath?: string; readonly app?: boolean } = {}) {
  const { app = false, ...rest } = settings;
  const server = await startGithub(rest);
  stops.push(server.stop);
  const { appId, privateKey, slug } = server.app;
  const credentials: ForgeCredentials = app
    ? { kind: 'app', appId, privateKey, installationId: null }
    : { kind: 'token', token: server.token };
  const rig = rigOver(server, 'github', credentials, app ? `${slug}[bot]` : server.account.login);
  return { ...rig, server };
}

export async function gitlab(settings: { readonly basePath?: string } = {}) {
  const server = await startGitlab(settings);
  stops.push(server.stop);
  return { ...rigOver(server, 'gitlab', { kind: 'token', token: server.token }, server.account.login), server };
}

function rigOver(
  server: FakeGithub | FakeGitlab,
  kind: 'github' | 'gitlab',
  credentials: ForgeCredentials,
  login: string,
): ForgeRig {
  const lines: string[] = [];
  const logger = createLogger('debug', { write: (line: string) => void lines.push(line) });
  const connect = (limits: Partial<ApiLimits> = {}) =>
    createForge({
      kind,
      apiUrl: server.apiUrl,
      credentials,
      logger,
      clock: systemClock,
      limits: { ...QUICK, ...limits },
    });
  return { kind, server, forge: connect(), login, connect, logs: () => lines.join('') };
}

/** Every way to be connected to a forge. */
export const RIGS: readonly { readonly name: string; readonly start: () => Promise<ForgeRig> }[] = [
  { name: 'GitHub', start: () => github() },
  { name: 'GitHub as an App', start: () => github({ app: true }) },
  { name: 'GitHub Enterprise', start: () => github({ basePath: '/api/v3' }) },
  { name: 'GitLab', start: () => gitlab() },
  { name: 'GitLab below a path', start: () => gitlab({ basePath: '/gitlab/api/v4' }) },
];

export function keyOf({ id, fullName }: { readonly id: number; readonly fullName: string }) {
  return { id: String(id), fullName };
}

export function subjectKey(subject: {
  readonly repository: { readonly id: number; readonly fullName: string };
  readonly kind: 'issue' | 'change';
  readonly number: number;
}) {
  return { repository: keyOf(subject.repository), kind: subject.kind, number: subject.number };
}

/** Code and values of the error that a verb ends with. */
export async function failureOf(verb: Promise<unknown>) {
  try {
    await verb;
  } catch (error) {
    if (isFunadeError(error)) return { code: error.code, message: error.message, values: error.values };
    throw error;
  }
  throw new Error('it did not fail');
}
