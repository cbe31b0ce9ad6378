const LONGEST_BACKOFF = 60 * 60_000;
const MOST_DOUBLINGS = 16;
const WIDENED = 4;

export interface Pace {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly intervalMs: number;
  /** Webhooks of the source arrive. */
  readonly isAlive: boolean;
  /** Looks in a row that failed. */
  readonly failures: number;
  /** When the forge takes requests again (epoch ms); null when it does. */
  readonly limitedUntil: number | null;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: number;
}

/**
 * When a repository is looked at next. Between 0.8 and 1.2 of the interval, so that repositories and processes spread out; four
 * times that while webhooks arrive, since polling then only makes sure. After failures the interval doubles each time, up to an
 * hour (or the interval, if that is longer). A limit of the forge is waited for, and a tenth of an interval at random
 * beyond it, since all repositories of the account wait for the same moment.
 */
export function nextPollAt({ now, intervalMs, isAlive, failures, limitedUntil, random }: Pace): number {
  if (limitedUntil !== null) return Math.ceil(Math.max(limitedUntil, now) + random * 0.1 * intervalMs);
  const jitter = 0.8 + 0.4 * random;
  if (failures > 0) {
    const backoff = intervalMs * 2 ** Math.min(failures - 1, MOST_DOUBLINGS) * jitter;
    return Math.round(now + Math.min(backoff, Math.max(LONGEST_BACKOFF, intervalMs * jitter)));
  }
  return Math.round(now + intervalMs * (isAlive ? WIDENED : 1) * jitter);
}

export interface Signs {
  readonly now: number;
  readonly intervalMs: number;
  /** The newest webhook of the source and its newest failed verification (epoch ms); null when there was none. */
  readonly lastWebhookAt: number | null;
  readonly lastFailureAt: number | null;
}

/** Whether webhooks of a source arrive: one did within two intervals, and none since had a wrong signature. */
export function areWebhooksAlive({ now, intervalMs, lastWebhookAt, lastFailureAt }: Signs): boolean {
  if (lastWebhookAt === null || now - lastWebhookAt > 2 * intervalMs) return false;
  return lastFailureAt === null || lastFailureAt < lastWebhookAt;
}
