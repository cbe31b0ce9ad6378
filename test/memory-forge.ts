import type {
  Actor,
  Comment,
  Forge,
  Labelling,
  RepositoryRole,
  SubjectKey,
  SubjectState,
} from '../src/forges/index.ts';

export const MONA: Actor = { login: 'mona', id: '11', isBot: false };
export const OUTSIDER: Actor = { login: 'passer-by', id: '12', isBot: false };
export const SELF: Actor = { login: 'funade-bot', id: '99', isBot: true };

const ROLES = [
  ['mona', 'write'],
  ['passer-by', 'read'],
  ['funade-bot', 'admin'],
] as const;

export interface MemorySubject {
  labels: string[];
  open: boolean;
  comments: { id: string; marker: string; body: string }[];
  labelling: Labelling | null;
}

/** A forge in memory: one repository, its issues and changes, and every call that was made. */
export interface MemoryForge extends Forge {
  readonly subjects: Map<string, MemorySubject>;
  readonly roles: Map<string, RepositoryRole>;
  /** Verbs in the order in which they were asked for. */
  readonly calls: string[];
  /** Called before each verb has its effect, and after it; may throw or wait. */
  around: ((verb: string, when: 'before' | 'after') => Promise<void> | void) | null;
  subject(number: number): MemorySubject;
  /** Puts a label on, as mona unless told otherwise. */
  label(number: number, label: string, actor?: Actor): void;
  reset(): void;
}

export function createMemoryForge(): MemoryForge {
  const subjects = new Map<string, MemorySubject>();
  const calls: string[] = [];
  let comments = 0;
  const roles = new Map<string, RepositoryRole>(ROLES);

  async function verb<T>(name: string, work: () => T): Promise<T> {
    calls.push(name);
    await forge.around?.(name, 'before');
    const result = work();
    await forge.around?.(name, 'after');
    return result;
  }

  function find(key: SubjectKey): MemorySubject {
    const found = subjects.get(nameOf(key));
    if (found === undefined) throw new Error(`no ${nameOf(key)}`);
    return found;
  }

  function stateOf(key: SubjectKey): SubjectState | null {
    const found = subjects.get(nameOf(key));
    if (found === undefined) return null;
    return {
      kind: key.kind,
      number: key.number,
      title: `Title of ${key.number}`,
      url: `https://github.com/octo/greeter/issues/${key.number}`,
      open: found.open,
      author: MONA,
      labels: [...found.labels],
      assignees: [],
      body: 'Please.',
      updatedAt: 0,
      merged: false,
    };
  }

  const forge: MemoryForge = {
    id: 'github',
    host: 'github.com',
    subjects,
    roles,
    calls,
    around: null,
    subject: (number) => find({ repository: { id: '7', fullName: 'octo/greeter' }, kind: 'issue', number }),
    label: (number, label, actor = MONA) => {
      const name = nameOf({ repository: { id: '7', fullName: 'octo/greeter' }, kind: 'issue', number });
      const subject = subjects.get(name) ?? { labels: [], open: true, comments: [], labelling: null };
      subjects.set(name, subject);
      if (!subject.labels.includes(label)) subject.labels.push(label);
      subject.labelling = { id: String(number), label, actor, at: Date.now() };
    },
    reset: () => {
      subjects.clear();
      roles.clear();
      for (const [login, role] of ROLES) roles.set(login, role);
      calls.length = 0;
      forge.around = null;
    },
    self: () => verb('self', () => SELF),
    repository: () => Promise.reject(new Error('not asked for')),
    read: (key) => verb('read', () => stateOf(key)),
    listLabelled: () => Promise.reject(new Error('not asked for')),
    labelling: (key) => verb('labelling', () => find(key).labelling),
    role: (_, actor) => verb('role', () => roles.get(actor.login) ?? 'none'),
    swapLabel: (key, { remove, add }) =>
      verb('swapLabel', () => {
        const subject = find(key);
        const removed = remove !== null && subject.labels.includes(remove);
        subject.labels = subject.labels.filter((label) => label !== remove);
        if (add !== null && !subject.labels.includes(add)) subject.labels.push(add);
        return { removed };
      }),
    upsertComment: (key, marker, body) =>
      verb('upsertComment', () => {
        const subject = find(key);
        const own = subject.comments.find((comment) => comment.marker === marker);
        if (own !== undefined) {
          own.body = body;
          return { id: own.id, url: '', created: false };
        }
        comments += 1;
        subject.comments.push({ id: String(comments), marker, body });
        return { id: String(comments), url: '', created: true };
      }),
    listComments: (): Promise<readonly Comment[]> => Promise.reject(new Error('not asked for')),
    findChange: () => Promise.reject(new Error('not asked for')),
    createChange: () => Promise.reject(new Error('not asked for')),
    updateChange: () => Promise.reject(new Error('not asked for')),
    setCommitStatus: () => Promise.reject(new Error('not asked for')),
    listRefs: () => Promise.reject(new Error('not asked for')),
    gitRemote: () => Promise.reject(new Error('not asked for')),
    hooks: {
      list: () => Promise.reject(new Error('not asked for')),
      ensure: () => Promise.reject(new Error('not asked for')),
    },
  };
  return forge;
}

function nameOf({ repository, kind, number }: SubjectKey): string {
  return `${repository.id}:${kind}:${number}`;
}
