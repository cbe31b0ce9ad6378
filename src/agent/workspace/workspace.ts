import { join } from 'node:path';
import { type InLine, readFileOfCommit } from '../../git/index.ts';
import { type Clock, type Logger, assertNever } from '../../kernel/index.ts';
import { follow } from './checkout.ts';
import { type Desk, firstLine, inMirror, sure, treeOf } from './desk.ts';
import { readDifference, readPatch } from './difference.ts';
import type { Exchange, Mirrors } from './mirrors.ts';
import { giveOwnRepository } from './own-repository.ts';
import type { ChangedFile, PushEnd, Workspace, WorkspaceRequest } from './port.ts';
import { type Author, dateOf, record } from './record.ts';
import { replay } from './replay.ts';
import { stage } from './stage.ts';
import { type WorkState, writeState } from './state.ts';
import { type Survey, survey } from './survey.ts';

const LARGEST_TEXT = 1024 * 1024;

export interface WorkspaceParts {
  readonly desk: Desk;
  readonly mirrors: Mirrors;
  /** Of everything that works in the folder of a task, by its id. */
  readonly inLine: InLine;
  readonly request: WorkspaceRequest;
  readonly state: WorkState;
  /** Of the state's head. */
  readonly head: Survey;
  readonly base: Survey;
  readonly continued: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A checkout that is there. Its acts run one after the other, and after those of whoever had the task before. */
export function createWorkspace(parts: WorkspaceParts): Workspace {
  const { desk, mirrors, request, base, logger, clock } = parts;
  const inLine = <T>(act: () => Promise<T>): Promise<T> => parts.inLine(request.task, act);
  let { state, head } = parts;

  async function advance(next: WorkState): Promise<void> {
    await writeState(desk.folder, next);
    state = next;
  }

  /** Where the branch left the base; a branch without any commit in common with it differs from all of it. */
  async function fork(): Promise<string> {
    const found = await inMirror(desk, ['merge-base', state.base.sha, state.head]);
    return found.code === 1 ? state.base.sha : firstLine(sure(desk, 'compare commits', found));
  }

  async function changes(): Promise<readonly ChangedFile[]> {
    const { tree, foreign } = await stage(desk, head.gitlinks);
    const lfsBase = base.usesLfs ? state.base.sha : null;
    const files = await readDifference(desk, { from: await fork(), to: tree }, lfsBase);
    const told = new Set(files.map((file) => file.path));
    const more = foreign.filter((path) => !told.has(path));
    return [
      ...files,
      ...more.map((path) => ({ path, kind: 'submodule', size: 0, binary: false, lfs: false }) as const),
    ];
  }

  async function commit(message: string, author: Author): Promise<{ readonly sha: string } | null> {
    const { tree } = await stage(desk, head.gitlinks);
    if ((await treeOf(desk, state.head)) === tree) {
      return (await fork()) === state.head ? null : { sha: state.head };
    }
    const sha = await record(desk, { tree, parents: [state.head], message, author, date: dateOf(clock) });
    await advance({ ...state, head: sha });
    return { sha };
  }

  async function push(exchange: Exchange, signal: AbortSignal): Promise<PushEnd> {
    const first = await exchange.send(state.head, state.branch, signal);
    switch (first.kind) {
      case 'sent':
        await advance({ ...state, start: state.head });
        return { kind: 'pushed', sha: state.head, rebased: false };
      case 'refused':
        return first;
      case 'behind':
        return pushOnTop(exchange, signal);
      default:
        return assertNever(first);
    }
  }

  async function pushOnTop(exchange: Exchange, signal: AbortSignal): Promise<PushEnd> {
    const onto = (await exchange.pull([state.branch], signal)).get(state.branch);
    if (onto === undefined) return refused('branch_moved', 'the branch was removed while it was pushed to');
    const replayed = await replay(desk, state.start, state.head, onto);
    if (replayed.kind === 'conflict') return refused('conflict', replayed.paths.join(', '));
    const sent = replayed.head === onto ? null : await exchange.send(replayed.head, state.branch, signal);
    if (sent?.kind === 'refused') return sent;
    if (sent?.kind === 'behind') return refused('branch_moved', sent.detail);
    await catchUp(replayed.head);
    return { kind: 'pushed', sha: replayed.head, rebased: true };
  }

  /**
   * Brings the tree to what was pushed. Where that can't be (something was changed in it since the commit), state and tree stay as they
   * are, together: the next push replays what the branch does not have yet, while a head without its tree would take back what others did.
   */
  async function catchUp(to: string): Promise<void> {
    const there = await survey(desk, to);
    const from = { commit: state.head, gitlinks: head.gitlinks };
    if (!(await follow(desk, from, { commit: to, gitlinks: there.gitlinks }))) {
      logger.warn(
        { task: request.task, sha: to },
        'The checkout was changed after its commit and does not follow the rebase',
      );
      return;
    }
    head = there;
    await advance({ ...state, start: to, head: to });
    await giveOwnRepository(desk, state, new AbortController().signal);
  }

  return {
    directory: desk.tree,
    home: join(desk.folder, 'home'),
    base: state.base,
    continued: parts.continued,
    peculiarities: peculiaritiesOf(head, base),
    read: async (path, limit = LARGEST_TEXT) => {
      const place = { gitDir: desk.gitDir, of: desk.of, sha: parts.state.base.sha, path };
      return textOf(await readFileOfCommit(desk.git, place, limit));
    },
    changes: () => inLine(changes),
    patch: (limit) =>
      inLine(async () => {
        const { tree } = await stage(desk, head.gitlinks);
        return readPatch(desk, { from: await fork(), to: tree }, limit);
      }),
    commit: (message, author) => inLine(() => commit(message, author)),
    push: (signal) => inLine(() => mirrors.exchange(request, (exchange) => push(exchange, signal))),
  };
}

function refused(reason: Extract<PushEnd, { kind: 'refused' }>['reason'], detail: string): PushEnd {
  return { kind: 'refused', reason, detail };
}

function peculiaritiesOf(head: Survey, base: Survey): Workspace['peculiarities'] {
  const found: Workspace['peculiarities'][number][] = [];
  if (head.gitlinks.length > 0) found.push('submodules');
  if (head.usesLfs || base.usesLfs) found.push('lfs');
  if (head.hasHooks || base.hasHooks) found.push('hooks');
  return found;
}

function textOf(content: Buffer | null): string | null {
  if (content === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}
