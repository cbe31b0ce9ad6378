import { LIMITS, type Payload, asNumber, asText, asUrl, namesOf } from '../payloads/fields.ts';
import type { Actor, Subject, SubjectKind } from '../port.ts';
import { authorOf, readActors } from './actors.ts';

/** What stands where in a payload: the object itself, and what newer versions of GitLab put beside it. */
export interface SubjectParts {
  readonly kind: SubjectKind;
  /** `object_attributes`, or the object that a note is about. */
  readonly attributes: Payload;
  readonly labels: unknown;
  readonly assignees: unknown;
  readonly actor: Actor;
  readonly page: unknown;
}

/** An issue or merge request, or undefined when it has no number. */
export function readSubject(parts: SubjectParts): Subject | undefined {
  const { kind, attributes, actor } = parts;
  const number = asNumber(attributes['iid']);
  if (number === undefined) return undefined;
  const assignees = readActors(parts.assignees);
  const state = attributes['state'];
  return {
    kind,
    number,
    title: asText(attributes['title'], LIMITS.title) ?? '',
    url: asUrl(attributes['url']) ?? pageOf(parts, number),
    open: state !== 'closed' && state !== 'merged',
    author: authorOf(attributes['author_id'], [actor, ...assignees]),
    labels: namesOf(parts.labels ?? attributes['labels'], 'title').slice(0, LIMITS.labels),
    assignees,
  };
}

/** Where GitLab shows it: below the project's own page. */
function pageOf({ kind, page }: SubjectParts, number: number): string {
  const project = asUrl(page);
  return project === undefined ? '' : `${project}/-/${kind === 'issue' ? 'issues' : 'merge_requests'}/${number}`;
}
