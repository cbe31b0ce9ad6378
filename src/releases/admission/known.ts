import type { RefUpdate } from '../admission.ts';
import type { RefRun } from './store.ts';

/** What a branch or tag was released as last. */
export interface LastRelease {
  /** Where it pointed; an annotated tag has two names for it. */
  readonly pointsAt: readonly string[];
  /** A tag whose creation was told without a commit. */
  readonly isUntold: boolean;
  readonly isPolled: boolean;
  /** Hook that told of it; null where that is not known. */
  readonly hook: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

export type KnownReason = 'already_handled' | 'push_overtaken';

const MINUTE = 60_000;
/** As long as a forge's two tellings of one push or tag are apart at most. */
const TWICE_TOLD_MS = 10 * MINUTE;
/** How long a webhook may be late and still be recognised as older than what polling saw. */
const LATE_MS = 60 * MINUTE;

/**
 * Whether a push was told before, by the other way: webhook or poll. What counts is the newest run of that application and ref,
 * since it says where the ref was last seen; older ones do not count, so that a push back to an earlier commit (A → B → A) is
 * released again.
 *
 * - Polling found it: nothing is missing when the newest run is of the commit that the ref points at.
 * - A webhook tells it, and the newest run came from polling: polling saw where the ref really pointed, so a webhook of the
 *   same commit is late, and any other has to go on from there. One that does not is older than what polling saw, and
 *   releasing it would take the ref back – or a push between them was lost, and then the next poll finds what is missing. The
 *   latter rests on polling going on, so the rule ends an hour after the poll.
 * - A webhook tells it, and the newest run came from a webhook too: it is released, unless another hook told of the same commit
 *   within minutes. Hooks of a repository and of its group or organisation tell of one push each, with ids of their own.
 *
 * A replay is a person's wish and always released.
 */
export function knownAlready(update: RefUpdate, last: LastRelease | undefined, now: number): KnownReason | null {
  if (last === undefined || update.isReplay) return null;
  const isThere = update.sha !== null && last.pointsAt.includes(update.sha);
  const age = now - last.at;
  if (update.via === 'poll') {
    const isSameTag = last.isUntold && (update.before === null || age < TWICE_TOLD_MS);
    return isThere || isSameTag ? 'already_handled' : null;
  }
  if (!last.isPolled) return isThere && age < TWICE_TOLD_MS && isOfOtherHook(update, last) ? 'already_handled' : null;
  if (isThere) return 'already_handled';
  if (age > LATE_MS) return null;
  if (update.sha === null) return 'already_handled';
  const goesOn = update.before !== null && last.pointsAt.includes(update.before);
  return goesOn ? null : 'push_overtaken';
}

function isOfOtherHook({ hook = null }: RefUpdate, last: LastRelease): boolean {
  return hook !== null && last.hook !== null && hook !== last.hook;
}

export function lastReleaseOf({ sha, trigger, created_at: at }: RefRun): LastRelease {
  return {
    pointsAt: [sha, trigger.pointsAt].filter((each) => typeof each === 'string'),
    isUntold: trigger.kind === 'tag' && trigger.pointsAt === null,
    isPolled: trigger.via === 'poll',
    hook: trigger.hook ?? null,
    at: at.getTime(),
  };
}

/** The same of a run that was only planned. */
export function lastReleaseBy({ kind, sha, via, hook = null }: RefUpdate, now: number): LastRelease {
  return {
    pointsAt: sha === null ? [] : [sha],
    isUntold: kind === 'tag' && sha === null,
    isPolled: via === 'poll',
    hook,
    at: now,
  };
}
