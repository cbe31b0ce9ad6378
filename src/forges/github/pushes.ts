import { assertNever } from '../../kernel/index.ts';
import { type Payload, asObject, asSha } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import { readRef } from '../payloads/refs.ts';
import { commitOf } from '../payloads/repository.ts';
import type { ForgeEvent, Repository } from '../port.ts';
import { loginOf } from './actors.ts';
import { readRepository } from './repository.ts';

export function readPush(payload: Payload): ForgeEvent {
  const repository = readRepository(payload['repository']);
  const ref = payload['ref'];
  const before = asSha(payload['before']);
  const after = asSha(payload['after']);
  if (repository === undefined || typeof ref !== 'string' || before === undefined || after === undefined) {
    return ignored('payload_mismatch');
  }
  if ('ref_type' in payload || 'action' in payload) return ignored('payload_mismatch');
  const name = readRef(ref);
  const change = {
    repository,
    ref,
    before,
    after,
    actor: loginOf(payload),
    headCommit: commitOf(payload['head_commit']),
    deleted: after === null,
    forced: payload['forced'] === true,
  };
  switch (name.kind) {
    case 'branch':
      return { kind: 'push', branch: name.name, ...change };
    case 'tag':
      return { kind: 'tag', tag: name.name, ...change };
    case 'unsupported_ref':
    case 'invalid_ref':
      return ignored(name.kind);
    default:
      return assertNever(name);
  }
}

export function readCreate(payload: Payload): ForgeEvent {
  const repository = readRepository(payload['repository']);
  const { ref, ref_type: type, master_branch: defaultBranch } = payload;
  if (repository === undefined || typeof ref !== 'string' || typeof type !== 'string') {
    return ignored('payload_mismatch');
  }
  // The default branch is what tells it from a delete event, the absent commit from a push.
  if (typeof defaultBranch !== 'string' || 'after' in payload) return ignored('payload_mismatch');
  return type === 'tag' ? newTag(payload, repository, ref) : ignored('not_a_tag');
}

/**
 * A published release stands for its tag: publishing a draft makes the tag, and then no push tells of it. Prereleases are published
 * too; `released`, `prereleased` and `created` only accompany that.
 */
export function readRelease(payload: Payload): ForgeEvent {
  const repository = readRepository(payload['repository']);
  const tag = asObject(payload['release'])?.['tag_name'];
  const { action } = payload;
  if (repository === undefined || typeof tag !== 'string') return ignored('payload_mismatch');
  if (action === undefined) return ignored('missing_action');
  if (typeof action !== 'string') return ignored('payload_mismatch');
  return action === 'published' ? newTag(payload, repository, tag) : ignored('release_not_published');
}

/** A tag whose commit the payload does not tell. */
function newTag(payload: Payload, repository: Repository, tag: string): ForgeEvent {
  const name = readRef(`refs/tags/${tag}`);
  if (name.kind !== 'tag') return ignored('invalid_ref');
  return {
    kind: 'tag',
    tag: name.name,
    repository,
    ref: name.ref,
    before: null,
    after: null,
    actor: loginOf(payload),
    headCommit: null,
    deleted: false,
    forced: false,
  };
}
