import { type ForgeTrouble, forgeTroubleOf } from '../forges/index.ts';
import { isFunadeError } from '../kernel/index.ts';
import { isStorageFull, isUnreachable } from '../store/index.ts';

/** How long trouble is waited out. Times in milliseconds. */
export interface Patience {
  /** The first pause, which doubles up to the longest, and when it is given up. */
  readonly first: number;
  readonly longest: number;
  readonly patience: number;
  /** From 0 to 1, so that many who failed together do not come back together. */
  readonly random: () => number;
}

export const DEFAULT_PATIENCE: Patience = {
  first: 5000,
  longest: 600_000,
  patience: 24 * 3_600_000,
  random: Math.random,
};

/** What something thrown by a forge, git or the database means. What nobody has foreseen is tried again: an issue harms nobody. */
export function judge(thrown: unknown): ForgeTrouble {
  return forgeTroubleOf(thrown) ?? { kind: 'passing', reason: otherReason(thrown), at: null };
}

function otherReason(thrown: unknown): string {
  if (isFunadeError(thrown)) return thrown.code === 'FUN_GIT_UNREACHABLE' ? 'git_unreachable' : 'unforeseen';
  return isUnreachable(thrown) || isStorageFull(thrown) ? 'database' : 'unforeseen';
}

/** When to try again after trouble, the `troubles`-th in a row; never before `at`. */
export function afterTrouble(
  troubles: number,
  { now, at }: { readonly now: number; readonly at: number | null },
  { first, longest, random }: Patience,
): number {
  const pause = Math.min(first * 2 ** Math.min(troubles - 1, 30), longest);
  return Math.max(at ?? 0, now + Math.round(pause * (0.75 + random() / 2)));
}
