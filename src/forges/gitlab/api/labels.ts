import type { Forge, SubjectKey } from '../../api-port.ts';
import { isActor } from '../../api/actors.ts';
import { isUncertain } from '../../api/failure.ts';
import { type UncertainRemovals, createUncertainRemovals } from '../../api/removals.ts';
import type { Actor } from '../../port.ts';
import { readAuthor } from './answers.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';
import { lastLabelEvent } from './label-events.ts';
import { askSubject, nameOf } from './subjects.ts';

export function movesLabels(client: GitlabClient, self: () => Promise<Actor>): Pick<Forge, 'swapLabel'> {
  const uncertain = createUncertainRemovals();
  return {
    swapLabel: (subject, labels) =>
      client.ask(`move the labels of ${nameOf(subject)}`, (api) =>
        swap({ client, api, subject, uncertain, self }, labels),
      ),
  };
}

interface Moving {
  readonly client: GitlabClient;
  readonly api: GitlabApi;
  readonly subject: SubjectKey;
  readonly uncertain: UncertainRemovals;
  readonly self: () => Promise<Actor>;
}

/**
 * GitLab does not tell whether a removal removed anything, so it is read before. Both changes are one request then, which can be
 * sent again.
 */
async function swap(
  moving: Moving,
  { remove, add }: { readonly remove: string | null; readonly add: string | null },
): Promise<{ readonly removed: boolean }> {
  const { api, subject, uncertain } = moving;
  const { labels = [] } = await askSubject(api, subject);
  const isThere = remove !== null && labels.includes(remove);
  if (isThere || (add !== null && !labels.includes(add))) {
    await edit(moving, { addLabels: add ?? undefined, removeLabels: isThere ? remove : undefined }, remove);
  }
  if (remove === null) return { removed: false };
  const removed = isThere || (uncertain.has(subject, remove) && (await wasUs(moving, remove)));
  uncertain.settle(subject, remove);
  return { removed };
}

async function edit(
  { api, subject, uncertain }: Moving,
  changes: { readonly addLabels: string | undefined; readonly removeLabels: string | undefined },
  removed: string | null,
): Promise<void> {
  const project = projectOf(subject.repository);
  const body = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  try {
    if (subject.kind === 'issue') await api.issues.edit(project, subject.number, body);
    else await api.mergeRequests.edit(project, subject.number, body);
  } catch (error) {
    if (removed !== null && isUncertain(error)) uncertain.add(subject, removed);
    throw error;
  }
}

async function wasUs({ client, subject, self }: Moving, label: string): Promise<boolean> {
  const event = await lastLabelEvent(client, subject, label, ['add', 'remove']);
  return event?.kind === 'remove' && isActor(readAuthor(event.actor), await self());
}
