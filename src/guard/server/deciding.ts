import type { GuardConfig } from '../../config/index.ts';
import { type Logger, newId } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';
import { troubleFields } from '../errors.ts';
import type { Decider, GuardMetrics } from '../port.ts';
import type { Review } from '../review/review.ts';
import { tellTrouble } from './trouble.ts';
import { decisionFailed, decisionTooLate } from './undecided.ts';

export interface DecidingOptions {
  readonly config: Pick<GuardConfig, 'rules' | 'language' | 'profile'>;
  readonly decider: Decider;
  readonly metrics: Pick<GuardMetrics, 'failed'>;
  readonly logger: Logger;
}

/** Stops a decision that nobody waits for any more; its answer is not given. */
export type GiveUp = () => void;

/**
 * Asks the decider within `milliseconds`. `done` is called once, and at once when the decider answers without a promise: then
 * there is nothing to give up, and `null` is returned.
 */
export type Deciding = (review: Review, milliseconds: number, done: (decision: Decision) => void) => GiveUp | null;

export function createDeciding({ config, decider, metrics, logger }: DecidingOptions): Deciding {
  // Decisions that do not wait share one signal that never fires: neither a controller nor a timer is made for them.
  let spare = new AbortController();

  function failed(thrown: unknown, review: Review): Decision {
    const id = newId('err');
    metrics.failed('decider_failed');
    const about = { ...troubleFields('decider_failed'), errorId: id, uid: review.uid.slice(0, 64) };
    const insight = tellTrouble({ profile: config.profile, logger }, thrown, about);
    return decisionFailed(config, id, insight);
  }

  return (review, milliseconds, done) => {
    let answer;
    try {
      answer = decider.decide(review, spare.signal);
    } catch (thrown) {
      done(failed(thrown, review));
      return null;
    }
    if (!('then' in answer)) {
      done(answer);
      return null;
    }
    const controller = spare;
    spare = new AbortController();
    return within(answer, milliseconds, {
      controller,
      late: () => {
        metrics.failed('deadline');
        return decisionTooLate(config);
      },
      failed: (thrown) => failed(thrown, review),
      done,
    });
  };
}

interface Ways {
  readonly controller: AbortController;
  late(): Decision;
  failed(thrown: unknown): Decision;
  done(decision: Decision): void;
}

function within(answer: Promise<Decision>, milliseconds: number, { controller, late, failed, done }: Ways): GiveUp {
  let isOver = false;

  function finish(decision: () => Decision): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    done(decision());
  }

  // A decider that minds the signal knows best what it could not learn: it may still say so, in this very turn.
  const timer = setTimeout(() => {
    controller.abort();
    setImmediate(() => finish(late));
  }, milliseconds);
  answer.then(
    (decision) => finish(() => decision),
    (thrown: unknown) => finish(() => failed(thrown)),
  );
  return () => {
    isOver = true;
    clearTimeout(timer);
    controller.abort();
  };
}
