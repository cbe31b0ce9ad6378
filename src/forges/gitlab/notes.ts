import { LIMITS, type Payload, asId, asObject, asText, asTime } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import type { ForgeEvent, SubjectKind } from '../port.ts';
import { readActor } from './actors.ts';
import { readProject } from './project.ts';
import { readSubject } from './subject.ts';
import { isOffList } from './subjects.ts';

/** Comments on issues and merge requests. Versions before 16.11 tell no action and no edits. */
export function readNote(payload: Payload): ForgeEvent {
  const note = asObject(payload['object_attributes']);
  const repository = readProject(payload);
  const actor = readActor(payload['user']);
  const body = asText(note?.['note'], LIMITS.comment);
  const id = asId(note?.['id']);
  if (payload['object_kind'] !== 'note' || repository === undefined || note === undefined || actor === undefined) {
    return ignored('payload_mismatch');
  }
  if (body === undefined || id === null) return ignored('payload_mismatch');
  const about = readAbout(payload, note);
  if (typeof about === 'string') return ignored(about);
  if (isHidden(payload, note, about)) return ignored('confidential_subject');
  if (note['system'] === true) return ignored('system_note');
  const action = note['action'] ?? 'create';
  if (action !== 'create' && action !== 'update') return ignored('action_not_handled');
  const { kind, attributes } = about;
  const page = asObject(payload['project'])?.['web_url'];
  const labels = attributes['labels'];
  const subject = readSubject({ kind, attributes, labels, assignees: attributes['assignees'], actor, page });
  if (subject === undefined) return ignored('payload_mismatch');
  const edited = action === 'update';
  const at = asTime(edited ? note['updated_at'] : note['created_at']);
  return { kind: 'comment', repository, subject, actor, at, comment: { id, body, edited } };
}

interface About {
  readonly kind: SubjectKind;
  readonly attributes: Payload;
}

/** What the note is about, or why that is nothing for us. */
function readAbout(payload: Payload, note: Payload): About | 'payload_mismatch' | 'action_not_handled' {
  switch (note['noteable_type']) {
    case 'Issue': {
      const attributes = asObject(payload['issue']);
      return attributes === undefined ? 'payload_mismatch' : { kind: 'issue', attributes };
    }
    case 'MergeRequest': {
      const attributes = asObject(payload['merge_request']);
      return attributes === undefined ? 'payload_mismatch' : { kind: 'change', attributes };
    }
    default:
      return 'action_not_handled';
  }
}

/** An internal note can stand below a public issue, and any note below a confidential one. */
function isHidden(payload: Payload, note: Payload, about: About): boolean {
  if (payload['event_type'] === 'confidential_note' || note['internal'] === true || note['confidential'] === true) {
    return true;
  }
  return about.kind === 'issue' && isOffList(about.attributes);
}
