import type { ServerResponse } from 'node:http';
import type { Outcome } from '../outcome.ts';

interface Problem {
  readonly status: number;
  readonly title: string;
  readonly fix: string;
  /** Whose fault it is: a judge tells the function's from the platform's. */
  readonly by: 'caller' | 'platform' | 'function';
  readonly retryAfter?: number;
}

/** Answers to traffic that the function did not give itself. */
export const PROBLEMS = {
  NOT_FOUND: {
    status: 404,
    title: 'No such function',
    fix: 'Check environment, application and path: /fn/{environment}/{app}/{path}. `funade status` lists what is live. A standalone function needs a `route`.',
    by: 'caller',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Token needed',
    fix: 'Send `Authorization: Bearer <token>`; make a token with `funade token create`.',
    by: 'caller',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'Payload too large',
    fix: 'Send at most 6 MB.',
    by: 'caller',
  },
  UPGRADE_REFUSED: {
    status: 426,
    title: 'WebSockets are not supported',
    fix: 'Use plain HTTP requests.',
    by: 'caller',
  },
  INVALID_JSON: {
    status: 400,
    title: 'The event is not JSON',
    fix: 'Send JSON in UTF-8 whose numbers a double can hold, nested at most 1,000 deep.',
    by: 'caller',
  },
  COMPILE_ERROR: {
    status: 422,
    title: 'The code does not compile',
    fix: 'Correct it and send it again.',
    by: 'function',
  },
  FUNCTION_ERROR: { status: 422, title: 'The function threw an error', fix: 'Read its log.', by: 'function' },
  FUNCTION_EXITED: { status: 502, title: 'The function ended its process', fix: 'Read its log.', by: 'function' },
  FUNCTION_PROTOCOL: { status: 502, title: 'The function gave no valid answer', fix: 'Read its log.', by: 'function' },
  RESPONSE_TOO_LARGE: {
    status: 502,
    title: 'The function answered with more than 6 MB',
    fix: 'Answer with less, or with a link.',
    by: 'function',
  },
  FUNCTION_OUT_OF_MEMORY: {
    status: 507,
    title: 'The function ran out of memory',
    fix: 'Raise `memory` of the function, or use less.',
    by: 'function',
  },
  FUNCTION_TIMEOUT: {
    status: 504,
    title: 'The function took too long',
    fix: 'Raise `timeout` of the function, or find what it waits for.',
    by: 'function',
  },
  INIT_ERROR: {
    status: 502,
    title: 'The function did not start',
    fix: 'Read its log; correct the function and deploy again.',
    by: 'function',
  },
  ISOLATION_UNAVAILABLE: {
    status: 503,
    title: 'This server may not run code that nobody vouches for',
    fix: 'Make isolation work (`funade doctor` says how), or set `functions.untrusted: allow` in the server configuration.',
    by: 'platform',
  },
  INIT_FAILING: {
    status: 503,
    title: 'The function does not start',
    fix: 'Read its log; correct the function and ship again.',
    by: 'function',
    retryAfter: 5,
  },
  NO_CAPACITY: { status: 503, title: 'The function is not ready', fix: 'Try again.', by: 'platform', retryAfter: 1 },
  THROTTLED: {
    status: 429,
    title: 'Too many requests are waiting',
    fix: 'Send less, or raise `concurrency` of the function.',
    by: 'platform',
    retryAfter: 1,
  },
  SHUTTING_DOWN: { status: 503, title: 'This server stops', fix: 'Try again.', by: 'platform', retryAfter: 1 },
  INTERNAL: {
    status: 500,
    title: 'Failed inside Funade',
    fix: 'Search the server log for the request id.',
    by: 'platform',
  },
} as const satisfies Readonly<Record<string, Problem>>;
export type ProblemCode = keyof typeof PROBLEMS;

export type Failed = Exclude<Outcome, { kind: 'result' | 'streamed' | 'abandoned' }>;

export interface ProblemOf {
  readonly code: ProblemCode;
  readonly detail: string;
  /** Seconds, where they are known better than by the code. */
  readonly retryAfter?: number;
}

/** Seconds after which a call that ended so may be sent again; undefined where that is not known to help. */
export function retryAfterOf(code: ProblemCode): number | undefined {
  const problem: Problem = PROBLEMS[code];
  return problem.retryAfter;
}

/** Code and detail of a call that ended without an answer. What the function said stays in its log: it may hold secrets. */
export function problemOf(outcome: Failed): ProblemOf {
  switch (outcome.kind) {
    case 'threw':
      return { code: 'FUNCTION_ERROR', detail: 'It threw an error.' };
    case 'invalid_event':
      return { code: 'INVALID_JSON', detail: `${outcome.message}.` };
    case 'bad_response':
      return { code: 'FUNCTION_PROTOCOL', detail: 'What it returned is not an HTTP answer.' };
    case 'exited':
      return { code: 'FUNCTION_EXITED', detail: `It ${outcome.reason} during the request.` };
    case 'out_of_memory':
      return { code: 'FUNCTION_OUT_OF_MEMORY', detail: 'Its process was ended; the next request gets a new one.' };
    case 'protocol':
      return { code: 'FUNCTION_PROTOCOL', detail: 'Its answer could not be read.' };
    case 'response_too_large':
      return { code: 'RESPONSE_TOO_LARGE', detail: 'The answer was dropped.' };
    case 'reader_too_slow':
      return { code: 'THROTTLED', detail: 'The answer was read too slowly, and other calls wait for its process.' };
    case 'timeout':
      return { code: 'FUNCTION_TIMEOUT', detail: `It had no answer after ${outcome.milliseconds} ms and was ended.` };
    case 'throttled':
      return { code: 'THROTTLED', detail: `${outcome.reason}.` };
    case 'init_failed':
      return { code: 'INIT_ERROR', detail: 'No instance of it could be started.' };
    case 'failing':
      return {
        code: 'INIT_FAILING',
        detail: 'No instance of it could be started, several times in a row.',
        retryAfter: outcome.retryAfter,
      };
    case 'no_capacity':
      return { code: 'NO_CAPACITY', detail: `${outcome.reason}.` };
    case 'not_isolated':
      return { code: 'ISOLATION_UNAVAILABLE', detail: `Isolation is missing: ${outcome.reason}. Fix: ${outcome.fix}` };
    case 'shutting_down':
      return { code: 'SHUTTING_DOWN', detail: 'It takes no new requests.' };
  }
}

export interface ProblemContext {
  readonly detail: string;
  readonly requestId: string;
  readonly headers?: readonly string[];
  readonly retryAfter?: number | undefined;
}

/** Problem details (RFC 9457) in the shape of the API's, with `requestId` and `details.by`. */
export function sendProblem(response: ServerResponse, code: ProblemCode, context: ProblemContext): void {
  if (response.headersSent || response.destroyed) return;
  const problem: Problem = PROBLEMS[code];
  const retryAfter = context.retryAfter ?? retryAfterOf(code);
  const body = Buffer.from(
    JSON.stringify({
      type: `about:blank#${code}`,
      title: problem.title,
      status: problem.status,
      code,
      detail: context.detail,
      fix: problem.fix,
      errors: [],
      next: [],
      requestId: context.requestId,
      details: { by: problem.by },
    }),
  );
  const headers = [
    ...['content-type', 'application/problem+json', 'content-length', String(body.length)],
    ...['cache-control', 'no-store', 'x-funade-request-id', context.requestId],
    ...(retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]),
    ...(context.headers ?? []),
  ];
  response.writeHead(problem.status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
