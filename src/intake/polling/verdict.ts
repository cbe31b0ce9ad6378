import { FunadeError, isFunadeError, messageOf } from '../../kernel/index.ts';
import { isUnreachable } from '../../store/index.ts';
import type { Learnt } from './look.ts';
import type { PollOutcome } from './port.ts';

/** How a look ended, and what that means for the next. */
export interface Verdict {
  readonly outcome: PollOutcome;
  /** Looks in a row that failed. */
  readonly failures: number;
  /** What is to be shown with the repository; null when all could be asked. */
  readonly reason: string | null;
  /** Code of the error catalogue; null for a fault of Funade itself. */
  readonly code: string | null;
  /** A fault whose details are for the log alone. */
  readonly isInternal: boolean;
  /** When the forge takes requests again (epoch ms). */
  readonly limitedUntil: number | null;
}

/** Judges what a look learnt; `before` are the looks in a row that had failed. */
export function verdictOf(
  learnt: Pick<Learnt, 'trouble' | 'missing' | 'isSeen' | 'found' | 'redelivered'>,
  before: number,
): Verdict {
  const { trouble, missing } = learnt;
  if (trouble === null) {
    const outcome = learnt.found + learnt.redelivered > 0 ? 'found' : 'unchanged';
    return {
      outcome: missing !== null && !learnt.isSeen ? 'no_credentials' : outcome,
      failures: 0,
      reason: missing?.message ?? null,
      code: missing?.code ?? null,
      isInternal: false,
      limitedUntil: null,
    };
  }
  const limitedUntil = untilOf(trouble);
  if (limitedUntil !== null) {
    return { ...told(trouble), outcome: 'limited', failures: before, limitedUntil };
  }
  return { ...told(trouble), outcome: 'failed', failures: before + 1, limitedUntil };
}

function untilOf(trouble: unknown): number | null {
  if (!(trouble instanceof FunadeError) || trouble.code !== 'FUN_FORGE_LIMITED') return null;
  const at = Number(trouble.values['at']);
  return Number.isFinite(at) ? at : null;
}

function told(trouble: unknown): Pick<Verdict, 'reason' | 'code' | 'isInternal'> {
  if (isFunadeError(trouble)) return { reason: trouble.message, code: trouble.code, isInternal: false };
  if (isUnreachable(trouble))
    return { reason: `The database was away (${messageOf(trouble)}).`, code: null, isInternal: false };
  return { reason: null, code: null, isInternal: true };
}
