import type { RepositoryRole } from '../../../src/forges/index.ts';
import type { FakeComment, FakeHook, FakeRepository, FakeSubject, FakeUser, World, WorldRules } from './world.ts';

/** What people (and tests) do on a forge. Each tells the webhooks of the repository, as the forge would. */
export interface Acts {
  addRepository(settings: { readonly fullName: string; readonly cloneUrl?: string }): FakeRepository;
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
  merge(subject: FakeSubject, by?: string): void;
  comment(subject: FakeSubject, body: string, by?: string): FakeComment;
  editComment(subject: FakeSubject, comment: FakeComment, body: string, by?: string): void;
  deleteComment(subject: FakeSubject, comment: FakeComment): void;
  /** Deletes an issue for good. */
  deleteSubject(subject: FakeSubject): void;
  /** Makes or moves a branch or tag (`refs/heads/main`); null deletes it. */
  push(repository: FakeRepository, ref: string, sha: string | null, by?: string): void;
  /** A hook as somebody would install it by hand. */
  addHook(repository: FakeRepository, url: string, settings?: Partial<Omit<FakeHook, 'id' | 'deliveries'>>): FakeHook;
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
}

/** Who acts where a test names nobody. */
const SOMEBODY = 'mona';

export function createActs(world: World, rules: WorldRules): Acts {
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
    subject.comments.push({ id: world.nextId(), author: by, body, system: true, createdAt: at, updatedAt: at });
  }

  function setOpen(subject: FakeSubject, kind: 'closed' | 'reopened' | 'merged', by: string): void {
    subject.open = kind === 'reopened';
    subject.merged = kind === 'merged';
    subject.updatedAt = world.now();
    world.emit({ kind, subject, by: world.user(by) });
  }

  return {
    addRepository: ({ fullName, cloneUrl = `https://git.invalid/${fullName}.git` }) => {
      const repository: FakeRepository = {
        id: world.nextId(),
        fullName,
        formerNames: [],
        defaultBranch: 'main',
        cloneUrl,
        gone: false,
        members: new Map(),
        subjects: [],
        hooks: [],
        refs: new Map(),
        statuses: [],
      };
      world.repositories.push(repository);
      return repository;
    },
    renameRepository: (repository, fullName) => {
      repository.formerNames.push(repository.fullName);
      repository.fullName = fullName;
    },
    setRole: (repository, login, role) => void repository.members.set(world.user(login), role),
    addIssue: (repository, settings = {}) => addSubject(repository, 'issue', settings, null),
    addChange: (repository, { head, base = 'main', draft = false, fork = false, ...settings }) =>
      addSubject(repository, 'change', settings, { head, base, draft, fork }),
    addLabel: (subject, label, by = SOMEBODY) => moveLabels(subject, { add: [label], remove: [] }, world.user(by)),
    removeLabel: (subject, label, by = SOMEBODY) => moveLabels(subject, { add: [], remove: [label] }, world.user(by)),
    moveLabels: (subject, labels, by = SOMEBODY) => moveLabels(subject, labels, world.user(by)),
    assign: (subject, login, by = SOMEBODY) => {
      const before = subject.assignees;
      const who = world.user(login);
      subject.assignees = [...before, who];
      note(subject, `assigned to @${login}`, world.user(by));
      world.emit({ kind: 'assigned', subject, by: world.user(by), who, before });
    },
    unassign: (subject, login, by = SOMEBODY) => {
      const before = subject.assignees;
      const who = world.user(login);
      subject.assignees = before.filter((each) => each !== who);
      world.emit({ kind: 'unassigned', subject, by: world.user(by), who, before });
    },
    close: (subject, by = SOMEBODY) => setOpen(subject, 'closed', by),
    reopen: (subject, by = SOMEBODY) => setOpen(subject, 'reopened', by),
    merge: (subject, by = SOMEBODY) => setOpen(subject, 'merged', by),
    comment: (subject, body, by = SOMEBODY) => {
      const at = world.now();
      const author = world.user(by);
      const comment = { id: world.nextId(), author, body, system: false, createdAt: at, updatedAt: at };
      subject.comments.push(comment);
      subject.updatedAt = at;
      world.emit({ kind: 'commented', subject, by: author, comment });
      return comment;
    },
    editComment: (subject, comment, body, by = SOMEBODY) => {
      comment.body = body;
      comment.updatedAt = world.now();
      world.emit({ kind: 'comment_edited', subject, by: world.user(by), comment });
    },
    deleteComment: (subject, comment) => {
      subject.comments.splice(subject.comments.indexOf(comment), 1);
    },
    deleteSubject: (subject) => {
      subject.gone = true;
    },
    push: (repository, ref, sha, by = SOMEBODY) => {
      const before = repository.refs.get(ref) ?? null;
      if (sha === null) repository.refs.delete(ref);
      else repository.refs.set(ref, sha);
      world.emit({ kind: 'pushed', repository, by: world.user(by), ref, before, after: sha });
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
