import { LIMITS, type Payload, asObject, asTime, namesOf } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import type { Actor, ForgeEvent, Repository, Subject, SubjectKind } from '../port.ts';
import { readActor, readActors } from './actors.ts';
import { readProject } from './project.ts';
import { readSubject } from './subject.ts';

interface Told {
  readonly attributes: Payload;
  readonly changes: Payload;
  readonly event: { readonly repository: Repository; readonly subject: Subject; readonly actor: Actor };
}

/** Issues and incidents. Tasks, epics and other work items, and whatever is confidential, are left alone. */
export function readIssue(payload: Payload): readonly ForgeEvent[] {
  if (payload['object_kind'] === 'work_item') return [ignored('confidential_subject')];
  const told = readTold(payload, 'issue');
  if (told === undefined) return [ignored('payload_mismatch')];
  const isConfidential = payload['event_type'] === 'confidential_issue' || isOffList(told.attributes);
  return isConfidential ? [ignored('confidential_subject')] : readAction(told);
}

export function readMergeRequest(payload: Payload): readonly ForgeEvent[] {
  const told = readTold(payload, 'change');
  return told === undefined ? [ignored('payload_mismatch')] : readAction(told);
}

/** Whether an issue is not on the public list of its project. Older versions of GitLab tell no type. */
export function isOffList(issue: Payload): boolean {
  const type = issue['type'] ?? 'Issue';
  return issue['confidential'] === true || (type !== 'Issue' && type !== 'Incident');
}

function readTold(payload: Payload, kind: SubjectKind): Told | undefined {
  if (payload['object_kind'] !== (kind === 'issue' ? 'issue' : 'merge_request')) return undefined;
  const attributes = asObject(payload['object_attributes']);
  const repository = readProject(payload);
  const actor = readActor(payload['user']);
  if (attributes === undefined || repository === undefined || actor === undefined) return undefined;
  const { labels, assignees } = payload;
  const page = asObject(payload['project'])?.['web_url'];
  const subject = readSubject({ kind, attributes, labels, assignees, actor, page });
  if (subject === undefined) return undefined;
  return { attributes, changes: asObject(payload['changes']) ?? {}, event: { repository, subject, actor } };
}

function readAction(told: Told): readonly ForgeEvent[] {
  const { attributes, event } = told;
  const at = asTime(attributes['updated_at']);
  const { action } = attributes;
  switch (action) {
    // What the button "Test" sends is a subject to which nothing happened.
    case undefined:
    case null:
      return [ignored('missing_action')];
    case 'open':
      return [{ kind: 'opened', ...event, at: asTime(attributes['created_at']) ?? at, again: false }];
    case 'reopen':
      return [{ kind: 'opened', ...event, at, again: true }];
    case 'close':
      return [{ kind: 'closed', ...event, at, merged: false }];
    case 'merge':
      return event.subject.kind === 'change'
        ? [{ kind: 'closed', ...event, at, merged: true }]
        : [ignored('action_not_handled')];
    case 'update':
      return readChanges(told, at);
    default:
      return [ignored(typeof action === 'string' ? 'action_not_handled' : 'payload_mismatch')];
  }
}

/** One update can change labels and people at once. The labels beside the changes are those that the subject has: not the news. */
function readChanges({ changes, event }: Told, at: number | null): readonly ForgeEvent[] {
  const added = addedLabels(asObject(changes['labels']));
  const events: readonly ForgeEvent[] = [
    ...(added.length > 0 ? [{ kind: 'label_added', ...event, at, added } as const] : []),
    ...movedPeople(asObject(changes['assignees'])).map((moved) => ({ ...moved, ...event, at })),
  ];
  return events.length > 0 ? events : [ignored('label_not_added')];
}

function addedLabels(change: Payload | undefined): readonly string[] {
  const previous = new Set(namesOf(change?.['previous'], 'title'));
  const added = namesOf(change?.['current'], 'title').filter((label) => !previous.has(label));
  return added.slice(0, LIMITS.labels);
}

interface Moved {
  readonly kind: 'assigned' | 'unassigned';
  readonly assignee: Actor;
}

function movedPeople(change: Payload | undefined): readonly Moved[] {
  const previous = readActors(change?.['previous']);
  const current = readActors(change?.['current']);
  const without = (people: readonly Actor[], others: readonly Actor[]) => {
    const logins = new Set(others.map((other) => other.login));
    return people.filter((person) => !logins.has(person.login));
  };
  return [
    ...without(current, previous).map((assignee) => ({ kind: 'assigned', assignee }) as const),
    ...without(previous, current).map((assignee) => ({ kind: 'unassigned', assignee }) as const),
  ];
}
