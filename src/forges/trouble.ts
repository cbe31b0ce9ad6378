import { isFunadeError } from '../kernel/index.ts';

/** What an error of a forge means for work on it: it may be over later, `at`: not before (epoch ms), or stays as it is. */
export type ForgeTrouble =
  | { readonly kind: 'passing'; readonly reason: string; readonly at: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };

/** `null`: it is not an error of a forge. A login that was refused may have been replaced meanwhile, so that it passes. */
export function forgeTroubleOf(thrown: unknown): ForgeTrouble | null {
  if (!isFunadeError(thrown)) return null;
  switch (thrown.code) {
    case 'FUN_FORGE_UNREACHABLE':
      return { kind: 'passing', reason: 'forge_unreachable', at: null };
    case 'FUN_FORGE_LIMITED':
      return { kind: 'passing', reason: 'forge_limited', at: timeIn(thrown.values['at']) };
    case 'FUN_FORGE_LOGIN_REFUSED':
      return { kind: 'passing', reason: 'login_refused', at: null };
    case 'FUN_FORGE_REFUSED':
      return { kind: 'permanent', reason: 'permission' };
    case 'FUN_FORGE_NOT_FOUND':
      return { kind: 'permanent', reason: 'forge_not_found' };
    case 'FUN_FORGE_REJECTED':
      return { kind: 'permanent', reason: 'forge_rejected' };
    case 'FUN_FORGE_NO_CREDENTIALS':
      return { kind: 'permanent', reason: 'no_credentials' };
    default:
      return null;
  }
}

function timeIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
