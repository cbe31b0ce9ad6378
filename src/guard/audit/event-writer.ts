import { type Clock, type Logger, sleep } from '../../kernel/index.ts';
import type { ApiClient } from '../cluster/api-client.ts';
import { isObject } from '../cluster/status.ts';
import { type ApiTrouble, isApiTrouble, isPassing, logFieldsOf } from '../cluster/trouble.ts';
import type { JsonObject } from '../review/review.ts';
import { type AuditEvent, timeOf } from './event.ts';

export interface EventWriter {
  start(): void;
  stop(): Promise<void>;
  /**
   * `done` is told whether it was written. A full queue refuses: `done(false)`. What is `urgent` goes before everything that
   * is not: after a start there may be hundreds of Events about what stood before.
   */
  write(event: AuditEvent, manner: { readonly urgent: boolean }, done: Done): void;
  waiting(): number;
}

type Done = (written: boolean) => void;

export interface EventWriterOptions {
  readonly api: Pick<ApiClient, 'post' | 'patch'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * After a moment in which guards let pairs through, every one of them is to be told within five seconds: that many Events go
 * out at once. Then no more than five a second.
 */
const BURST = 500;
const PAUSE_MS = 200;
/** Events that are on their way to the API server at the same time. */
const LANES = 4;
const QUEUE_LIMIT = 2000;
const TRIES = 3;
const LONGEST_WAIT_MS = 30_000;
/** An Event that is there is counted up at most that often. */
const AGAIN_MS = 3600_000;

interface Waiting {
  readonly event: AuditEvent;
  readonly done: Done;
}

export function createEventWriter({ api, clock, logger }: EventWriterOptions): EventWriter {
  const urgent: Waiting[] = [];
  const patient: Waiting[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake = new AbortController();
  let running: Promise<unknown> | null = null;
  let isForbiddenTold = false;
  let budget = BURST;
  let filledAt = clock.now();

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const next = urgent.shift() ?? patient.shift();
      if (next === undefined) {
        await idle();
        continue;
      }
      next.done(await attempt(next.event));
      spend();
      while (budget < 0 && !signal.aborted) {
        await sleep(PAUSE_MS, signal);
        fill();
      }
    }
  }

  function spend(): void {
    fill();
    budget -= 1;
  }

  function fill(): void {
    const now = clock.now();
    budget = Math.min(BURST, budget + Math.max(0, now - filledAt) / PAUSE_MS);
    filledAt = now;
  }

  async function idle(): Promise<void> {
    if (wake.signal.aborted) wake = new AbortController();
    await sleep(60_000, wake.signal);
  }

  /** Tried again at once: a connection that was kept may be closed by the server just when it is used. */
  async function putSurely(event: AuditEvent): Promise<void> {
    for (let left = TRIES - 1; ; left -= 1) {
      try {
        return await put(event);
      } catch (error) {
        if (!isApiTrouble(error) || !isPassing(error) || left === 0 || signal.aborted) throw error;
        await sleep(Math.min(error.retryAfterMs ?? PAUSE_MS, LONGEST_WAIT_MS), signal);
      }
    }
  }

  async function attempt(event: AuditEvent): Promise<boolean> {
    try {
      await putSurely(event);
      isForbiddenTold = false;
      return true;
    } catch (error) {
      if (!isApiTrouble(error)) throw error;
      if (!signal.aborted) tell(error);
      return false;
    }
  }

  /** A missing permission is told once, not with each Event. */
  function tell(trouble: ApiTrouble): void {
    const isForbidden = trouble.reason === 'forbidden';
    if (isForbidden && isForbiddenTold) return;
    isForbiddenTold = isForbiddenTold || isForbidden;
    logger.warn(logFieldsOf(trouble), 'Failed to write an Event about a violation.');
  }

  async function put(event: AuditEvent): Promise<void> {
    const events = `/api/v1/namespaces/${encodeURIComponent(event.namespace)}/events`;
    try {
      await api.post(events, event.body, { signal });
    } catch (error) {
      if (!isApiTrouble(error, 'conflict')) throw error;
      await countUp(`${events}/${encodeURIComponent(event.name)}`, event.body);
    }
  }

  /** An empty patch writes nothing and gives the Event as it is, which needs no further permission. */
  async function countUp(path: string, wanted: JsonObject): Promise<void> {
    const { body } = await api.patch(path, {}, { signal });
    const now = clock.now();
    const last = typeof body['lastTimestamp'] === 'string' ? Date.parse(body['lastTimestamp']) : Number.NaN;
    if (now - last < AGAIN_MS || !isObject(body['metadata'])) return;
    const count = typeof body['count'] === 'number' ? body['count'] + 1 : 1;
    const { resourceVersion } = body['metadata'];
    // With the version: of two guards that count at the same time one is refused.
    const patch = { metadata: { resourceVersion }, count, lastTimestamp: timeOf(now), message: wanted['message'] };
    await api.patch(path, patch, { signal }).catch((error: unknown) => {
      if (!isApiTrouble(error, 'conflict')) throw error;
    });
  }

  return {
    start: () => {
      running ??= Promise.all(Array.from({ length: LANES }, run));
    },
    stop: async () => {
      stopping.abort();
      wake.abort();
      await running;
    },
    write: (event, { urgent: isUrgent }, done) => {
      const queue = isUrgent ? urgent : patient;
      if (queue.length >= QUEUE_LIMIT || signal.aborted) return done(false);
      queue.push({ event, done });
      wake.abort();
    },
    waiting: () => urgent.length + patient.length,
  };
}
