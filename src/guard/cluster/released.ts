import type { Clock } from '../../kernel/index.ts';
import type { Ledger } from '../port.ts';
import { createSharedCalls } from './shared-calls.ts';

/** What the ledger said about digests. */
export interface Released {
  /** `null`: not known, or not any more. */
  known(digest: string): boolean | null;
  learn(digest: string, signal: AbortSignal): Promise<boolean>;
}

const LIMIT = 5000;
/** A release is not taken back from the ledger. */
const POSITIVE_MS = 6 * 3600_000;
/** Somebody may be about to release it. */
const NEGATIVE_MS = 10_000;

export function createReleased(ledger: Ledger, clock: Clock): Released {
  const answers = new Map<string, { readonly released: boolean; readonly until: number }>();
  const shared = createSharedCalls();

  function known(digest: string): boolean | null {
    const answer = answers.get(digest);
    if (answer === undefined || answer.until <= clock.now()) return null;
    // The least recently used ones leave first.
    answers.delete(digest);
    answers.set(digest, answer);
    return answer.released;
  }

  function keep(digest: string, released: boolean): void {
    answers.delete(digest);
    answers.set(digest, { released, until: clock.now() + (released ? POSITIVE_MS : NEGATIVE_MS) });
    for (const oldest of answers.keys()) {
      if (answers.size <= LIMIT) return;
      answers.delete(oldest);
    }
  }

  return {
    known,
    learn: (digest, signal) =>
      shared.call(`ledger ${digest}`, signal, async (ending) => {
        const released = await ledger.isReleased(digest, ending);
        keep(digest, released);
        return released;
      }),
  };
}
