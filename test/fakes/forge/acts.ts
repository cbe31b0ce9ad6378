import type { RepositoryRole } from '../../../src/forges/index.ts';
import type { FakeFiles } from './git.ts';
import type { GitActs } from './git-acts.ts';
import type { FakeComment, FakeHook, FakeRepository, FakeSubject, FakeUser, World, WorldRules } from './world.ts';

/** What people (and tests) do on a forge. Each tells the webhooks of the repository, as the forge would. */
export interface Acts {
  addRepository(settings: NewRepository): FakeRepository;
  /** The old name leads to the new one, until another repository takes it. */
  renameRepository(repository: FakeRepository, fullName: string): void;
  setRole(repository: FakeRepository, login: string, role: RepositoryRole): void;
  addIssue(repository: FakeRepository, settings?: NewSubject): FakeSubject;
  addChange(repository: FakeRepository, settings: NewSubject & NewBranches): FakeSubject;
  addLabel(subject: FakeSubject, label: string, by?: string): void;
  removeLabel(subject: FakeSubject, label: string, by?: string): void;
  /** Several at once, as one event where the forge tells of them as one. */
  moveLabels(
    subject: FakeSubject,
    labels: { readonly add: readonly string[]; readonly remove: readonly string[] },
    by?: string,
  ): void;
  assign(subject: FakeSubject, login: string, by?: string): void;
  unassign(subject: FakeSubject, login: string, by?: string): void;
  close(subject: FakeSubject, by?: string): void;
  reopen(subject: FakeSubject, by?: string): void;
  /** Only its state; `mergeChange` is the real thing. */
  merge(subject: FakeSubject, by?: string): void;
  /**
   * Merges for real, as a person would on the page of the change: a draft is made ready, the branch is merged into its base, the
   * issues are closed that its text says it closes. Answers the commit; throws where the branches are in conflict.
   */
  mergeChange(subject: FakeSubject, by?: string, options?: { readonly squash?: boolean }): string;
  comment(subject: FakeSubject, body: string, by?: string, options?: { readonly internal?: boolean }): FakeComment;
  editComment(subject: FakeSubject, comment: FakeComment, body: string, by?: string): void;
  deleteComment(subject: FakeSubject, comment: FakeComment, by?: string): void;
  /** Deletes an issue for good. */
  deleteSubject(subject: FakeSubject): void;
  /** Makes or moves a branch or tag (`refs/heads/main`); null deletes it. */
  push(repository: FakeRepository, ref: string, sha: string | null, by?: string): void;
  /** Puts a commit on a branch (the default one), new or not, as a push of somebody; answers its id. */
  commit(repository: FakeRepository, commit: NewPushedCommit): string;
  /** A hook as somebody would install it by hand. */
  addHook(repository: FakeRepository, url: string, settings?: Partial<Omit<FakeHook, 'id' | 'deliveries'>>): FakeHook;
}

export interface NewRepository {
  readonly fullName: string;
  readonly cloneUrl?: string;
  /**
   * Real git behind it: another repository to copy, a folder or files for a first commit (`{}`: none at all). It is served at
   * `cloneUrl` then. Whoever asks it from this process must not block it: `execFileSync('git', …)` would wait for ever.
   */
  readonly git?: string | FakeFiles;
  readonly defaultBranch?: string;
}

export interface NewPushedCommit {
  readonly files: FakeFiles;
  readonly branch?: string;
  readonly message?: string;
  readonly by?: string;
}

export interface NewSubject {
  readonly title?: string;
  readonly body?: string;
  readonly labels?: readonly string[];
  readonly by?: string;
  readonly confidential?: boolean;
}

export interface NewBranches {
  readonly head: string;
  readonly base?: string;
  readonly draft?: boolean;
  readonly fork?: boolean;
  /** That of the branch, unless it is in a fork. */
  readonly headSha?: string;
  readonly linked?: readonly number[];
}

/** Who acts where a test names nobody. */
const SOMEBODY = 'mona';

const NO_SHA = '0'.repeat(40);

export function createActs(world: World, rules: WorldRules, gitActs: GitActs): Acts {
  const has = (subject: FakeSubject, label: string) =>
    subject.labels.find((each) => rules.labelKey(each) === rules.labelKey(label));

  function addSubject(
    repository: FakeRepository,
    kind: FakeSubject['kind'],
    settings: NewSubject,
    change: FakeSubject['change'],
  ): FakeSubject {
    const { title = 'Something is broken', body = '', labels = [], by = SOMEBODY, confidential = false } = settings;
    const at = world.now();
    const author = world.user(by);
    const counted = repository.subjects.filter((each) => rules.sharedNumbers || each.kind === kind);
    const subject: FakeSubject = {
      repository,
      id: world.nextId(),
      kind,
      number: counted.length + 1,
      title,
      body,
      author,
      labels: [...labels],
      assignees: [],
      open: true,
      merged: false,
      gone: false,
      confidential,
      comments: [],
      labelEvents: labels.map((label) => ({ id: world.nextId(), action: 'add', label, by: author, at })),
      createdAt: at,
      updatedAt: at,
      change,
    };
    repository.subjects.push(subject);
    world.emit({ kind: 'opened', subject, by: author });
    return subject;
  }

  function moveLabels(
    subject: FakeSubject,
    { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
    by: FakeUser,
  ): void {
    const before = [...subject.labels];
    const removed = remove.map((label) => has(subject, label)).filter((label) => label !== undefined);
    const added = add.filter((label) => has(subject, label) === undefined);
    if (removed.length + added.length === 0) return;
    subject.labels = [...subject.labels.filter((label) => !removed.includes(label)), ...added];
    const at = world.now();
    for (const label of removed) {
      subject.labelEvents.push({ id: world.nextId(), action: 'remove', label, by, at });
    }
    for (const label of added) subject.labelEvents.push({ id: world.nextId(), action: 'add', label, by, at });
    subject.updatedAt = at;
    world.emit({ kind: 'labels', subject, by, added, removed, before });
  }

  function note(subject: FakeSubject, body: string, by: FakeUser): void {
    if (!rules.systemNotes) return;
    const at = world.now();
    subject.comments.push({
      id: world.nextId(),
      author: by,
      body,
      system: true,
      internal: false,
      createdAt: at,
      updatedAt: at,
    });
  }

  function touch(subject: FakeSubject): void {
    subject.updatedAt = world.now();
  }

  function setOpen(subject: FakeSubject, kind: 'closed' | 'reopened' | 'merged', by: string): void {
    subject.open = kind === 'reopened';
    subject.merged = kind === 'merged';
    subject.updatedAt = world.now();
    world.emit({ kind, subject, by: world.user(by) });
  }

  return {
    addRepository: ({ fullName, git: source, defaultBranch = 'main', ...settings }) => {
      const made = source === undefined ? null : gitActs.create(source, defaultBranch);
      const cloneUrl = made === null ? `https://git.invalid/${fullName}.git` : rules.cloneUrl(fullName);
      const protectedRefs = new Set<string>();
      const repository: FakeRepository = {
        id: world.nextId(),
        fullName,
        formerNames: [],
        defaultBranch: made?.defaultBranch ?? defaultBranch,
        cloneUrl: settings.cloneUrl ?? cloneUrl,
        gone: false,
        members: new Map(),
        subjects: [],
        hooks: [],
        refs: made?.refs ?? new Map(),
        statuses: [],
        git: made?.git ?? null,
        pushes: [],
        protectedRefs,
        refusePush: null,
        protect: (branch) => void protectedRefs.add(`refs/heads/${branch}`),
      };
      world.repositories.push(repository);
      return repository;
    },
    renameRepository: (repository, fullName) => {
      repository.formerNames.push(repository.fullName);
      repository.fullName = fullName;
      if (repository.git !== null) repository.cloneUrl = rules.cloneUrl(fullName);
    },
    setRole: (repository, login, role) => void repository.members.set(world.user(login), role),
    addIssue: (repository, settings = {}) => addSubject(repository, 'issue', settings, null),
    addChange: (repository, { head, base = repository.defaultBranch, draft = false, fork = false, ...settings }) => {
      const headSha = settings.headSha ?? (fork ? undefined : repository.refs.get(`refs/heads/${head}`)) ?? NO_SHA;
      const { linked = [] } = settings;
      return addSubject(repository, 'change', settings, { head, base, draft, fork, headSha, linked });
    },
    addLabel: (subject, label, by = SOMEBODY) => moveLabels(subject, { add: [label], remove: [] }, world.user(by)),
    removeLabel: (subject, label, by = SOMEBODY) => moveLabels(subject, { add: [], remove: [label] }, world.user(by)),
    moveLabels: (subject, labels, by = SOMEBODY) => moveLabels(subject, labels, world.user(by)),
    assign: (subject, login, by = SOMEBODY) => {
      const before = subject.assignees;
      const who = world.user(login);
      if (before.includes(who)) return;
      subject.assignees = [...before, who];
      touch(subject);
      note(subject, `assigned to @${login}`, world.user(by));
      world.emit({ kind: 'assigned', subject, by: world.user(by), who, before });
    },
    unassign: (subject, login, by = SOMEBODY) => {
      const before = subject.assignees;
      const who = world.user(login);
      if (!before.includes(who)) return;
      subject.assignees = before.filter((each) => each !== who);
      touch(subject);
      note(subject, `unassigned @${login}`, world.user(by));
      world.emit({ kind: 'unassigned', subject, by: world.user(by), who, before });
    },
    close: (subject, by = SOMEBODY) => setOpen(subject, 'closed', by),
    reopen: (subject, by = SOMEBODY) => setOpen(subject, 'reopened', by),
    merge: (subject, by = SOMEBODY) => setOpen(subject, 'merged', by),
    mergeChange: (subject, by = SOMEBODY, { squash = false } = {}) => {
      const { repository, change, open, body } = subject;
      if (change === null || !open) throw new Error(`no open change ${subject.number}`);
      rules.makeReady(subject);
      const sha = gitActs.merge(subject, world.user(by), squash);
      setOpen(subject, 'merged', by);
      const said = change.base === repository.defaultBranch ? rules.closedIssues(body, repository.fullName) : [];
      const closed = [...said, ...change.linked];
      for (const issue of repository.subjects) {
        if (issue.kind === 'issue' && issue.open && closed.includes(issue.number)) setOpen(issue, 'closed', by);
      }
      return sha;
    },
    comment: (subject, body, by = SOMEBODY, { internal = false } = {}) => {
      const at = world.now();
      const author = world.user(by);
      const comment = { id: world.nextId(), author, body, system: false, internal, createdAt: at, updatedAt: at };
      subject.comments.push(comment);
      subject.updatedAt = at;
      // Internal notes have hooks of their own.
      if (!internal) world.emit({ kind: 'commented', subject, by: author, comment });
      return comment;
    },
    editComment: (subject, comment, body, by = SOMEBODY) => {
      comment.body = body;
      comment.updatedAt = world.now();
      touch(subject);
      world.emit({ kind: 'comment_edited', subject, by: world.user(by), comment });
    },
    deleteComment: (subject, comment, by = SOMEBODY) => {
      const place = subject.comments.indexOf(comment);
      if (place === -1) return;
      subject.comments.splice(place, 1);
      touch(subject);
      world.emit({ kind: 'comment_deleted', subject, by: world.user(by), comment });
    },
    deleteSubject: (subject) => {
      subject.gone = true;
    },
    push: (repository, ref, sha, by = SOMEBODY) => gitActs.move(repository, ref, sha, world.user(by)),
    commit: (repository, { files, branch = repository.defaultBranch, message = 'A change', by = SOMEBODY }) => {
      const { git } = repository;
      if (git === null) throw new Error(`no git behind ${repository.fullName}`);
      const from = git.shaOf(`refs/heads/${repository.defaultBranch}`);
      const sha = git.commit({ branch, from, files, message, author: by });
      gitActs.follow(repository, `refs/heads/${branch}`, world.user(by));
      return sha;
    },
    addHook: (repository, url, settings = {}) => {
      const hook: FakeHook = {
        id: world.nextId(),
        url,
        active: true,
        events: [],
        secret: '',
        signing: null,
        verifiesTls: true,
        contentType: 'json',
        disabledUntil: null,
        deliveries: [],
        ...settings,
      };
      repository.hooks.push(hook);
      return hook;
    },
  };
}
