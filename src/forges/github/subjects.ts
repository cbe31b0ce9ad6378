import { LIMITS, type Payload, asId, asObject, asText, asTime, namesOf } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import type { Actor, ForgeEvent, Repository, Subject } from '../port.ts';
import { readActor } from './actors.ts';
import { readRepository } from './repository.ts';
import { readSubject } from './subject.ts';

interface Told {
  readonly payload: Payload;
  /** The issue or pull request, as it came. */
  readonly source: Payload;
  readonly event: { readonly repository: Repository; readonly subject: Subject; readonly actor: Actor };
}

export function readIssues(payload: Payload): ForgeEvent {
  if ('comment' in payload || 'pull_request' in payload) return ignored('payload_mismatch');
  const told = readTold(payload, payload['issue']);
  return told === undefined ? ignored('payload_mismatch') : readAction(told);
}

export function readPullRequest(payload: Payload): ForgeEvent {
  if (['comment', 'review', 'thread', 'issue'].some((key) => key in payload)) return ignored('payload_mismatch');
  const told = readTold(payload, payload['pull_request'], true);
  const number = payload['number'] ?? told?.event.subject.number;
  return told === undefined || number !== told.event.subject.number ? ignored('payload_mismatch') : readAction(told);
}

export function readIssueComment(payload: Payload): ForgeEvent {
  const told = readTold(payload, payload['issue']);
  const comment = asObject(payload['comment']);
  const body = asText(comment?.['body'], LIMITS.comment);
  const id = asId(comment?.['id']);
  if (told === undefined || comment === undefined || body === undefined || id === null) {
    return ignored('payload_mismatch');
  }
  const { action } = payload;
  if (action === undefined) return ignored('missing_action');
  if (typeof action !== 'string') return ignored('payload_mismatch');
  if (action !== 'created' && action !== 'edited') return ignored('action_not_handled');
  const edited = action === 'edited';
  const at = asTime(edited ? comment['updated_at'] : comment['created_at']);
  return { kind: 'comment', ...told.event, at, comment: { id, body, edited } };
}

/** GitHub calls a pull request an issue in most places; the field `pull_request` of the issue then tells. */
function readTold(payload: Payload, value: unknown, isChange = false): Told | undefined {
  const source = asObject(value);
  const repository = readRepository(payload['repository']);
  const actor = readActor(payload['sender']);
  if (source === undefined || repository === undefined || actor === undefined) return undefined;
  const kind = isChange || asObject(source['pull_request']) !== undefined ? 'change' : 'issue';
  const subject = readSubject(source, kind);
  return subject === undefined ? undefined : { payload, source, event: { repository, subject, actor } };
}

function readAction(told: Told): ForgeEvent {
  const { payload, source, event } = told;
  const { action } = payload;
  const at = asTime(source['updated_at']);
  switch (action) {
    case undefined:
      return ignored('missing_action');
    case 'labeled':
      return readLabel(told, at);
    case 'unlabeled':
      return ignored('label_removed');
    case 'opened':
      return { kind: 'opened', ...event, at: openedAt(told), again: false };
    case 'reopened':
      return { kind: 'opened', ...event, at, again: true };
    case 'closed':
      return { kind: 'closed', ...event, at, merged: event.subject.kind === 'change' && source['merged'] === true };
    case 'assigned':
    case 'unassigned': {
      const assignee = readActor(payload['assignee']);
      return assignee === undefined ? ignored('payload_mismatch') : { kind: action, ...event, at, assignee };
    }
    default:
      return ignored(typeof action === 'string' ? 'action_not_handled' : 'payload_mismatch');
  }
}

/** The payload carries all labels of the subject; only the one beside it was added now. */
function readLabel({ payload, event }: Told, at: number | null): ForgeEvent {
  const added = namesOf([payload['label']], 'name');
  return added.length === 0 ? ignored('label_not_added') : { kind: 'label_added', ...event, at, added };
}

/** An issue that was moved here from another repository is opened here later than it was made. */
function openedAt({ payload, source }: Told): number | null {
  const isMoved = asObject(asObject(payload['changes'])?.['old_issue']) !== undefined;
  return asTime(isMoved ? source['updated_at'] : source['created_at']);
}
