import { type Clock, type Logger, sleep } from '../../kernel/index.ts';
import { type Exchanged, type WireRequest, exchange } from './exchange.ts';
import { type FailedOutcome, RequestFailure } from './failure.ts';
import { createGate } from './gate.ts';
import type { ApiLimits } from './limits.ts';
import { limitedUntil, retryAfterMs } from './rate-limit.ts';
import { reasonFrom, secretsOf } from './reason.ts';

/** What client libraries of forges call instead of the global `fetch`. */
export type ApiFetch = (
  url: string | URL,
  init?: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | null;
  },
) => Promise<Response>;

export interface ApiFetchOptions {
  readonly limits: ApiLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, for the jitter. */
  readonly random: () => number;
  /** POST requests (by path) that do no more when they come twice; every other POST is not sent again once the forge may have seen it. */
  readonly safePosts: readonly RegExp[];
}

/**
 * A `fetch` for one client of a forge: throttled, tried again where that can do no harm, bounded in time and size. It resolves with
 * answers of 2xx that hold JSON or nothing, and throws `RequestFailure` for everything else, so that no library retries on its own.
 */
export function createApiFetch(options: ApiFetchOptions): ApiFetch {
  const { limits, clock, logger } = options;
  const gate = createGate(limits, clock);
  /** Accounts that must wait, by their credentials: an App has limits of its own in each installation. */
  const holds = new Map<string, number>();

  async function waitForHold(account: string): Promise<void> {
    for (;;) {
      const until = holds.get(account);
      if (until === undefined) return;
      const left = until - clock.now();
      if (left > limits.maxWaitMs) throw new RequestFailure({ kind: 'limited', until });
      if (left > 0) await sleep(left);
      if (holds.get(account) === until) holds.delete(account);
    }
  }

  async function send(request: WireRequest): Promise<Exchanged> {
    const startedAt = clock.now();
    const kind = request.method === 'GET' ? 'read' : 'write';
    const exchanged = await gate.pass(kind, () => exchange(request, limits));
    const result = exchanged.kind === 'answer' ? { status: exchanged.status } : { reason: exchanged.reason };
    const { method, url } = request;
    logger.debug({ method, path: url.pathname, ms: clock.now() - startedAt, ...result }, 'asked the forge');
    return exchanged;
  }

  return async (url, init = {}) => {
    const request = wireRequest(url, init);
    const account = request.headers.get('authorization') ?? request.headers.get('private-token') ?? '';
    let doubtful = false;
    for (let tries = 1; ; tries += 1) {
      await waitForHold(account);
      const step = judge(await send(request), request, options);
      if (step.kind === 'done') return step.response;
      if (step.outcome.kind === 'answered') throw new RequestFailure({ ...step.outcome, doubtful });
      doubtful ||= step.outcome.kind === 'unreachable';
      if (step.outcome.kind === 'limited') {
        // Said once and for all requests of the account, also those that wait for their turn.
        holds.set(account, step.outcome.until);
        logger.warn({ until: new Date(step.outcome.until).toISOString() }, 'the forge asks to wait');
      }
      if (!step.again || tries >= limits.tries) throw new RequestFailure(step.outcome);
      if (step.outcome.kind === 'unreachable') await sleep(step.waitMs ?? backoff(tries, options));
    }
  };
}

function wireRequest(url: string | URL, init: NonNullable<Parameters<ApiFetch>[1]>): WireRequest {
  return {
    url: new URL(url),
    method: (init.method ?? 'GET').toUpperCase(),
    headers: new Headers(init.headers),
    body: init.body ?? null,
  };
}

function backoff(tries: number, { limits, random }: ApiFetchOptions): number {
  return limits.backoffMs * 2 ** (tries - 1) * (1 + random() / 2);
}

type Step =
  | { readonly kind: 'done'; readonly response: Response }
  | { readonly kind: 'failed'; readonly outcome: FailedOutcome; readonly again: boolean; readonly waitMs?: number };

function judge(exchanged: Exchanged, request: WireRequest, options: ApiFetchOptions): Step {
  const harmless = isHarmless(request, options.safePosts);
  if (exchanged.kind === 'nothing') {
    const outcome = { kind: 'unreachable', reason: exchanged.reason } as const;
    return { kind: 'failed', outcome, again: harmless || !exchanged.sent };
  }
  const { status, headers, text } = exchanged;
  if (status >= 200 && status < 300) return judgeSuccess(exchanged);
  const reason = reasonFrom(text, headers.get('content-type') ?? '', secretsOf(request.headers, request.body));
  const now = options.clock.now();
  const until = limitedUntil({ status, headers, reason }, now);
  if (until !== null) {
    return { kind: 'failed', outcome: { kind: 'limited', until }, again: until - now <= options.limits.maxWaitMs };
  }
  if (status < 500)
    return { kind: 'failed', outcome: { kind: 'answered', status, reason, doubtful: false }, again: false };
  const outcome = { kind: 'unreachable', reason: `it answered ${status} ${reason}`.trim() } as const;
  const waitMs = retryAfterMs(headers, now);
  if (waitMs === null) return { kind: 'failed', outcome, again: harmless };
  return { kind: 'failed', outcome, again: harmless && waitMs <= options.limits.maxWaitMs, waitMs };
}

/** PUT, PATCH and DELETE of Funade name the wanted state: doing it twice changes nothing. */
function isHarmless(request: WireRequest, safePosts: readonly RegExp[]): boolean {
  return request.method !== 'POST' || safePosts.some((pattern) => pattern.test(request.url.pathname));
}

/** A page of a proxy that wants a log-in also comes with 200. */
function judgeSuccess(answer: Extract<Exchanged, { kind: 'answer' }>): Step {
  const { status, text } = answer;
  const headers = new Headers(answer.headers);
  // The body was decoded and counted anew.
  headers.delete('content-encoding');
  headers.delete('content-length');
  if (text === '' || status === 204 || status === 205) {
    headers.delete('content-type');
    return { kind: 'done', response: new Response(null, { status: status === 205 ? 204 : status, headers }) };
  }
  if (!isJson(text)) {
    return {
      kind: 'failed',
      outcome: { kind: 'unreachable', reason: `it answered ${status} with something that is not JSON` },
      again: false,
    };
  }
  headers.set('content-type', 'application/json; charset=utf-8');
  return { kind: 'done', response: new Response(text, { status, headers }) };
}

/** Every answer of the forges is an object or a list. */
function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
