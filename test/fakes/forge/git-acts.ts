import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeFiles, type FakeGit, branchOf, createGit } from './git.ts';
import type { PushCommand } from './git-wire.ts';
import type { FakeRepository, FakeSubject, FakeUser, World, WorldRules } from './world.ts';

/** Keeps what the API shows and what is in the bare repositories the same. */
export interface GitActs {
  /** A bare repository; `defaultBranch` is that of the source where it is one. */
  create(
    source: string | FakeFiles,
    branch: string,
  ): { readonly git: FakeGit; readonly refs: Map<string, string>; readonly defaultBranch: string };
  /** Moves a ref, or deletes it, and tells the hooks. */
  move(repository: FakeRepository, ref: string, sha: string | null, by: FakeUser): void;
  /** Takes over what was done to a ref in the bare repository, and tells the hooks. */
  follow(repository: FakeRepository, ref: string, by: FakeUser): void;
  /** After a push by git: notes its commands, and takes over what they changed. */
  pushed(repository: FakeRepository, by: FakeUser, commands: readonly PushCommand[]): void;
  /** Merges the branch of a change into its base, and answers the commit. */
  merge(change: FakeSubject, by: FakeUser, squash: boolean): string;
  /** Removes all bare repositories. */
  clear(): void;
}

const MOST_COMMITS = 20;

export function createGitActs(world: World, rules: WorldRules): GitActs {
  let root: string | undefined;

  function shown({ sha, peeled }: { readonly sha: string; readonly peeled: string }): string {
    return rules.showsTagObjects ? sha : peeled;
  }

  /** The bare repository is there already. */
  function follow(repository: FakeRepository, ref: string, by: FakeUser): void {
    const { git } = repository;
    const before = repository.refs.get(ref) ?? null;
    const now = git?.refs().get(ref);
    const after = now === undefined ? null : shown(now);
    if (git === null || before === after) return;
    if (after === null) repository.refs.delete(ref);
    else repository.refs.set(ref, after);
    const isMoved = before !== null && after !== null;
    const forced = isMoved && !git.isAncestor(before, after);
    followChanges(repository, ref, after);
    const base = before ?? repository.refs.get(`refs/heads/${repository.defaultBranch}`);
    const isNew = base === undefined || base === after;
    const commits = after === null ? [] : git.log(after, isNew ? undefined : base).slice(0, MOST_COMMITS);
    world.emit({ kind: 'pushed', repository, by, ref, before, after, forced, commits: commits.toReversed() });
  }

  function followChanges({ subjects }: FakeRepository, ref: string, sha: string | null): void {
    for (const subject of subjects) {
      const { change, open } = subject;
      if (change === null || !open || sha === null || change.fork !== false) continue;
      if (`refs/heads/${change.head}` !== ref) continue;
      change.headSha = sha;
      subject.updatedAt = world.now();
    }
  }

  return {
    create: (source, branch) => {
      root ??= mkdtempSync(join(tmpdir(), 'funade-forge-'));
      const defaultBranch = (typeof source === 'string' ? branchOf(source) : null) ?? branch;
      const git = createGit(join(root, `${world.nextId()}.git`), source, defaultBranch);
      const refs = new Map([...git.refs()].map(([ref, shas]) => [ref, shown(shas)] as const));
      return { git, refs, defaultBranch };
    },
    move: (repository, ref, sha, by) => {
      const { git, refs } = repository;
      if (git !== null) {
        git.setRef(ref, sha);
        return follow(repository, ref, by);
      }
      const before = refs.get(ref) ?? null;
      if (sha === null) refs.delete(ref);
      else refs.set(ref, sha);
      followChanges(repository, ref, sha);
      world.emit({ kind: 'pushed', repository, by, ref, before, after: sha, forced: false, commits: [] });
    },
    follow,
    pushed: (repository, by, commands) => {
      const { git } = repository;
      if (git === null) return;
      for (const command of commands) {
        // Git itself may have refused it.
        const isDone = git.shaOf(command.ref) === command.new;
        const isMoved = command.old !== null && command.new !== null;
        const forced = isDone && isMoved && !git.isAncestor(command.old ?? '', command.new ?? '');
        repository.pushes.push({ ...command, by, forced, refused: isDone ? null : 'by git' });
        if (isDone) follow(repository, command.ref, by);
      }
    },
    merge: (subject, by, squash) => {
      const { repository, change } = subject;
      const { git } = repository;
      if (change === null || git === null) throw new Error('nothing that could be merged for real');
      const { base, headSha: head } = change;
      const message = rules.mergeMessage(subject);
      const sha = git.merge({ base, head, message, author: by.login, squash });
      follow(repository, `refs/heads/${base}`, by);
      return sha;
    },
    clear: () => {
      if (root !== undefined) rmSync(root, { recursive: true, force: true });
      root = undefined;
    },
  };
}
