import { LIMITS, type Payload, asList, asObject, asSha, asText } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import { readRef } from '../payloads/refs.ts';
import { commitOf } from '../payloads/repository.ts';
import type { ForgeEvent, HeadCommit } from '../port.ts';
import { readProject } from './project.ts';

export function readPush(payload: Payload): ForgeEvent {
  return readChange(payload, 'push');
}

export function readTagPush(payload: Payload): ForgeEvent {
  return readChange(payload, 'tag_push');
}

/** GitLab does not tell whether a push was forced. */
function readChange(payload: Payload, kind: 'push' | 'tag_push'): ForgeEvent {
  const repository = readProject(payload);
  const ref = payload['ref'];
  const before = asSha(payload['before']);
  const after = asSha(payload['after']);
  if (payload['object_kind'] !== kind || repository === undefined || typeof ref !== 'string') {
    return ignored('payload_mismatch');
  }
  if (before === undefined || after === undefined) return ignored('payload_mismatch');
  const name = readRef(ref);
  if (name.kind !== 'branch' && name.kind !== 'tag') return ignored(name.kind);
  if ((name.kind === 'tag') !== (kind === 'tag_push')) return ignored('payload_mismatch');
  const headCommit = after === null ? null : headOf(payload, after);
  const actor = asText(payload['user_username']) ?? asText(payload['user_name']) ?? 'unknown';
  const change = { repository, ref, before, actor, headCommit, deleted: after === null, forced: false };
  return name.kind === 'branch'
    ? { kind: 'push', branch: name.name, ...change, after }
    : { kind: 'tag', tag: name.name, ...change, after: after === null ? null : commitOfTag(payload, after) };
}

/** An annotated tag is an object of its own: `after` is its id, `checkout_sha` the commit's. */
function commitOfTag(payload: Payload, after: string): string {
  return asSha(payload['checkout_sha']) ?? after;
}

/** The commit that the ref points at; GitLab lists it among the pushed ones, or not at all when none is new. */
function headOf(payload: Payload, after: string): HeadCommit | null {
  const wanted = [after, asSha(payload['checkout_sha'])];
  const commits = asList(payload['commits']).slice(-LIMITS.commits);
  return commitOf(commits.findLast((commit) => wanted.includes(asSha(asObject(commit)?.['id']))));
}

/** A release is made for a tag, which it can make too. The payload does not tell who did it. */
export function readRelease(payload: Payload): ForgeEvent {
  const repository = readProject(payload);
  const { object_kind: kind, tag, action } = payload;
  if (kind !== 'release' || repository === undefined || typeof tag !== 'string') return ignored('payload_mismatch');
  if (action === undefined) return ignored('missing_action');
  if (typeof action !== 'string') return ignored('payload_mismatch');
  if (action !== 'create') return ignored('release_not_published');
  const name = readRef(`refs/tags/${tag}`);
  if (name.kind !== 'tag') return ignored('invalid_ref');
  const headCommit = commitOf(payload['commit']);
  return {
    kind: 'tag',
    tag: name.name,
    repository,
    ref: name.ref,
    before: null,
    after: headCommit?.sha ?? null,
    actor: 'unknown',
    headCommit,
    deleted: false,
    forced: false,
  };
}
