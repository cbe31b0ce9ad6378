import type { Clock } from '../../kernel/index.ts';
import type { Comment, SubjectKey } from '../api-port.ts';
import { createMemory, createTurns } from './memory.ts';

interface CommentActs {
  /** Id of the comment of ours that has the marker. */
  readonly find: () => Promise<string | null>;
  /** Null when it is not there any more. */
  readonly edit: (id: string) => Promise<Comment | null>;
  readonly create: () => Promise<Comment>;
}

type Upsert = (
  subject: SubjectKey,
  marker: string,
  acts: CommentActs,
) => Promise<{ readonly id: string; readonly url: string; readonly created: boolean }>;

const REMEMBERED_MS = 24 * 60 * 60_000;

/**
 * One comment per subject and marker. Where it is gets remembered, so that an edit is one request; callers of the same comment wait
 * for each other, since two that find none would both write one.
 */
export function createOwnComments(clock: Clock): Upsert {
  const ids = createMemory<string>(clock, REMEMBERED_MS);
  const inTurn = createTurns();
  return ({ repository, kind, number }, marker, acts) => {
    const key = JSON.stringify([repository.id ?? repository.fullName, kind, number, marker]);
    return inTurn(key, async () => {
      const known = ids.peek(key);
      const edited =
        (known === undefined ? null : await acts.edit(known)) ?? (await editFound(await acts.find(), known, acts));
      const comment = edited ?? (await acts.create());
      ids.put(key, comment.id);
      return { id: comment.id, url: comment.url, created: edited === null };
    });
  };
}

async function editFound(found: string | null, gone: string | undefined, acts: CommentActs): Promise<Comment | null> {
  return found === null || found === gone ? null : acts.edit(found);
}

/** Ids grow with time on both forges, beyond what a number holds. */
export function oldestFirst(comments: readonly Comment[]): readonly Comment[] {
  return comments.toSorted((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
}

export function isAfter(sinceId: string | undefined): (comment: Comment) => boolean {
  if (sinceId === undefined || !/^\d+$/.test(sinceId)) return () => true;
  const since = BigInt(sinceId);
  return ({ id }) => BigInt(id) > since;
}
