import { execFileSync } from 'node:child_process';
import type { Actor, CommitStatus, Forge, Ref, RepositoryRole, SubjectKey, SubjectKind } from '../src/forges/index.ts';
import { FunadeError } from '../src/kernel/index.ts';
import {
  FULL_NAME,
  type MemoryComment,
  type MemorySubject,
  changeOf,
  commentUrl,
  doesClose,
  fresh,
  localPath,
  markerLine,
  nameOf,
  show,
  stateOf,
  urlOf,
} from './memory-forge-views.ts';

export type { MemoryComment, MemorySubject } from './memory-forge-views.ts';

export const MONA: Actor = { login: 'mona', id: '11', isBot: false };
export const OUTSIDER: Actor = { login: 'passer-by', id: '12', isBot: false };
export const SELF: Actor = { login: 'funade-bot', id: '99', isBot: true };

const ROLES = [
  ['mona', 'write'],
  ['passer-by', 'read'],
  ['funade-bot', 'admin'],
] as const;

const NO_SHA = '0'.repeat(40);

type NewMemorySubject = Partial<Omit<MemorySubject, 'kind' | 'number' | 'comments' | 'change'>>;

/** A forge in memory: one repository, `octo/greeter` with the id 7, its issues and changes, and every call that was made. */
export interface MemoryForge extends Forge {
  /** By `7:issue:1` and `7:change:2`; both count together, as on GitHub. */
  readonly subjects: Map<string, MemorySubject>;
  readonly roles: Map<string, RepositoryRole>;
  readonly statuses: (CommitStatus & { readonly sha: string })[];
  /** Verbs in the order in which they were asked for. */
  readonly calls: string[];
  /** Called before each verb has its effect, and after it; may throw or wait. */
  around: ((verb: string, when: 'before' | 'after') => Promise<void> | void) | null;
  defaultBranch: string | null;
  /** What `gitRemote` answers. Of an absolute path or a `file:` address the refs and heads are real; else they are those in `refs`. */
  remote: { readonly url: string; readonly username: string; readonly password: string };
  readonly refs: Map<string, string>;
  /** The issue or change with this number; throws where there is none. */
  subject(number: number): MemorySubject;
  addIssue(number: number, settings?: NewMemorySubject): MemorySubject;
  /** An open change, ready unless told otherwise; `headRepository` of a fork is another. */
  addChange(
    number: number,
    settings: NewMemorySubject & Partial<NonNullable<MemorySubject['change']>> & { readonly head: string },
  ): MemorySubject;
  /** Puts a label on, as mona unless told otherwise; makes the issue when it is new. */
  label(number: number, label: string, actor?: Actor): void;
  comment(number: number, author: Actor, body: string, options?: { readonly system?: boolean }): MemoryComment;
  editComment(number: number, id: string, body: string): void;
  deleteComment(number: number, id: string): void;
  assign(number: number, actor: Actor): void;
  unassign(number: number, actor: Actor): void;
  close(number: number): void;
  reopen(number: number): void;
  /** Only its state: no commit is made. */
  merge(number: number): void;
  reset(): void;
}

const NO_REMOTE = { url: '', username: 'x-access-token', password: 'ghp_of-the-memory-forge' } as const;

export function createMemoryForge(): MemoryForge {
  const subjects = new Map<string, MemorySubject>();
  const calls: string[] = [];
  const roles = new Map<string, RepositoryRole>(ROLES);
  const statuses: MemoryForge['statuses'] = [];
  const refs = new Map<string, string>();
  let ids = 0;
  let clock = 0;

  async function verb<T>(name: string, work: () => T): Promise<T> {
    calls.push(name);
    await forge.around?.(name, 'before');
    const result = work();
    await forge.around?.(name, 'after');
    return result;
  }

  /** Two acts never have the same time, so that a change of `updatedAt` is always seen. */
  function now(): number {
    clock = Math.max(clock + 1, Date.now());
    return clock;
  }

  function nextId(): string {
    ids += 1;
    return String(ids);
  }

  function find(key: SubjectKey): MemorySubject {
    const found = subjects.get(nameOf(key));
    if (found === undefined)
      throw new FunadeError('FUN_FORGE_NOT_FOUND', { act: `read ${nameOf(key)}`, host: 'github.com' });
    return found;
  }

  function byNumber(number: number): MemorySubject {
    const found = [...subjects.values()].find((each) => each.number === number);
    if (found === undefined) throw new Error(`no #${number}`);
    return found;
  }

  function freeNumber(): number {
    return Math.max(0, ...[...subjects.values()].map(({ number }) => number)) + 1;
  }

  function add(kind: SubjectKind, number: number, settings: Partial<MemorySubject>): MemorySubject {
    const made: MemorySubject = {
      title: `Title of ${number}`,
      body: 'Please.',
      author: MONA,
      labels: [],
      assignees: [],
      open: true,
      merged: false,
      comments: [],
      labelling: null,
      updatedAt: now(),
      change: null,
      ...settings,
      kind,
      number,
    };
    subjects.set(`7:${kind}:${number}`, made);
    return made;
  }

  function touch(number: number, act: (subject: MemorySubject) => void): void {
    const subject = byNumber(number);
    act(subject);
    subject.updatedAt = now();
  }

  function writeComment(subject: MemorySubject, part: Pick<MemoryComment, 'marker' | 'body' | 'author' | 'system'>) {
    const at = now();
    const comment: MemoryComment = { ...part, id: nextId(), createdAt: at, updatedAt: at };
    subject.comments.push(comment);
    subject.updatedAt = at;
    return comment;
  }

  function listRefs(): readonly Ref[] {
    const bare = localPath(forge.remote.url);
    if (bare === null) return [...refs].map(([ref, sha]) => ({ ref, sha }));
    const format = '--format=%(refname) %(objectname)';
    const lines = execFileSync('git', ['-C', bare, 'for-each-ref', format, 'refs/heads', 'refs/tags'], {
      encoding: 'utf8',
    });
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ ref: line.slice(0, -41), sha: line.slice(-40) }));
  }

  function headSha(head: string): string {
    return listRefs().find(({ ref }) => ref === `refs/heads/${head}`)?.sha ?? NO_SHA;
  }

  function openChanges(): readonly MemorySubject[] {
    return [...subjects.values()].filter(({ open, change }) => open && change?.headRepository === FULL_NAME);
  }

  function changeIn(number: number): MemorySubject {
    return find({ repository: { id: '7', fullName: FULL_NAME }, kind: 'change', number });
  }

  const forge: MemoryForge = {
    id: 'github',
    host: 'github.com',
    subjects,
    roles,
    statuses,
    calls,
    around: null,
    defaultBranch: 'main',
    remote: NO_REMOTE,
    refs,
    subject: byNumber,
    addIssue: (number, settings = {}) => add('issue', number, settings),
    addChange: (number, { head, base = 'main', draft = false, headRepository = FULL_NAME, ...settings }) =>
      add('change', number, { ...settings, change: { head, base, draft, headRepository } }),
    label: (number, label, actor = MONA) => {
      const subject = [...subjects.values()].find((each) => each.number === number) ?? add('issue', number, {});
      if (!subject.labels.includes(label)) subject.labels.push(label);
      subject.labelling = { id: String(number), label, actor, at: Date.now() };
      subject.updatedAt = now();
    },
    comment: (number, author, body, { system = false } = {}) =>
      writeComment(byNumber(number), { marker: null, body, author, system }),
    editComment: (number, id, body) =>
      touch(number, ({ comments }) => {
        const comment = comments.find((each) => each.id === id);
        if (comment !== undefined) Object.assign(comment, { body, updatedAt: now() });
      }),
    deleteComment: (number, id) =>
      touch(number, (subject) => {
        subject.comments = subject.comments.filter((each) => each.id !== id);
      }),
    assign: (number, actor) =>
      touch(number, (subject) => {
        subject.assignees = [...subject.assignees, actor];
      }),
    unassign: (number, actor) =>
      touch(number, (subject) => {
        subject.assignees = subject.assignees.filter(({ login }) => login !== actor.login);
      }),
    close: (number) => touch(number, (subject) => void (subject.open = false)),
    reopen: (number) => touch(number, (subject) => void (subject.open = true)),
    merge: (number) => touch(number, (subject) => void Object.assign(subject, { open: false, merged: true })),
    reset: () => {
      subjects.clear();
      roles.clear();
      for (const [login, role] of ROLES) roles.set(login, role);
      refs.clear();
      calls.length = 0;
      statuses.length = 0;
      Object.assign(forge, { around: null, defaultBranch: 'main', remote: NO_REMOTE });
    },
    self: () => verb('self', () => SELF),
    repository: () =>
      verb('repository', () => ({
        host: 'github.com',
        id: '7',
        fullName: FULL_NAME,
        cloneUrls: [forge.remote.url],
        defaultBranch: forge.defaultBranch,
      })),
    read: (key) => verb('read', () => stateOf(subjects.get(nameOf(key)))),
    listLabelled: (_, label, { since = 0, etag } = {}) =>
      verb('listLabelled', () => {
        const found = [...subjects.values()].filter(
          ({ open, labels, updatedAt }) => open && labels.includes(label) && updatedAt >= since,
        );
        return fresh(
          found.map(stateOf).filter((state) => state !== null),
          etag,
        );
      }),
    labelling: (key) => verb('labelling', () => find(key).labelling),
    role: (_, actor) => verb('role', () => roles.get(actor.login) ?? 'none'),
    swapLabel: (key, { remove, add: wanted }) =>
      verb('swapLabel', () => {
        const subject = find(key);
        const removed = remove !== null && subject.labels.includes(remove);
        subject.labels = subject.labels.filter((label) => label !== remove);
        if (wanted !== null && !subject.labels.includes(wanted)) subject.labels.push(wanted);
        subject.updatedAt = now();
        return { removed };
      }),
    upsertComment: (key, marker, body) =>
      verb('upsertComment', () => {
        const subject = find(key);
        const own = subject.comments.find((comment) => comment.marker === marker);
        if (own === undefined) {
          const { id } = writeComment(subject, { marker, body, author: SELF, system: false });
          return { id, url: commentUrl(subject, id), created: true };
        }
        Object.assign(own, { body, updatedAt: now() });
        subject.updatedAt = own.updatedAt;
        return { id: own.id, url: commentUrl(subject, own.id), created: false };
      }),
    listComments: (key, sinceId = '0') =>
      verb('listComments', () => {
        const subject = find(key);
        return subject.comments.filter(({ id }) => Number(id) > Number(sinceId)).map((each) => show(subject, each));
      }),
    findChange: (_, { head, closes }) =>
      verb('findChange', () => {
        const open = openChanges();
        const found =
          open.find(({ change }) => change?.head === head) ?? open.find(({ body }) => doesClose(body, closes));
        return found === undefined ? null : changeOf(found);
      }),
    createChange: (_, { head, base, title, body, draft }) =>
      verb('createChange', () => {
        const existing = openChanges().find(({ change }) => change?.head === head);
        if (existing !== undefined) return changeOf(existing);
        const change = { head, base, draft, headRepository: FULL_NAME };
        return changeOf(add('change', freeNumber(), { title, body, author: SELF, change }));
      }),
    updateChange: (_, number, { title, body, draft }) =>
      verb('updateChange', () => {
        const subject = changeIn(number);
        if (title !== undefined) subject.title = title;
        if (body !== undefined) subject.body = body;
        if (draft !== undefined && subject.change !== null) subject.change.draft = draft;
        subject.updatedAt = now();
        return changeOf(subject);
      }),
    readChange: (_, number) =>
      verb('readChange', () => {
        const subject = subjects.get(`7:change:${number}`);
        if (subject?.change == null) return null;
        const { change, merged } = subject;
        return {
          ...changeOf(subject),
          headSha: headSha(change.head),
          headRepository: change.headRepository,
          merged,
        };
      }),
    openIssue: (_, { title, body, labels, marker }) =>
      verb('openIssue', () => {
        const line = markerLine(marker);
        const known = [...subjects.values()].find(
          (each) => each.kind === 'issue' && each.author.login === SELF.login && each.body.startsWith(line),
        );
        if (known !== undefined) return { number: known.number, url: urlOf(known), created: false };
        const made = add('issue', freeNumber(), {
          title,
          body: `${line}\n${body}`,
          labels: [...labels],
          author: SELF,
        });
        const [label] = labels;
        if (label !== undefined) made.labelling = { id: nextId(), label, actor: SELF, at: Date.now() };
        return { number: made.number, url: urlOf(made), created: true };
      }),
    closeIssue: (repository, number) =>
      verb('closeIssue', () => {
        const subject = find({ repository, kind: 'issue', number });
        if (subject.open) Object.assign(subject, { open: false, updatedAt: now() });
      }),
    setCommitStatus: (_, sha, status) => verb('setCommitStatus', () => void statuses.push({ ...status, sha })),
    listRefs: (_, { etag } = {}) => verb('listRefs', () => fresh(listRefs(), etag)),
    gitRemote: () => verb('gitRemote', () => forge.remote),
    hooks: {
      list: () => verb('hooks.list', () => []),
      ensure: () => Promise.reject(new Error('hooks are not kept in memory')),
    },
  };
  return forge;
}
