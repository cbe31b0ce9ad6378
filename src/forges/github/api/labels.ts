import type { Forge, SubjectKey } from '../../api-port.ts';
import type { Actor } from '../../port.ts';
import { isUncertain, reasonOf, statusOf } from '../../api/failure.ts';
import { type UncertainRemovals, createUncertainRemovals } from '../../api/removals.ts';
import { isActor } from '../../api/actors.ts';
import { readAuthor } from '../actors.ts';
import type { GithubClient, Place } from './client.ts';
import { lastLabelEvent } from './label-events.ts';
import { nameOf } from './subjects.ts';

export function movesLabels(client: GithubClient, self: () => Promise<Actor>): Pick<Forge, 'swapLabel'> {
  const uncertain = createUncertainRemovals();
  return {
    swapLabel: (subject, { remove, add }) =>
      client.inRepository(subject.repository, `move the labels of ${nameOf(subject)}`, async (place) => {
        const removed = remove !== null && (await takeOff({ place, subject, uncertain, self }, remove));
        if (add !== null) await putOn(place, subject.number, add);
        return { removed };
      }),
  };
}

interface Removing {
  readonly place: Place;
  readonly subject: SubjectKey;
  readonly uncertain: UncertainRemovals;
  readonly self: () => Promise<Actor>;
}

async function takeOff({ place, subject, uncertain, self }: Removing, label: string): Promise<boolean> {
  const { octokit, at } = place;
  let doubtful = uncertain.has(subject, label);
  try {
    await octokit.rest.issues.removeLabel({ ...at, issue_number: subject.number, name: label });
    uncertain.settle(subject, label);
    return true;
  } catch (error) {
    if (isUncertain(error)) {
      uncertain.add(subject, label);
      doubtful = true;
    }
    if (statusOf(error) !== 404) throw error;
    if (!/label does not exist/i.test(reasonOf(error))) {
      // The issue itself may be what is not there; then this throws.
      await octokit.rest.issues.get({ ...at, issue_number: subject.number });
    }
  }
  const was = doubtful && (await wasUs(place, subject.number, label, self));
  uncertain.settle(subject, label);
  return was;
}

async function wasUs(place: Place, number: number, label: string, self: () => Promise<Actor>): Promise<boolean> {
  const event = await lastLabelEvent(place, number, label, ['labeled', 'unlabeled']);
  return event?.kind === 'unlabeled' && isActor(readAuthor(event.actor), await self());
}

/** A label that the repository does not have is made by this. */
async function putOn({ octokit, at }: Place, number: number, label: string): Promise<void> {
  await octokit.rest.issues.addLabels({ ...at, issue_number: number, labels: [label] });
}
