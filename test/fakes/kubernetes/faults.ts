import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** Which calls go wrong; what is not given matches all. */
export interface FaultMatch {
  /** As RBAC has it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb?: string;
  readonly resource?: string;
  readonly namespace?: string;
  /** Only lists that go on with a token. */
  readonly continued?: boolean;
  /** So many times, then it is over by itself. */
  readonly times?: number;
}

export type FaultHow =
  /** No answer, ever. */
  | 'hang'
  /** The connection is closed without an answer. */
  | 'drop'
  | { readonly status: number; readonly retryAfterSeconds?: number; readonly reason?: string }
  /** Answers, later. */
  | { readonly slowMs: number }
  /** 200 with a body that is what it is. */
  | { readonly text: string };

export interface Call {
  readonly verb: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly resource: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly at: number;
}

export interface Faults {
  add(match: FaultMatch, how: FaultHow): () => void;
  clear(): void;
  /** Whether the call was answered (or will never be) by a fault. */
  meet(call: Call, response: ServerResponse): Promise<boolean>;
}

export function createFaults(): Faults {
  const faults = new Set<{ readonly match: FaultMatch; readonly how: FaultHow; left: number }>();

  return {
    add: (match, how) => {
      const fault = { match, how, left: match.times ?? Number.POSITIVE_INFINITY };
      faults.add(fault);
      return () => faults.delete(fault);
    },
    clear: () => faults.clear(),
    async meet(call, response) {
      const fault = [...faults].find(({ match }) => isMet(match, call));
      if (fault === undefined) return false;
      fault.left -= 1;
      if (fault.left <= 0) faults.delete(fault);
      return carryOut(fault.how, response);
    },
  };
}

function isMet({ verb, resource, namespace, continued }: FaultMatch, call: Call): boolean {
  if (verb !== undefined && verb !== call.verb) return false;
  if (resource !== undefined && resource !== call.resource) return false;
  if (namespace !== undefined && namespace !== call.namespace) return false;
  return continued !== true || call.query.has('continue');
}

async function carryOut(how: FaultHow, response: ServerResponse): Promise<boolean> {
  if (how === 'hang') return true;
  if (how === 'drop') {
    response.socket?.destroy();
    return true;
  }
  if ('slowMs' in how) {
    await wait(how.slowMs);
    return false;
  }
  if ('text' in how) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(how.text);
    return true;
  }
  sendStatus(response, how.status, {
    reason: how.reason ?? REASONS[how.status] ?? 'InternalError',
    message: 'a fault on demand',
    ...(how.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: how.retryAfterSeconds }),
  });
  return true;
}

export const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

export function statusOf(code: number, reason: string, message: string) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  told: { readonly reason: string; readonly message: string; readonly retryAfterSeconds?: number },
): void {
  if (told.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(told.retryAfterSeconds));
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(statusOf(code, told.reason, told.message)));
}
