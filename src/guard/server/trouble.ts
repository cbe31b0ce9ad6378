import type { GuardProfile } from '../../config/index.ts';
import type { Logger } from '../../kernel/index.ts';
import type { ErrorClass, GuardErrorCode } from '../errors.ts';

const MOST_CHARACTERS = 4000;

export interface Trouble {
  readonly class: ErrorClass;
  readonly code: GuardErrorCode;
  /** Also given to the caller. */
  readonly errorId: string;
  /** Of the review. */
  readonly uid?: string;
}

/**
 * Logs what was thrown. Stacks and texts of other systems may name hosts: outside development they stand in a line of level
 * `debug` only, which has the same error id. Returns what the caller may see of it: nothing but in development.
 */
export function tellTrouble(
  { profile, logger }: { readonly profile: GuardProfile; readonly logger: Logger },
  thrown: unknown,
  trouble: Trouble,
): string | null {
  const stack = stackOf(thrown);
  if (profile === 'development') {
    logger.error({ ...trouble, stack }, 'A request could not be decided on.');
    return stack;
  }
  logger.error({ ...trouble, type: typeOf(thrown) }, 'A request could not be decided on.');
  logger.debug({ ...trouble, stack }, 'What was thrown.');
  return null;
}

function stackOf(thrown: unknown): string {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return text.slice(0, MOST_CHARACTERS);
}

function typeOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.constructor.name : typeof thrown;
}
