import type { Forge, Labelling, Repository, RepositoryKey, SubjectState } from '../../forges/index.ts';
import { type Clock, isFunadeError } from '../../kernel/index.ts';
import type { AdmissibleEvent } from '../port.ts';
import type { GoneSubject, LabelMemory, SeenSubject } from './memory.ts';

/** Subjects whose labelling is asked for in one look, and for how long; the rest has its turn in the next. */
const MOST_ASKED = 200;
const LONGEST_MS = 60_000;

/** Subjects that left the list and are remembered. */
const MOST_GONE = 300;

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
  /** Subjects that there was no time to ask about. */
  readonly left: number;
  /** What ended the look early; what was found before still counts. */
  readonly trouble?: unknown;
}

export interface LabelQuestion {
  readonly forge: Pick<Forge, 'listLabelled' | 'labelling'>;
  readonly repository: RepositoryKey;
  readonly label: string;
  readonly memory: LabelMemory | undefined;
  readonly clock: Pick<Clock, 'now'>;
  /** Throws when the look may not go on. */
  readonly goOn: () => Promise<void>;
}

/**
 * The acts of labelling that nobody has looked at yet. One request when nothing changed, and one more for each subject that
 * did, those that changed last first: what a person has just labelled does not wait behind hundreds that were before. An act whose author the forge does not know is told as of `unknown`: who may start tasks is asked again when the task
 * is claimed, and nobody is not allowed to.
 */
export async function lookForLabels(question: LabelQuestion): Promise<LabelLook> {
  const { forge, repository, label } = question;
  const before = question.memory?.label === label ? question.memory : { label, etag: null, seen: {} };
  const fresh = await forge.listLabelled(repository, label, { etag: before.etag });
  if (fresh.kind === 'unchanged') return { acts: [], memory: before, left: 0 };
  const open = fresh.value
    .filter((subject) => subject.open)
    .toSorted((left, right) => right.updatedAt - left.updatedAt);
  const asking = await askAll(question, open, before);
  // An answer that is not known completely must not be taken for known.
  const isComplete =
    asking.trouble === undefined && open.every((each) => asking.seen[nameOf(each)]?.at === each.updatedAt);
  const gone = goneOf(before, asking.seen, question.clock.now());
  const memory = { label, etag: isComplete ? fresh.etag : null, seen: asking.seen, gone };
  return { acts: asking.acts, memory, left: asking.left, trouble: asking.trouble };
}

/** What has left the list, the newest of it; what came back stays until it was asked about. */
function goneOf(
  before: LabelMemory,
  seen: Readonly<Record<string, SeenSubject>>,
  now: number,
): Readonly<Record<string, GoneSubject>> {
  const left = Object.entries(before.seen).map(([name, { act }]) => [name, { act, at: now }] as const);
  const all = [...Object.entries(before.gone ?? {}), ...left].filter(([name]) => seen[name] === undefined);
  return Object.fromEntries(all.slice(-MOST_GONE));
}

async function askAll(
  question: LabelQuestion,
  open: readonly SubjectState[],
  before: LabelMemory,
): Promise<Pick<LabelLook, 'acts' | 'left' | 'trouble'> & { readonly seen: Readonly<Record<string, SeenSubject>> }> {
  const acts: LabelAct[] = [];
  const known = open.flatMap((subject) => {
    const seen = before.seen[nameOf(subject)];
    return seen === undefined ? [] : [[nameOf(subject), seen] as const];
  });
  const seen: Record<string, SeenSubject> = Object.fromEntries(known);
  const changed = open.filter((subject) => seen[nameOf(subject)]?.at !== subject.updatedAt);
  const begun = question.clock.now();
  for (const [place, subject] of changed.entries()) {
    if (place >= MOST_ASKED || question.clock.now() - begun >= LONGEST_MS)
      return { acts, seen, left: changed.length - place };
    const name = nameOf(subject);
    try {
      await question.goOn();
      const act = await ask(question, subject, seen[name]);
      if (act === null) continue;
      const isSettled = begun - subject.updatedAt > FRESH_MS;
      const back = backSince(act, seen[name], before.gone?.[name]);
      seen[name] = { at: isSettled ? subject.updatedAt : null, act: act.id, back };
      acts.push(actOf(subject, act, back));
    } catch (trouble) {
      return { acts, seen, left: changed.length - place, trouble };
    }
  }
  return { acts, seen, left: 0 };
}

/** By when the subject had left the list since that act; undefined when it is not known to have been away. */
function backSince(
  { id }: Labelling,
  seen: SeenSubject | undefined,
  gone: GoneSubject | undefined,
): number | undefined {
  if (seen !== undefined) return seen.act === id ? seen.back : undefined;
  return gone?.act === id ? gone.at : undefined;
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

/**
 * One that was away and came back with the label on was opened again: no new act of labelling, but a new finding. When is not
 * known, only that it was after `back`; the admission knows whether a task was made since.
 */
function actOf(subject: SubjectState, { id, label, actor, at }: Labelling, back: number | undefined): LabelAct {
  const { kind, number, title, url, open, author, labels, assignees } = subject;
  const about = { subject: { kind, number, title, url, open, author, labels, assignees }, actor };
  if (back !== undefined) {
    return {
      name: `${nameOf(subject)}:${id}:back-${back}`,
      event: (repository) => ({ kind: 'opened', repository, ...about, at: back, again: true }),
    };
  }
  return {
    name: `${nameOf(subject)}:${id}`,
    event: (repository) => ({ kind: 'label_added', repository, ...about, at, added: [label] }),
  };
}
