import type { RepositoryKey } from '../../forges/index.ts';

export interface GitRemote {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface WorkspaceRequest {
  /** Id of the task. */
  readonly task: string;
  readonly host: string;
  readonly repository: RepositoryKey;
  /** Asked for before each exchange with the remote: credentials of Apps are short-lived. */
  readonly remote: () => Promise<GitRemote>;
  /** Branch that the work is for: the default branch, or the head of a change. */
  readonly base: string;
  /** Branch that is pushed to: `funade/issue-7`. Where the remote has it already, the work goes on from there. */
  readonly branch: string;
  /** `fresh`: from what the remote has; `continue`: the tree stays as it was left, where it is here. */
  readonly mode: 'fresh' | 'continue';
}

export interface ChangedFile {
  /** With slashes; as git has it, any bytes that are UTF-8. */
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted' | 'type_changed' | 'submodule';
  /** Bytes; 0 of a deleted one. */
  readonly size: number;
  readonly binary: boolean;
  /** Is kept in Git LFS by the attributes of the base, and its new content is no pointer. */
  readonly lfs: boolean;
}

export type PushEnd =
  | { readonly kind: 'pushed'; readonly sha: string; readonly rebased: boolean }
  /** `conflict`: somebody else pushed to the branch, and the work does not apply on top of that. */
  | {
      readonly kind: 'refused';
      readonly reason: 'branch_protected' | 'permission' | 'branch_moved' | 'conflict' | 'push_rejected';
      readonly detail: string;
    };

/** One task's checkout. Nothing that an agent writes in it is run or read as configuration by Funade's own git. */
export interface Workspace {
  /** Absolute path of the tree. Its `.git` is the agent's own and is never read. */
  readonly directory: string;
  /** Absolute path of a directory that stays with the task. */
  readonly home: string;
  readonly base: { readonly branch: string; readonly sha: string };
  /** Whether the branch was on the remote before. */
  readonly continued: boolean;
  /** What the checkout has that an agent should know: submodules are empty, LFS files are pointers. */
  readonly peculiarities: readonly ('submodules' | 'lfs' | 'hooks')[];
  /** Text of a file of the base commit (not of the tree); null when there is none or it is no UTF-8 of at most `limit` bytes. */
  read(path: string, limit?: number): Promise<string | null>;
  /** What differs from the base: on the branch so far and in the tree. */
  changes(): Promise<readonly ChangedFile[]>;
  /** The difference from the base as a patch, at most `limit` bytes; for searching secrets. */
  patch(limit: number): Promise<string>;
  /** Commits what the tree has beyond the branch; null when it has nothing, and the branch nothing beyond the base. */
  commit(
    message: string,
    author: { readonly name: string; readonly email: string },
  ): Promise<{ readonly sha: string } | null>;
  /** Never by force; once rebased where somebody pushed meanwhile. Pushing what the remote has already is `pushed`. */
  push(signal: AbortSignal): Promise<PushEnd>;
}

/** Throws `FUN_WORKSPACE` with a `reason` (`repository_empty`, `default_branch_missing`, `branch_name`, `permission`), `FUN_GIT_UNREACHABLE`, `FUN_STORAGE_FULL`. */
export interface Workspaces {
  prepare(request: WorkspaceRequest, signal: AbortSignal): Promise<Workspace>;
  has(task: string): Promise<boolean>;
  remove(task: string): Promise<void>;
  /** Removes what belongs to no task of `alive`, and mirrors that nothing has used for 30 days. */
  sweep(alive: ReadonlySet<string>): Promise<void>;
}
