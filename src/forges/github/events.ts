import type { Payload } from '../payloads/fields.ts';
import type { ForgeEvent } from '../port.ts';
import { readPing } from './ping.ts';
import { readCreate, readPush, readRelease } from './pushes.ts';
import { readIssueComment, readIssues, readPullRequest } from './subjects.ts';

/** The events that mean something to Funade. The name is not signed: each reader checks that the payload is its own. */
export const readers: ReadonlyMap<string, (payload: Payload) => ForgeEvent> = new Map([
  ['push', readPush],
  ['create', readCreate],
  ['release', readRelease],
  ['issues', readIssues],
  ['pull_request', readPullRequest],
  ['issue_comment', readIssueComment],
  ['ping', readPing],
]);
