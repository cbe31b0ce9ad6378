import type { SubjectKey } from '../../api-port.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { readPages } from '../../api/pages.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';

export interface LabelEvent {
  readonly id: string;
  readonly kind: 'add' | 'remove';
  readonly label: string;
  readonly actor: unknown;
  readonly at: number;
}

interface EventAnswer {
  readonly id: number;
  readonly action: string;
  readonly user: unknown;
  readonly created_at: string;
  /** Null when the label itself was deleted. */
  readonly label: { readonly name: string } | null;
}

/** The newest of these events of a label; to be called inside `ask`. GitLab lists the oldest first. */
export async function lastLabelEvent(
  client: GitlabClient,
  subject: SubjectKey,
  label: string,
  kinds: readonly LabelEvent['kind'][],
): Promise<LabelEvent | null> {
  const events = await readPages<LabelEvent>(
    client.page((api, page) => askEvents(api, subject, page), readEvent),
    client.bounds('list label events'),
  );
  return events.findLast((event) => kinds.includes(event.kind) && event.label === label) ?? null;
}

async function askEvents(
  api: GitlabApi,
  { repository, kind, number }: SubjectKey,
  page: number,
): Promise<readonly EventAnswer[]> {
  const events = kind === 'issue' ? api.issueLabelEvents : api.mergeRequestLabelEvents;
  const answers = await events.all(projectOf(repository), number, { perPage: PER_PAGE, page });
  return answers as unknown as readonly EventAnswer[];
}

function readEvent({ id, action, user, created_at: at, label }: EventAnswer): readonly LabelEvent[] {
  if ((action !== 'add' && action !== 'remove') || label === null) return [];
  return [{ id: String(id), kind: action, label: label.name, actor: user, at: Date.parse(at) }];
}
