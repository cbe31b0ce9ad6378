import { PER_PAGE } from '../../api/limits.ts';
import { type UserAnswer, lastPage } from './answers.ts';
import type { Place } from './client.ts';

export interface LabelEvent {
  readonly id: string;
  readonly kind: 'labeled' | 'unlabeled';
  readonly label: string;
  readonly actor: UserAnswer | null;
  readonly at: number;
}

interface EventAnswer {
  readonly id: number | bigint;
  readonly event: string;
  readonly actor: UserAnswer | null;
  readonly created_at: string;
  readonly label?: { readonly name: string | null };
}

/** The newest of these events of a label. GitHub lists the oldest first, so the pages are read from the end. */
export async function lastLabelEvent(
  place: Place,
  number: number,
  label: string,
  kinds: readonly LabelEvent['kind'][],
): Promise<LabelEvent | null> {
  const first = await eventPage(place, number, 1);
  for (let page = lastPage(first.link); page >= 1; page -= 1) {
    const { events } = page === 1 ? first : await eventPage(place, number, page);
    const found = events
      .map(readEvent)
      .findLast((event) => event !== null && kinds.includes(event.kind) && isSame(event.label, label));
    if (found !== undefined) return found;
  }
  return null;
}

async function eventPage(
  { octokit, at }: Place,
  number: number,
  page: number,
): Promise<{ readonly events: readonly EventAnswer[]; readonly link: string | undefined }> {
  const answer = await octokit.rest.issues.listEvents({ ...at, issue_number: number, per_page: PER_PAGE, page });
  return { events: answer.data as unknown as readonly EventAnswer[], link: answer.headers.link };
}

function readEvent({ id, event, actor, created_at: at, label }: EventAnswer): LabelEvent | null {
  if ((event !== 'labeled' && event !== 'unlabeled') || label?.name == null) return null;
  return { id: String(id), kind: event, label: label.name, actor, at: Date.parse(at) };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
