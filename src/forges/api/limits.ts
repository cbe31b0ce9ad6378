/** What a client of an API holds itself to. */
export interface ApiLimits {
  /** Requests of one client at the same time. */
  readonly concurrency: number;
  /** Writes go one at a time, with this many milliseconds after each; null: they are treated like reads. */
  readonly writeGapMs: number | null;
  /** How often one request is sent at most, the first time included. */
  readonly tries: number;
  /** Milliseconds before the second try, twice as long before each further one; up to half of it is jitter. */
  readonly backoffMs: number;
  /** Longest wait, in milliseconds, that a forge may ask for; over it the request fails with the time. */
  readonly maxWaitMs: number;
  /** Milliseconds for one answer, its body included. */
  readonly timeoutMs: number;
  /** Bytes of one answer. */
  readonly maxBytes: number;
  /** Pages of 100 of one list. */
  readonly maxPages: number;
}

const common: Omit<ApiLimits, 'writeGapMs'> = {
  concurrency: 8,
  tries: 3,
  backoffMs: 500,
  maxWaitMs: 60_000,
  timeoutMs: 30_000,
  maxBytes: 32 * 1024 * 1024,
  maxPages: 100,
};

export const PER_PAGE = 100;

/** Longest text of an issue, change or comment that is taken over; GitLab allows a million characters. */
export const LONGEST_TEXT = 1_000_000;

/** GitHub counts writes that come close together towards a limit of its own, and asks for a second between them. */
export const githubLimits: ApiLimits = { ...common, writeGapMs: 1000 };
export const gitlabLimits: ApiLimits = { ...common, writeGapMs: null };
