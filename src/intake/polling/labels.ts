import type { Forge, Labelling, Repository, RepositoryKey, SubjectState } from '../../forges/index.ts';
import { isFunadeError } from '../../kernel/index.ts';
import type { AdmissibleEvent } from '../port.ts';
import type { LabelMemory, SeenSubject } from './memory.ts';

/** Subjects whose labelling is asked for in one look; the rest has its turn in the next. */
const MOST_ASKED = 50;

/**
 * Forges tell times in seconds, and their clock is not ours. A subject that was changed this shortly ago may be changed again
 * without another time, so it is asked for once more.
 */
const FRESH_MS = 60_000;

const UNKNOWN = 'unknown-';

export interface LabelAct {
  /** Names the act of labelling, the same for whoever finds it. */
  readonly name: string;
  event(repository: Repository): AdmissibleEvent;
}

export interface LabelLook {
  readonly acts: readonly LabelAct[];
  readonly memory: LabelMemory;
  /** What ended the look early; what was found before still counts. */
  readonly trouble?: unknown;
}

export interface LabelQuestion {
  readonly forge: Pick<Forge, 'listLabelled' | 'labelling'>;
  readonly repository: RepositoryKey;
  readonly label: string;
  readonly memory: LabelMemory | undefined;
  readonly now: number;
  /** Throws when the look may not go on. */
  readonly goOn: () => Promise<void>;
}

/**
 * The acts of labelling that nobody has looked at yet. One request when nothing changed, and one more for each subject that
 * did. An act whose author the forge does not know is told as of `unknown`: who may start tasks is asked again when the task
 * is claimed, and nobody is not allowed to.
 */
export async function lookForLabels(question: LabelQuestion): Promise<LabelLook> {
  const { forge, repository, label } = question;
  const before = question.memory?.label === label ? question.memory : { label, etag: null, seen: {} };
  const fresh = await forge.listLabelled(repository, label, { etag: before.etag });
  if (fresh.kind === 'unchanged') return { acts: [], memory: before };
  const open = fresh.value
    .filter((subject) => subject.open)
    .toSorted((left, right) => left.updatedAt - right.updatedAt);
  const asking = await askAll(question, open, before);
  // An answer that is not known completely must not be taken for known.
  const isComplete =
    asking.trouble === undefined && open.every((each) => asking.seen[nameOf(each)]?.at === each.updatedAt);
  const memory = { label, etag: isComplete ? fresh.etag : null, seen: asking.seen };
  return { acts: asking.acts, memory, trouble: asking.trouble };
}

async function askAll(
  question: LabelQuestion,
  open: readonly SubjectState[],
  before: LabelMemory,
): Promise<Pick<LabelLook, 'acts' | 'trouble'> & { readonly seen: Readonly<Record<string, SeenSubject>> }> {
  const acts: LabelAct[] = [];
  const known = open.flatMap((subject) => {
    const seen = before.seen[nameOf(subject)];
    return seen === undefined ? [] : [[nameOf(subject), seen] as const];
  });
  const seen: Record<string, SeenSubject> = Object.fromEntries(known);
  const changed = open.filter((subject) => seen[nameOf(subject)]?.at !== subject.updatedAt);
  for (const subject of changed.slice(0, MOST_ASKED)) {
    try {
      await question.goOn();
      const act = await ask(question, subject, seen[nameOf(subject)]);
      if (act === null) continue;
      const isSettled = question.now - subject.updatedAt > FRESH_MS;
      seen[nameOf(subject)] = { at: isSettled ? subject.updatedAt : null, act: act.id };
      acts.push(actOf(subject, act));
    } catch (trouble) {
      return { acts, seen, trouble };
    }
  }
  return { acts, seen };
}

/** Null when the subject went away meanwhile. */
async function ask(
  { forge, repository, label }: LabelQuestion,
  subject: SubjectState,
  seen: SeenSubject | undefined,
): Promise<Labelling | null> {
  const { kind, number, updatedAt } = subject;
  try {
    const labelling = await forge.labelling({ repository, kind, number }, label);
    if (labelling !== null) return labelling;
  } catch (thrown) {
    if (isFunadeError(thrown) && thrown.code === 'FUN_FORGE_NOT_FOUND') return null;
    throw thrown;
  }
  // As long as it stays on the list, it is the same act, whatever else changes on the subject.
  const id = seen?.act ?? `${UNKNOWN}${updatedAt}`;
  return { id, label, actor: { login: 'unknown', id: null, isBot: false }, at: updatedAt };
}

function nameOf({ kind, number }: Pick<SubjectState, 'kind' | 'number'>): string {
  return `${kind}:${number}`;
}

function actOf(subject: SubjectState, { id, label, actor, at }: Labelling): LabelAct {
  const { kind, number, title, url, open, author, labels, assignees } = subject;
  return {
    name: `${nameOf(subject)}:${id}`,
    event: (repository) => ({
      kind: 'label_added',
      repository,
      subject: { kind, number, title, url, open, author, labels, assignees },
      actor,
      at,
      added: [label],
    }),
  };
}
