import { createHash } from 'node:crypto';
import { FunadeError } from '../src/kernel/index.ts';
import type { ChangedFile, PushEnd, Workspace, WorkspaceRequest, Workspaces } from '../src/agent/index.ts';

type Files = ReadonlyMap<string, string>;

interface Tree {
  readonly base: Files;
  readonly branch: string;
  files: Map<string, string>;
  committed: Files;
}

export interface MemoryCommit {
  readonly sha: string;
  readonly branch: string;
  readonly message: string;
  readonly author: string;
}

/** Checkouts in memory, over a remote in memory: branches are maps from paths to texts. */
export interface MemoryWorkspaces extends Workspaces {
  readonly remote: Map<string, Files>;
  /** Commits that were pushed, in their order. */
  readonly pushed: MemoryCommit[];
  readonly requests: WorkspaceRequest[];
  /** Verbs in the order in which they were asked for. */
  readonly calls: string[];
  /** Called before and after each verb; may throw or wait. */
  around: ((verb: string, when: 'before' | 'after') => Promise<void> | void) | null;
  /** What every push is answered, where it is set. */
  refusal: Extract<PushEnd, { kind: 'refused' }> | null;
  /** Facts of files that texts do not tell, by path. */
  readonly facts: Map<string, Partial<ChangedFile>>;
  /** Tasks with a checkout. */
  readonly trees: Map<string, Tree>;
  /** As an agent would; null deletes. */
  write(task: string, path: string, text: string | null): void;
  reset(): void;
}

export function createMemoryWorkspaces(): MemoryWorkspaces {
  const remote = new Map<string, Files>();
  const trees = new Map<string, Tree>();

  async function verb<T>(name: string, work: () => T): Promise<T> {
    room.calls.push(name);
    await room.around?.(name, 'before');
    const result = work();
    await room.around?.(name, 'after');
    return result;
  }

  function treeOf(task: string): Tree {
    const tree = trees.get(task);
    if (tree === undefined) throw new Error(`no checkout of ${task}`);
    return tree;
  }

  function workspaceOf(request: WorkspaceRequest, continued: boolean): Workspace {
    const { task, base, branch } = request;
    const tree = treeOf(task);
    let last: MemoryCommit | null = null;
    return {
      directory: `/memory/${task}/tree`,
      home: `/memory/${task}/home`,
      base: { branch: base, sha: shaOf(tree.base) },
      continued,
      peculiarities: [],
      read: (path) => verb('read', () => tree.base.get(path) ?? null),
      changes: () => verb('changes', () => changesOf(tree, room.facts)),
      patch: (limit) => verb('patch', () => patchOf(tree).slice(0, limit)),
      commit: (message, { name }) =>
        verb('commit', () => {
          if (changesOf(tree, room.facts).length === 0) return null;
          tree.committed = new Map(tree.files);
          last = { sha: shaOf(tree.committed), branch, message, author: name };
          return { sha: last.sha };
        }),
      push: () =>
        verb('push', (): PushEnd => {
          if (room.refusal !== null) return room.refusal;
          const sha = shaOf(tree.committed);
          const has = remote.get(branch);
          if (last !== null && (has === undefined || shaOf(has) !== sha)) room.pushed.push(last);
          remote.set(branch, tree.committed);
          return { kind: 'pushed', sha, rebased: false };
        }),
    };
  }

  const room: MemoryWorkspaces = {
    remote,
    pushed: [],
    requests: [],
    calls: [],
    around: null,
    refusal: null,
    facts: new Map(),
    trees,
    prepare: async (request) => {
      const { task, base, branch, mode } = request;
      return verb('prepare', () => {
        room.requests.push(request);
        const start = remote.get(base);
        if (start === undefined)
          throw new FunadeError('FUN_WORKSPACE', {
            project: request.repository.fullName,
            reason: remote.size === 0 ? 'repository_empty' : 'default_branch_missing',
            detail: base,
          });
        const there = remote.get(branch);
        const known = trees.get(task);
        if (mode === 'fresh' || known === undefined || known.branch !== branch)
          trees.set(task, { base: start, branch, files: new Map(there ?? start), committed: there ?? start });
        return workspaceOf(request, there !== undefined);
      });
    },
    has: (task) => verb('has', () => trees.has(task)),
    remove: (task) => verb('remove', () => void trees.delete(task)),
    sweep: () => Promise.resolve(),
    write: (task, path, text) => {
      const { files } = treeOf(task);
      if (text === null) files.delete(path);
      else files.set(path, text);
    },
    reset: () => {
      remote.clear();
      remote.set('main', new Map([['hello.js', 'hello();\n']]));
      trees.clear();
      room.facts.clear();
      for (const list of [room.pushed, room.requests, room.calls]) list.length = 0;
      Object.assign(room, { around: null, refusal: null });
    },
  };
  room.reset();
  return room;
}

function shaOf(files: Files): string {
  const text = JSON.stringify([...files].toSorted(([left], [right]) => (left < right ? -1 : 1)));
  return createHash('sha1').update(text).digest('hex');
}

function changesOf({ base, files }: Tree, facts: MemoryWorkspaces['facts']): readonly ChangedFile[] {
  const paths = [...new Set([...base.keys(), ...files.keys()])].toSorted();
  return paths.flatMap((path) => {
    const [before, after] = [base.get(path), files.get(path)];
    if (before === after) return [];
    const size = Buffer.byteLength(after ?? '');
    return [{ path, kind: kindOf(before, after), size, binary: false, lfs: false, ...facts.get(path) }];
  });
}

function kindOf(before: string | undefined, after: string | undefined): ChangedFile['kind'] {
  if (before === undefined) return 'added';
  return after === undefined ? 'deleted' : 'modified';
}

function patchOf({ base, files }: Tree): string {
  return [...files]
    .filter(([path, text]) => base.get(path) !== text)
    .map(([path, text]) => `+++ b/${path}\n${text.replaceAll(/^/gm, '+')}`)
    .join('\n');
}
