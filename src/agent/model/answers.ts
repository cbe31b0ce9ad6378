import type { IncomingMessage, ServerResponse } from 'node:http';

const PATIENCE = 10_000;

/** What the proxy itself says to a client, in place of the provider. */
export interface Refusal {
  readonly status: number;
  /** A word for programs. */
  readonly type: string;
  readonly message: string;
}

export const NOT_KNOWN: Refusal = {
  status: 401,
  type: 'authentication_error',
  message: 'no task with this token is running',
};
export const WRONG_METHOD: Refusal = {
  status: 405,
  type: 'invalid_request_error',
  message: 'only GET and POST are passed on',
};
export const TOO_LARGE: Refusal = {
  status: 413,
  type: 'request_too_large',
  message: 'a request may have no more than 32 MB',
};
export const USED_UP: Refusal = {
  status: 429,
  type: 'budget_used_up',
  message: "the task's budget is used up: finish without the model",
};
export const REDIRECTED: Refusal = {
  status: 502,
  type: 'api_error',
  message: 'the model endpoint redirects, which is not followed: its configured address is not the right one',
};
export const CROWDED: Refusal = {
  status: 503,
  type: 'overloaded_error',
  message: 'too many requests of this task at once',
};

export function refusedPath(reason: string): Refusal {
  return { status: 400, type: 'invalid_request_error', message: reason };
}

export function unreachable(cause: string): Refusal {
  return { status: 502, type: 'api_error', message: `the model endpoint was not reached: ${cause}` };
}

/** A body that clients of OpenAI and of Anthropic both read. Trying a used-up budget again is of no use, which they are told. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, type, message } = refusal;
  const text = JSON.stringify({ type: 'error', error: { type, code: type, message, param: null } });
  const again = status === 429 ? ({ 'x-should-retry': 'false' } as const) : {};
  response.writeHead(status, { 'content-type': 'application/json', ...again });
  response.end(text);
  // Read on for a while: a client that is cut off while it writes does not get to the answer.
  request.resume();
  const patience = setTimeout(() => request.destroy(), PATIENCE).unref();
  request.once('close', () => clearTimeout(patience));
  request.once('end', () => clearTimeout(patience));
  if (request.complete) clearTimeout(patience);
}
