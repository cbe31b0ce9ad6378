import { FunadeError, isFunadeError, messageOf } from '../../kernel/index.ts';
import { isUnreachable } from '../../store/index.ts';
import type { Learnt } from './look.ts';
import type { PollOutcome } from './port.ts';

/** How a look ended, and what that means for the next. */
export interface Verdict {
  readonly outcome: PollOutcome;
  /** Looks in a row in which nothing could be asked; those that failed in a part only are none. */
  readonly failures: number;
  /** What is to be shown with the repository; empty when all could be asked. */
  readonly tellings: readonly Telling[];
  /** When the forge takes requests again (epoch ms). */
  readonly limitedUntil: number | null;
}

/** One thing that went wrong or can't be asked. */
export interface Telling {
  readonly thrown: unknown;
  /** Null: a fault of our own, whose details are for the log alone. */
  readonly reason: string | null;
  /** Code of the error catalogue; null when it has none. */
  readonly code: string | null;
}

/** Judges what a look learnt; `before` are the looks in a row that had failed. */
export function verdictOf(
  learnt: Pick<Learnt, 'trouble' | 'troubles' | 'answered' | 'missing' | 'isSeen' | 'found' | 'redelivered'>,
  before: number,
): Verdict {
  const { trouble, troubles, answered, missing } = learnt;
  const parts = troubles.map(({ thrown }) => thrown);
  if (trouble === null && troubles.length > 0) {
    const failures = answered.length === 0 ? before + 1 : 0;
    return { outcome: 'failed', failures, tellings: told(parts), limitedUntil: null };
  }
  if (trouble === null) {
    const outcome = learnt.found + learnt.redelivered > 0 ? 'found' : 'unchanged';
    return {
      outcome: missing !== null && !learnt.isSeen ? 'no_credentials' : outcome,
      failures: 0,
      tellings: missing === null ? [] : told([missing]),
      limitedUntil: null,
    };
  }
  const limitedUntil = untilOf(trouble);
  const tellings = told([...parts, trouble]);
  if (limitedUntil !== null) return { tellings, outcome: 'limited', failures: before, limitedUntil };
  return { tellings, outcome: 'failed', failures: before + 1, limitedUntil };
}

function untilOf(trouble: unknown): number | null {
  if (!(trouble instanceof FunadeError) || trouble.code !== 'FUN_FORGE_LIMITED') return null;
  const at = Number(trouble.values['at']);
  return Number.isFinite(at) ? at : null;
}

/** The same trouble of several parts is told once. */
function told(thrown: readonly unknown[]): readonly Telling[] {
  const tellings = thrown.map(tellingOf);
  return tellings.filter(
    ({ reason }, place) => reason === null || tellings.findIndex((each) => each.reason === reason) === place,
  );
}

function tellingOf(thrown: unknown): Telling {
  if (isFunadeError(thrown)) return { thrown, reason: thrown.message, code: thrown.code };
  if (isUnreachable(thrown)) return { thrown, reason: `The database was away (${messageOf(thrown)}).`, code: null };
  return { thrown, reason: null, code: null };
}
