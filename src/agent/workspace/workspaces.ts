import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGit, createLines, isBranchName, writeGitConfig, writePushConfig } from '../../git/index.ts';
import { type Clock, FunadeError, type Logger } from '../../kernel/index.ts';
import { isStorageFull } from '../../store/index.ts';
import { checkOut } from './checkout.ts';
import { type Desk, inMirror, indexFile } from './desk.ts';
import { REMOVING, isFolder, removeDoomed, removeFolder } from './folders.ts';
import { isCopied, isMerged, joined } from './merged.ts';
import { type Exchange, createMirrors } from './mirrors.ts';
import { giveOwnRepository } from './own-repository.ts';
import type { Workspace, WorkspaceRequest, Workspaces } from './port.ts';
import { type WorkState, forgetState, readState, writeState } from './state.ts';
import { survey } from './survey.ts';
import { createWorkspace } from './workspace.ts';

export interface WorkspacesOptions {
  /** Mirrors, trees and homes are below it; only this process uses it. */
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly gitPath?: string;
  /** Variables for git and ssh: PATH, HOME, SSH_AUTH_SOCK, HTTPS_PROXY … Nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
}

const TASK_ID = /^[a-zA-Z0-9][\w-]{0,99}$/;

export function createWorkspaces({ directory, logger, clock, gitPath, environment }: WorkspacesOptions): Workspaces {
  const configFile = join(directory, 'gitconfig');
  const pushConfig = join(directory, 'gitconfig.push');
  const tasks = join(directory, 'tasks');
  const git = createGit({ program: gitPath ?? 'git', configFile, environment: environment ?? {} });
  const mirrors = createMirrors({ git, directory: join(directory, 'mirrors'), pushConfig, logger, clock });
  /** By task: whoever was interrupted may have left an act behind that still writes in its folder. */
  const inLine = createLines();
  const preparing = new Set<string>();
  let furnished: Promise<void> | undefined;

  function folderOf(task: string): string {
    if (!TASK_ID.test(task)) throw new Error(`${JSON.stringify(task)} is no id of a task`);
    return join(tasks, task);
  }

  function furnish(): Promise<void> {
    furnished ??= writeConfigs().catch((thrown: unknown) => {
      furnished = undefined;
      throw thrown;
    });
    return furnished;
  }

  async function writeConfigs(): Promise<void> {
    await writeGitConfig(configFile);
    await writePushConfig(pushConfig);
  }

  async function prepare(request: WorkspaceRequest, signal: AbortSignal): Promise<Workspace> {
    for (const name of [request.base, request.branch]) {
      if (!isBranchName(name)) throw refusal(request, 'branch_name', `${JSON.stringify(name)} can be no branch`);
    }
    const folder = folderOf(request.task);
    await furnish();
    await mkdir(join(folder, 'home'), { recursive: true, mode: 0o700 });
    const mirror = mirrors.nameOf(request);
    const tips = await mirrors.exchange(request, (exchange) => tipsOf(exchange, request, signal));
    const tree = join(folder, 'tree');
    const desk = { git, gitDir: mirrors.pathOf(mirror), folder, tree, of: request.repository.fullName };
    const left = request.mode === 'continue' ? await whatIsLeft(desk, mirror, request) : undefined;
    const state = left === undefined ? await begun(desk, mirror, request, tips) : goneOn(left, tips);
    const head = await survey(desk, state.head);
    const base = state.base.sha === state.head ? head : await survey(desk, state.base.sha);
    if (left === undefined) {
      await forgetState(folder); // an old one must not be taken for that of a new tree
      await checkOut(desk, state.head, head.gitlinks, signal);
    }
    if (left === undefined || !(await isFolder(join(tree, '.git')))) await giveOwnRepository(desk, state, signal);
    await writeState(folder, state);
    const continued = tips.branch !== undefined;
    return createWorkspace({ desk, mirrors, inLine, request, state, head, base, continued, logger, clock });
  }

  async function sweep(alive: ReadonlySet<string>): Promise<void> {
    const kept = new Set<string>();
    for (const name of await readdir(tasks).catch(() => [])) {
      const isAlive = alive.has(name) || preparing.has(name);
      if (name.startsWith(REMOVING)) await removeDoomed(join(tasks, name));
      else if (!isAlive) await removeFolder(join(tasks, name));
      else kept.add((await readState(join(tasks, name)))?.mirror ?? '');
    }
    await mirrors.sweep(kept);
  }

  return {
    prepare: (request, signal) =>
      inLine(request.task, async () => {
        signal.throwIfAborted();
        preparing.add(request.task);
        try {
          return await prepare(request, signal);
        } catch (thrown) {
          if (isStorageFull(thrown)) throw new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
          throw thrown;
        } finally {
          preparing.delete(request.task);
        }
      }),
    has: async (task) => (await readState(folderOf(task))) !== undefined,
    remove: (task) => inLine(task, () => removeFolder(folderOf(task))),
    sweep,
  };
}

interface Tips {
  readonly base: string;
  readonly branch: string | undefined;
}

async function tipsOf(exchange: Exchange, request: WorkspaceRequest, signal: AbortSignal): Promise<Tips> {
  const tips = await exchange.pull([...new Set([request.base, request.branch])], signal);
  const base = tips.get(request.base);
  if (base !== undefined) return { base, branch: tips.get(request.branch) };
  if (await exchange.isEmpty(signal)) throw refusal(request, 'repository_empty', 'it has no commit yet');
  throw refusal(request, 'default_branch_missing', `it has no branch ${request.base}`);
}

function refusal({ repository }: WorkspaceRequest, reason: string, detail: string): FunadeError {
  return new FunadeError('FUN_WORKSPACE', { project: repository.fullName, reason, detail });
}

async function begun(desk: Desk, mirror: string, request: WorkspaceRequest, tips: Tips): Promise<WorkState> {
  const base = { branch: request.base, sha: tips.base };
  return { mirror, base, branch: request.branch, ...(await startOn(desk, tips)) };
}

/**
 * A branch that the base has all of (its change was merged, and nobody removed it) is gone on with from the base. Where that was not by its own
 * commits, the two are joined: nothing is pushed by force, and what is there already must not be proposed again.
 */
async function startOn(desk: Desk, { base, branch }: Tips): Promise<Pick<WorkState, 'start' | 'head'>> {
  if (branch === undefined || (await isMerged(desk, { base, branch }))) return { start: base, head: base };
  if (!(await isCopied(desk, { base, branch }))) return { start: branch, head: branch };
  return { start: branch, head: await joined(desk, { base, branch }) };
}

/** Work on the base itself is compared with what the base was at first; else the base is as it is now. */
function goneOn(left: WorkState, tips: Tips): WorkState {
  return left.base.branch === left.branch ? left : { ...left, base: { ...left.base, sha: tips.base } };
}

/** The state of a checkout that can be gone on with; undefined where it is of another branch, or a part of it is missing. */
async function whatIsLeft(desk: Desk, mirror: string, request: WorkspaceRequest): Promise<WorkState | undefined> {
  const state = await readState(desk.folder);
  if (state === undefined || state.mirror !== mirror) return undefined;
  if (state.base.branch !== request.base || state.branch !== request.branch) return undefined;
  const hasTree =
    (await isFolder(desk.tree)) && (await stat(indexFile(desk, 'work')).catch(() => undefined)) !== undefined;
  if (!hasTree) return undefined;
  for (const sha of [state.base.sha, state.start, state.head]) {
    if ((await inMirror(desk, ['cat-file', '-e', `${sha}^{commit}`])).code !== 0) return undefined;
  }
  return state;
}
