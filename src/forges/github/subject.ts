import { LIMITS, type Payload, asNumber, asText, asUrl, namesOf } from '../payloads/fields.ts';
import type { Subject, SubjectKind } from '../port.ts';
import { readActors, readAuthor } from './actors.ts';

/** An issue or pull request, or undefined when it has no number. */
export function readSubject(source: Payload, kind: SubjectKind): Subject | undefined {
  const number = asNumber(source['number']);
  if (number === undefined) return undefined;
  return {
    kind,
    number,
    title: asText(source['title'], LIMITS.title) ?? '',
    url: asUrl(source['html_url']) ?? '',
    open: source['state'] !== 'closed',
    author: readAuthor(source['user']),
    labels: namesOf(source['labels'], 'name').slice(0, LIMITS.labels),
    assignees: readActors(source['assignees']),
  };
}
