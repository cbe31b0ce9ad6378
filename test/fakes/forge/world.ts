import type { RepositoryRole, SubjectKind } from '../../../src/forges/index.ts';
import type { ClosedIssues } from './closing.ts';
import type { FakeCommit, FakeGit } from './git.ts';
import type { PushCommand } from './git-wire.ts';

/* What is behind a fake forge: people, repositories, issues and changes, and every act that a person can do to them. */

export interface FakeUser {
  readonly id: number;
  login: string;
  readonly bot: boolean;
}

export interface FakeComment {
  readonly id: number;
  readonly author: FakeUser;
  body: string;
  readonly system: boolean;
  /** GitLab: only members see it. */
  readonly internal: boolean;
  readonly createdAt: number;
  updatedAt: number;
}

export interface FakeLabelEvent {
  readonly id: number;
  readonly action: 'add' | 'remove';
  readonly label: string;
  readonly by: FakeUser;
  readonly at: number;
}

export interface FakeSubject {
  readonly repository: FakeRepository;
  readonly id: number;
  readonly kind: SubjectKind;
  readonly number: number;
  title: string;
  body: string;
  readonly author: FakeUser;
  labels: string[];
  assignees: FakeUser[];
  open: boolean;
  merged: boolean;
  gone: boolean;
  confidential: boolean;
  readonly comments: FakeComment[];
  readonly labelEvents: FakeLabelEvent[];
  readonly createdAt: number;
  updatedAt: number;
  readonly change: FakeChange | null;
}

/** What only changes have. */
export interface FakeChange {
  readonly head: string;
  base: string;
  draft: boolean;
  /** Its branch is in another repository, of `outsider`, which may have been deleted. */
  fork: boolean | 'deleted';
  /** Issues that somebody linked to it by hand, as the page of GitHub lets people do. */
  readonly linked: readonly number[];
  /** Commit of its branch; stays when that is deleted. */
  headSha: string;
}

/** Who wrote what accounts wrote that were deleted since. */
export const GHOST = 'ghost';

/** One ref of a push by git. */
export interface FakePush extends PushCommand {
  readonly by: FakeUser;
  readonly forced: boolean;
  /** What was said to it; null when it was carried out. */
  readonly refused: string | null;
}

export interface FakeDelivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  /** 0: no answer. */
  status: number;
  at: number;
  readonly redelivery: boolean;
  readonly body: string;
}

export interface FakeHook {
  readonly id: number;
  url: string;
  active: boolean;
  events: string[];
  secret: string;
  signing: string | null;
  verifiesTls: boolean;
  contentType: string;
  disabledUntil: number | null;
  /** Newest last. */
  readonly deliveries: FakeDelivery[];
}

export interface FakeStatus {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  state: string;
  description: string;
  url: string | null;
}

export interface FakeRepository {
  readonly id: number;
  fullName: string;
  /** Names that it had; the API redirects from them. */
  readonly formerNames: string[];
  defaultBranch: string;
  cloneUrl: string;
  gone: boolean;
  readonly members: Map<FakeUser, RepositoryRole>;
  readonly subjects: FakeSubject[];
  readonly hooks: FakeHook[];
  /** Full ref name → commit. */
  readonly refs: Map<string, string>;
  readonly statuses: FakeStatus[];
  /** The bare repository behind it; null where refs are only told of. */
  readonly git: FakeGit | null;
  /** Every ref of every push by git, oldest first, those that were refused as well. */
  readonly pushes: FakePush[];
  /** Full names of refs that nobody pushes to. */
  readonly protectedRefs: Set<string>;
  /** A rule that refuses a push with this text. */
  refusePush: ((commands: readonly PushCommand[]) => string | null) | null;
  /** Makes the forge refuse every push to a branch. */
  protect(branch: string): void;
}

/** What happened, for webhooks. */
export type WorldEvent =
  | { readonly kind: 'opened' | 'reopened' | 'closed' | 'merged'; readonly subject: FakeSubject; readonly by: FakeUser }
  | {
      readonly kind: 'labels';
      readonly subject: FakeSubject;
      readonly by: FakeUser;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly before: readonly string[];
    }
  | {
      readonly kind: 'assigned' | 'unassigned';
      readonly subject: FakeSubject;
      readonly by: FakeUser;
      readonly who: FakeUser;
      readonly before: readonly FakeUser[];
    }
  | {
      readonly kind: 'commented' | 'comment_edited' | 'comment_deleted';
      readonly subject: FakeSubject;
      readonly by: FakeUser;
      readonly comment: FakeComment;
    }
  | {
      readonly kind: 'pushed';
      readonly repository: FakeRepository;
      readonly by: FakeUser;
      readonly ref: string;
      readonly before: string | null;
      readonly after: string | null;
      readonly forced: boolean;
      /** What it brought, oldest first; none where there is no git. */
      readonly commits: readonly FakeCommit[];
    };

export function repositoryOf(event: WorldEvent): FakeRepository {
  return event.kind === 'pushed' ? event.repository : event.subject.repository;
}

export interface World {
  readonly users: FakeUser[];
  readonly repositories: FakeRepository[];
  nextId(): number;
  /** Milliseconds; forges show what their own clock says. */
  now(): number;
  /** The person of that name, made when it is new. */
  user(login: string): FakeUser;
  emit(event: WorldEvent): void;
}

export interface WorldRules {
  /** GitHub counts issues and changes together. */
  readonly sharedNumbers: boolean;
  /** GitHub takes `Bug` and `bug` for one label. */
  readonly labelKey: (label: string) => string;
  /** GitLab writes notes of its own between the comments of people. */
  readonly systemNotes: boolean;
  /** GitHub shows the object of an annotated tag, GitLab its commit. */
  readonly showsTagObjects: boolean;
  /** Issues that a change closes when it is merged into the default branch. */
  readonly closedIssues: ClosedIssues;
  readonly mergeMessage: (change: FakeSubject) => string;
  /** Of a repository with git behind it. */
  readonly cloneUrl: (fullName: string) => string;
  /** Takes the mark of a draft off. */
  readonly makeReady: (change: FakeSubject) => void;
}

export function createWorld(emit: (event: WorldEvent) => void): World {
  const users: FakeUser[] = [];
  let lastId = 1000;
  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  return {
    users,
    repositories: [],
    nextId,
    now: () => Date.now(),
    user: (login) => {
      const known = users.find((each) => each.login.toLowerCase() === login.toLowerCase());
      if (known !== undefined) return known;
      const made = { id: nextId(), login, bot: /\[bot\]$|_bot(?:_|\d|$)/.test(login) };
      users.push(made);
      return made;
    },
    emit,
  };
}
