import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Address,
  type Git,
  type GitResult,
  LOCAL_TIMEOUT,
  addressWith,
  createLines,
  failure,
  isDiskFull,
  lines,
  makeBare,
  reasonOf,
  redactUrls,
  removeStaleLocks,
} from '../../git/index.ts';
import { type Clock, FunadeError, type Logger } from '../../kernel/index.ts';
import { removeFolder } from './folders.ts';
import type { GitRemote, WorkspaceRequest } from './port.ts';
import { type Sent, readPush } from './refusal.ts';

const REMOTE_TIMEOUT = 60_000;
const TRANSFER_TIMEOUT = 600_000;
const UNUSED = 30 * 86_400_000;
const USED_FILE = 'last-used';

/** What a remote that was reached made of a push. */
type Answered = Exclude<Sent, { readonly kind: 'unreached' }>;

/** A repository's mirror while nobody else exchanges anything with its remote. */
export interface Exchange {
  /** The branches as the remote has them now, and all of their commits; one that it does not have is left out. */
  pull(branches: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Whether the remote has any branch at all. */
  isEmpty(signal: AbortSignal): Promise<boolean>;
  /** Brings a commit to a branch, never by force. */
  send(sha: string, branch: string, signal: AbortSignal): Promise<Answered>;
}

export interface Mirrors {
  nameOf(request: Pick<WorkspaceRequest, 'host' | 'repository'>): string;
  pathOf(name: string): string;
  /** One after the other for each mirror, and only here its refs are written: whatever is locked at the start, a killed git has left so. */
  exchange<T>(request: WorkspaceRequest, act: (exchange: Exchange) => Promise<T>): Promise<T>;
  /** Removes those that nothing has used for 30 days; `kept`: names of those that tasks are in. */
  sweep(kept: ReadonlySet<string>): Promise<void>;
}

export interface MirrorsOptions {
  readonly git: Git;
  readonly directory: string;
  /** Configuration of git for pushes. */
  readonly pushConfig: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

export function createMirrors({ git, directory, pushConfig, logger, clock }: MirrorsOptions): Mirrors {
  const inLine = createLines();
  const pathOf = (name: string) => join(directory, name);

  async function open(name: string, of: string): Promise<string> {
    const path = pathOf(name);
    await mkdir(directory, { recursive: true });
    if ((await stat(path).catch(() => undefined)) === undefined) await makeBare(git, path, of);
    else await removeStaleLocks(path, logger);
    await writeFile(join(path, USED_FILE), String(clock.now()));
    return path;
  }

  async function isUnused(name: string): Promise<boolean> {
    const used = await readFile(join(pathOf(name), USED_FILE), 'utf8').catch(() => '0');
    return Number(used) < clock.now() - UNUSED;
  }

  return {
    nameOf,
    pathOf,
    exchange: (request, act) => {
      const name = nameOf(request);
      return inLine(name, async () => {
        const gitDir = await open(name, request.repository.fullName);
        return act(exchangeWith({ git, gitDir, pushConfig, request }));
      });
    },
    sweep: async (kept) => {
      for (const name of await readdir(directory).catch(() => [])) {
        if (kept.has(name)) continue;
        await inLine(name.replace(/\.\d+\.partial$/, ''), async () => {
          if (!(await isUnused(name))) return;
          await removeFolder(pathOf(name));
        });
      }
    },
  };
}

/** Ids outlive names; of two repositories on one host no two have the same. */
function nameOf({ host, repository }: Pick<WorkspaceRequest, 'host' | 'repository'>): string {
  const key = repository.id ?? repository.fullName;
  return `${readable(host)}-${readable(key)}-${digest(`${host}\n${key}`)}.git`;
}

function readable(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9.]+/g, '_').slice(-40);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Flat, since on the remote a branch may give way to a folder of branches and refs of the two could not exist side by side.
 */
function refOf(branch: string): string {
  return `refs/remote/${digest(branch)}`;
}

interface ExchangeParts {
  readonly git: Git;
  readonly gitDir: string;
  readonly pushConfig: string;
  readonly request: WorkspaceRequest;
}

function exchangeWith({ git, gitDir, pushConfig, request }: ExchangeParts): Exchange {
  const project = request.repository.fullName;
  const inMirror = (...args: readonly string[]) =>
    git({ args: [`--git-dir=${gitDir}`, ...args], timeout: LOCAL_TIMEOUT });

  async function onRemote(
    address: Address,
    patterns: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const args = ['ls-remote', '--quiet', '--', address.url, ...patterns];
    const result = await git({ args, env: address.env, timeout: REMOTE_TIMEOUT, signal });
    if (result.code !== 0) throw unreached(project, address, result);
    return lines(result);
  }

  async function tipsOf(address: Address, branches: readonly string[], signal: AbortSignal) {
    const wanted = new Map(branches.map((branch) => [`refs/heads/${branch}`, branch]));
    const tips = new Map<string, string>();
    for (const line of await onRemote(address, [...wanted.keys()], signal)) {
      const [sha = '', ref = ''] = line.split('\t');
      const branch = wanted.get(ref); // patterns match the ends of names, too
      if (branch !== undefined) tips.set(branch, sha);
    }
    return tips;
  }

  async function localTips(): Promise<ReadonlyMap<string, string>> {
    const listed = await inMirror('for-each-ref', '--format=%(refname)%09%(objectname)', 'refs/remote/');
    if (listed.code !== 0) throw failure('read the mirror', project, listed);
    return new Map(lines(listed).map((line) => line.split('\t') as [string, string]));
  }

  async function pull(branches: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const address = await addressOf(request);
    const tips = await tipsOf(address, branches, signal);
    const have = await localTips();
    const missing = [...tips].filter(([branch, sha]) => have.get(refOf(branch)) !== sha).map(([branch]) => branch);
    if (missing.length === 0) return tips;
    const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    const refs = missing.map((branch) => `+refs/heads/${branch}:${refOf(branch)}`);
    const args = [`--git-dir=${gitDir}`, 'fetch', ...flags, '--', address.url, ...refs];
    const result = await git({ args, env: address.env, timeout: TRANSFER_TIMEOUT, signal });
    if (result.code !== 0) throw unreached(project, address, result);
    const now = await localTips(); // somebody may have pushed since the remote was asked
    return new Map(
      branches.filter((branch) => tips.has(branch)).map((branch) => [branch, now.get(refOf(branch)) ?? '']),
    );
  }

  async function send(sha: string, branch: string, signal: AbortSignal): Promise<Answered> {
    const remote = await request.remote();
    const address = addressWith(remote.url, remote);
    const flags = ['--porcelain', '--no-verify', '--no-follow-tags', '--no-recurse-submodules'];
    const args = [`--git-dir=${gitDir}`, 'push', ...flags, '--', address.url, `${sha}:refs/heads/${branch}`];
    const env = { ...address.env, GIT_CONFIG_GLOBAL: pushConfig };
    const result = await git({ args, env, timeout: TRANSFER_TIMEOUT, signal });
    const sent = readPush(result, secretsOf(remote));
    if (sent.kind === 'unreached') throw unreached(project, address, result);
    if (sent.kind === 'sent') {
      const noted = await inMirror('update-ref', refOf(branch), sha);
      if (noted.code !== 0) throw failure('update the mirror', project, noted);
    }
    return sent;
  }

  return {
    pull,
    send,
    isEmpty: async (signal) => (await onRemote(await addressOf(request), ['refs/heads/*'], signal)).length === 0,
  };
}

async function addressOf(request: WorkspaceRequest): Promise<Address> {
  const remote = await request.remote();
  return addressWith(remote.url, remote);
}

function secretsOf({ username, password }: GitRemote): readonly string[] {
  if (password === '') return [];
  return [password, Buffer.from(`${username}:${password}`).toString('base64')];
}

const NO_ACCESS =
  /returned error: 403|repository .* not found|Repository not found|project you were looking for could not be found/i;

/** An account that may not read it will not be let in by trying again. */
function unreached(project: string, address: Address, result: GitResult): FunadeError {
  if (isDiskFull(result)) return new FunadeError('FUN_STORAGE_FULL');
  const reason = reasonOf(result);
  if (NO_ACCESS.test(result.stderr))
    return new FunadeError('FUN_WORKSPACE', { project, reason: 'permission', detail: reason });
  if (/\.lock': File exists|cannot lock ref/.test(result.stderr)) return failure('update the mirror', project, result);
  return new FunadeError('FUN_GIT_UNREACHABLE', { source: redactUrls(address.url), reason });
}
