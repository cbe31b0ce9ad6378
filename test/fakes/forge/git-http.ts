import { spawn } from 'node:child_process';
import { text as readText, buffer as readBuffer } from 'node:stream/consumers';
import { GIT_ENVIRONMENT } from './git.ts';
import { type PushCommand, type PushRequest, readPush, refusedPush } from './git-wire.ts';
import type { RawAnswer, RawRequest, RawRoutes } from './server.ts';
import type { FakeRepository, FakeUser } from './world.ts';

/** What a forge says to git, in its own words. */
export interface GitWords {
  readonly realm: string;
  readonly loginRefused: string;
  readonly notFound: string;
  readonly noWrite: (user: FakeUser, repository: FakeRepository) => string;
  readonly isProtected: (ref: string) => string;
  /** The reason that git shows beside a ref that is protected. */
  readonly protectedReason: string;
}

export interface GitCaller {
  readonly user: FakeUser;
  readonly sees: (repository: FakeRepository) => boolean;
}

export interface GitHttpSettings {
  /** Path before the names of repositories: `/gitlab`; empty for none. */
  readonly prefix: string;
  readonly repositories: readonly FakeRepository[];
  readonly words: GitWords;
  readonly callerOf: (username: string, password: string) => GitCaller | null;
  /** Told after a push was carried out, before its answer is sent. */
  readonly pushed: (repository: FakeRepository, by: FakeUser, commands: readonly PushCommand[]) => void;
}

/** Git's smart HTTP below `/owner/name.git`, as the forges have it: `git http-backend` behind a log-in. */
export function serveGit(settings: GitHttpSettings): RawRoutes {
  const { words } = settings;

  async function answer(request: RawRequest, name: string, service: string): Promise<RawAnswer> {
    const caller = callerOf(request, settings);
    if (caller === null) {
      const challenge = { 'www-authenticate': `Basic realm="${words.realm}"` };
      return { ...said(401, words.loginRefused), headers: { 'content-type': 'text/plain', ...challenge } };
    }
    const repository = find(settings.repositories, name);
    if (repository?.git == null || repository.gone || !caller.sees(repository)) return said(404, words.notFound);
    const isPush = service === 'git-receive-pack' || request.query.get('service') === 'git-receive-pack';
    if (isPush && !mayPush(repository, caller.user)) return said(403, words.noWrite(caller.user, repository));
    if (service !== 'git-receive-pack') return backend(request, repository.git.directory, service);
    const push = readPush(request.body);
    const refusal = refuse(repository, caller.user, push, words);
    if (refusal !== null) return refusal;
    const answered = await backend(request, repository.git.directory, service);
    settings.pushed(repository, caller.user, push.commands);
    return answered;
  }

  const read = (path: string) =>
    path.startsWith(`${settings.prefix}/`) ? PLACE.exec(path.slice(settings.prefix.length + 1)) : null;

  return {
    owns: (path) => read(path) !== null,
    answer: (request) => {
      const [, name = '', service = ''] = read(request.path) ?? [];
      return answer(request, decodeURIComponent(name), service);
    },
  };
}

const PLACE = /^(.+?)\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/;

function find(repositories: readonly FakeRepository[], name: string): FakeRepository | undefined {
  const wanted = name.toLowerCase();
  const byName = repositories.find((each) => each.fullName.toLowerCase() === wanted);
  return byName ?? repositories.find(({ formerNames }) => formerNames.some((old) => old.toLowerCase() === wanted));
}

function callerOf({ headers }: RawRequest, settings: GitHttpSettings): GitCaller | null {
  const encoded = /^basic (\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
  if (encoded === undefined) return null;
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  return settings.callerOf(username, rest.join(':'));
}

/** Whoever has a token and no role that says otherwise. */
function mayPush({ members }: FakeRepository, user: FakeUser): boolean {
  return ['write', 'maintain', 'admin'].includes(members.get(user) ?? 'write');
}

function refuse(repository: FakeRepository, by: FakeUser, push: PushRequest, words: GitWords): RawAnswer | null {
  const isProtected = ({ ref }: PushCommand) => repository.protectedRefs.has(ref);
  const first = push.commands.find(isProtected);
  const rule = first === undefined ? (repository.refusePush?.(push.commands) ?? null) : null;
  if (first === undefined && rule === null) return null;
  const text = first === undefined ? (rule ?? '') : words.isProtected(first.ref);
  const reasonOf = (ref: string) =>
    repository.protectedRefs.has(ref) ? words.protectedReason : 'pre-receive hook declined';
  for (const command of push.commands) repository.pushes.push({ ...command, by, forced: false, refused: text });
  return {
    status: 200,
    headers: { 'content-type': 'application/x-git-receive-pack-result', 'cache-control': 'no-cache' },
    body: refusedPush(push, text, reasonOf),
  };
}

function said(status: number, text: string): RawAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(`${text}\n`) };
}

/** Runs git's own CGI program. */
async function backend(request: RawRequest, directory: string, service: string): Promise<RawAnswer> {
  const { method, query, headers, body } = request;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENVIRONMENT,
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${service}`,
      REQUEST_METHOD: method,
      QUERY_STRING: query.toString(),
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: headers['git-protocol'] ?? '',
      // Git takes pushes only of somebody.
      REMOTE_USER: 'somebody',
    },
  });
  // A backend that refuses early does not read on.
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  const [output, errors] = await Promise.all([readBuffer(child.stdout), readText(child.stderr)]);
  return readCgi(output, errors);
}

function readCgi(output: Buffer, errors: string): RawAnswer {
  const end = output.indexOf('\r\n\r\n');
  if (end === -1) return said(500, `git http-backend said nothing: ${errors}`);
  const fields = output
    .toString('latin1', 0, end)
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const);
  const headers = Object.fromEntries(fields);
  const status = Number.parseInt(headers['status'] ?? '200', 10);
  delete headers['status'];
  return { status, headers, body: output.subarray(end + 4) };
}
