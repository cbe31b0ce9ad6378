import { type ForgeTrouble, forgeTroubleOf } from '../../forges/index.ts';
import { isFunadeError } from '../../kernel/index.ts';
import { isStorageFull, isUnreachable } from '../../store/index.ts';

/** How often and how long things are tried again. Times in milliseconds. */
export interface Backoff {
  /** Pauses after the first, second … failed attempt; one more attempt than there are pauses. */
  readonly attempts: readonly number[];
  /** Trouble that may pass: the first pause, which doubles up to the longest, and when it is given up. */
  readonly trouble: { readonly first: number; readonly longest: number; readonly patience: number };
  /** From 0 to 1, so that many who failed together do not come back together. */
  readonly random: () => number;
}

export const DEFAULT_BACKOFF: Backoff = {
  attempts: [10_000, 60_000],
  trouble: { first: 5000, longest: 600_000, patience: 24 * 3_600_000 },
  random: Math.random,
};

export type Judgement =
  | ForgeTrouble
  /** Nobody has foreseen it. */
  | { readonly kind: 'unforeseen' };

/** What something thrown by a forge, by git or by the database means for a task. */
export function judge(thrown: unknown): Judgement {
  const ofForge = forgeTroubleOf(thrown);
  if (ofForge !== null) return ofForge;
  if (isFunadeError(thrown)) {
    switch (thrown.code) {
      case 'FUN_DATABASE_UNREACHABLE':
      case 'FUN_STORAGE_FULL':
        return { kind: 'passing', reason: 'database', at: null };
      case 'FUN_GIT_UNREACHABLE':
        return { kind: 'passing', reason: 'git_unreachable', at: null };
      case 'FUN_WORKSPACE':
        return { kind: 'permanent', reason: wordIn(thrown.values['reason']) ?? 'workspace_failed' };
      case 'FUN_GIT_MISSING':
        return { kind: 'permanent', reason: 'workspace_failed' };
      default:
        return { kind: 'unforeseen' };
    }
  }
  const isOfDatabase =
    isUnreachable(thrown) || isStorageFull(thrown) || /^(?:40|53|55|57|58|08)/.test(sqlState(thrown));
  return isOfDatabase ? { kind: 'passing', reason: 'database', at: null } : { kind: 'unforeseen' };
}

function wordIn(value: unknown): string | null {
  return typeof value === 'string' && /^[a-z_]+$/.test(value) ? value : null;
}

function sqlState(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' && /^[0-9A-Z]{5}$/.test(thrown.code) ? thrown.code : '';
}

/** From three quarters to five quarters of a pause. */
function jittered(pause: number, { random }: Backoff): number {
  return Math.round(pause * (0.75 + random() / 2));
}

/** When to try again after so many failed attempts; null when it was the last. */
export function afterFailure(failures: number, now: number, backoff: Backoff): number | null {
  const pause = backoff.attempts[failures - 1];
  return pause === undefined ? null : now + jittered(pause, backoff);
}

/** When to try again after trouble, the `troubles`-th in a row; never before `at`. */
export function afterTrouble(
  troubles: number,
  { now, at }: { readonly now: number; readonly at: number | null },
  backoff: Backoff,
): number {
  const pause = Math.min(backoff.trouble.first * 2 ** Math.min(troubles - 1, 30), backoff.trouble.longest);
  const wait = jittered(pause, backoff);
  return at === null ? now + wait : Math.max(at + Math.min(wait, 1000), now + wait);
}
