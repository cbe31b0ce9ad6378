import type { Forge, Labelling, SubjectKey, SubjectState } from '../../api-port.ts';
import { orNull, statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { type AskPage, readFresh } from '../../api/pages.ts';
import { readAuthor } from '../actors.ts';
import { type SubjectAnswer, nameFromUrl, pageOf, readSubject } from './answers.ts';
import { unlessTag } from './call.ts';
import type { GithubClient, Place } from './client.ts';
import { lastLabelEvent } from './label-events.ts';

export function readsSubjects(client: GithubClient): Pick<Forge, 'read' | 'listLabelled' | 'labelling'> {
  return {
    read: (key) => read(client, key),
    listLabelled: (repository, label, { since, etag } = {}) => {
      const act = `list what is labelled ${label} in ${repository.fullName}`;
      return client.inRepository(repository, act, (place) =>
        readFresh([labelledPages(place, label, since)], etag ?? null, client.bounds(act)),
      );
    },
    labelling: (subject, label) =>
      client.inRepository(subject.repository, `read who labelled ${nameOf(subject)}`, (place) =>
        labelling(place, subject.number, label),
      ),
  };
}

export function nameOf({ repository, number }: SubjectKey): string {
  return `${repository.fullName}#${number}`;
}

async function read(client: GithubClient, key: SubjectKey): Promise<SubjectState | null> {
  const ask = () =>
    client.inRepository(key.repository, `read ${nameOf(key)}`, async (place) => {
      const answer = await orNull(askSubject(place, key));
      return answer === null ? null : { answer, fullName: place.fullName };
    });
  let found = await ask();
  if (found !== null && isElsewhere(found.answer, found.fullName)) {
    // Renamed since its name was learnt, or an issue that was transferred: GitHub's redirect led to another repository.
    client.forgetName(key.repository);
    found = await ask();
    if (found !== null && isElsewhere(found.answer, found.fullName)) return null;
  }
  if (found === null || found.answer.number !== key.number) return null;
  const isChange = found.answer.pull_request !== undefined || 'head' in found.answer;
  return isChange === (key.kind === 'change') ? readSubject(found.answer, key.kind) : null;
}

async function askSubject(place: Place, { kind, number }: SubjectKey): Promise<SubjectAnswer> {
  const { octokit, at } = place;
  if (kind === 'issue') return (await octokit.rest.issues.get({ ...at, issue_number: number })).data;
  return (await octokit.rest.pulls.get({ ...at, pull_number: number })).data;
}

function isElsewhere(answer: SubjectAnswer, fullName: string): boolean {
  const name = nameFromUrl(answer.repository_url);
  return name !== null && name.toLowerCase() !== fullName.toLowerCase();
}

function labelledPages(place: Place, label: string, since: number | undefined): AskPage<SubjectState> {
  const { octokit, at } = place;
  return async (page, etag) => {
    try {
      const answer = await octokit.rest.issues.listForRepo({
        ...unlessTag(at, etag),
        labels: label,
        state: 'open',
        // What a list that is too long loses are those that nobody has touched for longest.
        sort: 'updated',
        direction: 'desc',
        per_page: PER_PAGE,
        page,
        ...(since === undefined ? {} : { since: new Date(since).toISOString().replace(/\.\d+/, '') }),
      });
      const items = answer.data.map((item: SubjectAnswer) =>
        readSubject(item, item.pull_request === undefined ? 'issue' : 'change'),
      );
      return pageOf(answer, items);
    } catch (error) {
      if (statusOf(error) === 304) return 'unchanged';
      throw error;
    }
  };
}

async function labelling(place: Place, number: number, label: string): Promise<Labelling | null> {
  const event = await lastLabelEvent(place, number, label, ['labeled']);
  if (event === null) return null;
  return { id: event.id, label: event.label, actor: readAuthor(event.actor), at: event.at };
}
