import type { Payload } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import type { ForgeEvent } from '../port.ts';
import { readNote } from './notes.ts';
import { readPush, readRelease, readTagPush } from './pushes.ts';
import { readIssue, readMergeRequest } from './subjects.ts';

/** The events that mean something to Funade, by `X-Gitlab-Event`. Each reader checks that `object_kind` agrees. */
export const readers: ReadonlyMap<string, (payload: Payload) => readonly ForgeEvent[]> = new Map([
  ['Push Hook', (payload) => [readPush(payload)]],
  ['Tag Push Hook', (payload) => [readTagPush(payload)]],
  ['Release Hook', (payload) => [readRelease(payload)]],
  ['Issue Hook', readIssue],
  ['Confidential Issue Hook', confidential('issue', 'work_item')],
  ['Merge Request Hook', readMergeRequest],
  ['Note Hook', (payload) => [readNote(payload)]],
  ['Confidential Note Hook', confidential('note')],
]);

function confidential(...kinds: readonly unknown[]): (payload: Payload) => readonly ForgeEvent[] {
  return (payload) => [ignored(kinds.includes(payload['object_kind']) ? 'confidential_subject' : 'payload_mismatch')];
}
