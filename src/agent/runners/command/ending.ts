import { assertNever } from '../../../kernel/index.ts';
import type { CommandEnd } from '../../../sandbox/index.ts';
import type { ModelTrouble } from '../../model/session.ts';
import type { RunnerEnd } from '../../port.ts';
import type { UsedUp } from '../budget.ts';

/** `EX_TEMPFAIL` of sysexits.h: trying again later may help. */
const TRY_AGAIN = 75;
/** What a shell says of a program that it does not find. */
const NOT_FOUND = 127;

type Failed = Extract<RunnerEnd, { kind: 'failed' }>;

export interface Circumstances {
  /** Reason code of the budget that was used up while it ran. */
  readonly usedUp: UsedUp | null;
  /** What the model said last, if that was no answer. */
  readonly trouble: ModelTrouble | null;
}

/**
 * What the end of an agent's command means; null: it succeeded. A command that failed after the model had refused to answer failed because of
 * that, whatever its own status says.
 */
export function failureOf(
  end: CommandEnd,
  { usedUp, trouble }: Circumstances,
): Failed | { kind: 'interrupted' } | null {
  if (end.kind === 'exited' && end.code === 0) return null;
  if (usedUp !== null && end.kind !== 'not_started') return failed('permanent', usedUp, describe(end));
  if (end.kind === 'aborted') return { kind: 'interrupted' };
  if (trouble !== null && end.kind !== 'not_started') return becauseOf(trouble);
  switch (end.kind) {
    case 'exited':
      if (end.code === TRY_AGAIN) return failed('transient', 'command_failed', `${describe(end)}: try again later`);
      if (end.code === NOT_FOUND) return failed('permanent', 'command_not_found', describe(end));
      return failed('agent', 'command_failed', describe(end));
    case 'signalled':
      return failed('agent', 'command_failed', describe(end));
    case 'timed_out':
      return failed('agent', 'command_timed_out', describe(end));
    case 'flooded':
      return failed('agent', 'command_flooded', describe(end));
    case 'out_of_memory':
      return failed('agent', 'command_out_of_memory', describe(end));
    case 'not_started':
      return failed('permanent', 'command_not_found', end.reason);
    default:
      return assertNever(end);
  }
}

function becauseOf({ reason, detail, at }: ModelTrouble): Failed {
  const isPassing = reason === 'model_limited' || reason === 'model_unreachable';
  return { kind: 'failed', blame: isPassing ? 'transient' : 'permanent', reason, detail, at };
}

function failed(blame: Failed['blame'], reason: string, detail: string): Failed {
  return { kind: 'failed', blame, reason, detail };
}

/** The end in a few words, for logs. */
export function describe(end: CommandEnd): string {
  switch (end.kind) {
    case 'exited':
      return `exit code ${end.code}`;
    case 'signalled':
      return `signal ${end.signal}`;
    case 'timed_out':
      return 'it took too long';
    case 'aborted':
      return 'it was told to end';
    case 'flooded':
      return 'it wrote too much';
    case 'out_of_memory':
      return 'it used too much memory';
    case 'not_started':
      return end.reason;
    default:
      return assertNever(end);
  }
}
