import type { Actor, Repository, Subject, SubjectKind } from './port.ts';

/** How a repository is named to the API: by its id where that is known, since names change. */
export interface RepositoryKey {
  readonly id: string | null;
  /** `owner/name`, or `group/subgroup/name`. */
  readonly fullName: string;
}

export interface RepositoryState extends Repository {
  readonly id: string;
  readonly defaultBranch: string | null;
}

export interface SubjectKey {
  readonly repository: RepositoryKey;
  readonly kind: SubjectKind;
  readonly number: number;
}

export interface SubjectState extends Subject {
  /** Text of the issue or change; written by others: data, never instruction. */
  readonly body: string;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  readonly merged: boolean;
}

/** From nothing to everything. `write` and above may start tasks. */
export const REPOSITORY_ROLES = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const;
export type RepositoryRole = (typeof REPOSITORY_ROLES)[number];

export interface Comment {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
  /** Written by the forge itself. */
  readonly system: boolean;
  readonly url: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Change {
  readonly number: number;
  readonly url: string;
  readonly open: boolean;
  readonly draft: boolean;
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
}

export interface ChangeState extends Change {
  readonly headSha: string;
  /**
   * `owner/name` of the repository that the head branch is in: as the caller's key has it where that is the change's own, another name for
   * a fork, null when the fork was deleted.
   */
  readonly headRepository: string | null;
  readonly merged: boolean;
}

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  /** Kept invisible in the body. */
  readonly marker: string;
  /** Epoch milliseconds; older issues are not searched for the marker. */
  readonly since: number;
}

export interface NewChange {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

export interface CommitStatus {
  readonly state: 'pending' | 'running' | 'success' | 'failure' | 'cancelled';
  /** Names the status among those of a commit; setting it again replaces it. */
  readonly context: string;
  readonly description: string;
  readonly url: string | null;
}

/** Label, who put it on, and when by the forge's clock (epoch milliseconds). */
export interface Labelling {
  /** The forge's id of that act; the same for every reader. */
  readonly id: string;
  readonly label: string;
  readonly actor: Actor;
  readonly at: number;
}

export interface Ref {
  /** Full name: `refs/heads/main`. */
  readonly ref: string;
  readonly sha: string;
}

/** An answer that can be asked for again with its tag: nothing is transferred, nor counted by GitHub, when nothing changed. */
export type Fresh<T> =
  | { readonly kind: 'changed'; readonly value: T; readonly etag: string | null }
  | { readonly kind: 'unchanged' };

export interface Hook {
  readonly id: string;
  readonly url: string;
  readonly active: boolean;
  /** As the forge names them: `push`, `issues` … */
  readonly events: readonly string[];
  /** What keeps it from working well, in the codes of pings, or as the forge tells it (`disabled_until`, last status). */
  readonly troubles: readonly string[];
}

export interface HookDelivery {
  /** To ask for it again. */
  readonly id: string;
  /** The id that the webhook's request carried. */
  readonly guid: string;
  readonly hookId: string;
  readonly event: string;
  /** HTTP status of our answer; 0 when there was none. */
  readonly status: number;
  readonly at: number;
}

/** Webhooks of a repository. */
export interface ForgeHooks {
  list(repository: RepositoryKey): Promise<readonly Hook[]>;
  /** Makes the hook with this address, or sets the one that is there right. Lists by URL first, so calling it twice makes one. */
  ensure(
    repository: RepositoryKey,
    wanted: { readonly url: string; readonly secret: string; readonly signing?: string | null },
  ): Promise<{ readonly hook: Hook; readonly done: 'created' | 'updated' | 'unchanged' }>;
  /**
   * Deliveries since a time that got no 2xx, the newest of each guid only and none that succeeded later. Undefined where the forge
   * can't tell.
   */
  failedDeliveries?(repository: RepositoryKey, hookId: string, since: number): Promise<readonly HookDelivery[]>;
  /** Asks the forge to send it again. */
  redeliver?(repository: RepositoryKey, delivery: Pick<HookDelivery, 'hookId' | 'id'>): Promise<void>;
}

/**
 * The API of one forge on one host, as one account. Every verb can be called again after a failure without doing its work twice.
 * Requests are throttled as the forge asks and tried again after network trouble, 429 and 5xx, but never past `Retry-After` limits
 * that are longer than a minute. Throws `FUN_FORGE_UNREACHABLE` (network, 5xx), `FUN_FORGE_LIMITED` (429 and rate limits; `at`: epoch ms when
 * to try again), `FUN_FORGE_LOGIN_REFUSED` (401) – these are retryable –, `FUN_FORGE_REFUSED` (403), `FUN_FORGE_NOT_FOUND` (404, 410) and
 * `FUN_FORGE_REJECTED` (other 4xx).
 */
export interface Forge {
  readonly id: 'github' | 'gitlab';
  /** Host of its web pages (`github.com`), as payloads and clone addresses name it. */
  readonly host: string;
  /** The account that Funade acts as. */
  self(): Promise<Actor>;
  repository(key: RepositoryKey): Promise<RepositoryState>;
  /** Null when it is gone. */
  read(subject: SubjectKey): Promise<SubjectState | null>;
  /** Open issues and changes with a label, all pages. Never the search API, whose index lags. `since`: epoch ms of their last change. */
  listLabelled(
    repository: RepositoryKey,
    label: string,
    options?: { readonly since?: number; readonly etag?: string | null },
  ): Promise<Fresh<readonly SubjectState[]>>;
  /** The latest time a label was put on a subject; null when the forge does not know. */
  labelling(subject: SubjectKey, label: string): Promise<Labelling | null>;
  role(repository: RepositoryKey, actor: Pick<Actor, 'login' | 'id'>): Promise<RepositoryRole>;
  /**
   * Takes single labels off and puts single labels on; the others stay as they are. `removed` is false when `remove` was not there:
   * somebody else was first. `add` is put on in any case, so whoever needs to win first removes alone.
   */
  swapLabel(
    subject: SubjectKey,
    labels: { readonly remove: string | null; readonly add: string | null },
  ): Promise<{ readonly removed: boolean }>;
  /** One comment per marker: edits the one of ours that has it, else writes one. The marker is kept invisible in it. */
  upsertComment(
    subject: SubjectKey,
    marker: string,
    body: string,
  ): Promise<{ readonly id: string; readonly url: string; readonly created: boolean }>;
  /** Oldest first; `sinceId`: only those with a higher id. */
  listComments(subject: SubjectKey, sinceId?: string): Promise<readonly Comment[]>;
  /** The open change from a branch, or one that closes an issue; null when there is none. */
  findChange(
    repository: RepositoryKey,
    wanted: { readonly head: string; readonly closes: number | null },
  ): Promise<Change | null>;
  /** Answers the open change of that branch when there is one already. */
  createChange(repository: RepositoryKey, change: NewChange): Promise<Change>;
  updateChange(
    repository: RepositoryKey,
    number: number,
    change: Partial<Pick<NewChange, 'title' | 'body' | 'draft'>>,
  ): Promise<Change>;
  /** Null when there is none. */
  readChange(repository: RepositoryKey, number: number): Promise<ChangeState | null>;
  /** Answers the issue of our account that has the marker, open or closed, when there is one already. Labels that do not exist are made. */
  openIssue(
    repository: RepositoryKey,
    issue: NewIssue,
  ): Promise<{ readonly number: number; readonly url: string; readonly created: boolean }>;
  /** Nothing happens when it is closed already. */
  closeIssue(repository: RepositoryKey, number: number): Promise<void>;
  setCommitStatus(repository: RepositoryKey, sha: string, status: CommitStatus): Promise<void>;
  /** Branches and tags as they are now. */
  listRefs(repository: RepositoryKey, options?: { readonly etag?: string | null }): Promise<Fresh<readonly Ref[]>>;
  /** Address for git, with credentials apart from it: they must not reach an argument list or a log. */
  gitRemote(
    repository: RepositoryKey,
  ): Promise<{ readonly url: string; readonly username: string; readonly password: string }>;
  readonly hooks: ForgeHooks;
}

/** How Funade is known to a forge. */
export type ForgeCredentials =
  | { readonly kind: 'token'; readonly token: string }
  /** A GitHub App: PEM of its private key; without an installation the one of each repository is looked up. */
  | {
      readonly kind: 'app';
      readonly appId: string;
      readonly privateKey: string;
      readonly installationId: string | null;
    };
