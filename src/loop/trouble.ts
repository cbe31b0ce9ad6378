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

export type Judgement =
  /** May be over later; `at`: not before (epoch ms). */
  | { readonly kind: 'passing'; readonly reason: string; readonly at: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };

/** What something thrown by a forge, git or the database means. What nobody has foreseen is tried again: an issue harms nobody. */
export function judge(thrown: unknown): Judgement {
  if (!isFunadeError(thrown)) {
    const isOfDatabase = isUnreachable(thrown) || isStorageFull(thrown);
    return { kind: 'passing', reason: isOfDatabase ? 'database' : 'unforeseen', at: null };
  }
  switch (thrown.code) {
    case 'FUN_FORGE_LIMITED':
      return { kind: 'passing', reason: 'forge_limited', at: timeIn(thrown.values['at']) };
    case 'FUN_FORGE_UNREACHABLE':
      return { kind: 'passing', reason: 'forge_unreachable', at: null };
    case 'FUN_FORGE_LOGIN_REFUSED':
      return { kind: 'passing', reason: 'login_refused', at: null };
    case 'FUN_GIT_UNREACHABLE':
      return { kind: 'passing', reason: 'git_unreachable', at: null };
    case 'FUN_FORGE_REFUSED':
      return { kind: 'permanent', reason: 'permission' };
    case 'FUN_FORGE_NOT_FOUND':
      return { kind: 'permanent', reason: 'forge_not_found' };
    case 'FUN_FORGE_REJECTED':
      return { kind: 'permanent', reason: 'forge_rejected' };
    case 'FUN_FORGE_NO_CREDENTIALS':
      return { kind: 'permanent', reason: 'no_credentials' };
    default:
      return { kind: 'passing', reason: 'unforeseen', at: null };
  }
}

function timeIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
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
