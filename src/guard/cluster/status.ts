import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../review/review.ts';
import { type Asked, wordsOf } from './asked.ts';
import { ApiTrouble, type ApiTroubleReason } from './trouble.ts';

interface Refused {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** The trouble that an answer other than 2xx means. The text of the server is not repeated: only its `reason` of kind Status. */
export function troubleOf({ status, headers, text }: Refused, asked: Asked): ApiTrouble {
  const reason = reasonOf(status);
  const body = parseObject(text);
  const told = body?.['kind'] === 'Status' && typeof body['reason'] === 'string' ? ` ${body['reason']}` : '';
  const lacks = status === 403 ? 'no permission to ' : '';
  return new ApiTrouble(reason, `${lacks}${wordsOf(asked)}: status ${status}${told.slice(0, 60)}`, {
    status,
    retryAfterMs: retryAfterOf(headers['retry-after']),
  });
}

export function reasonOf(status: number): ApiTroubleReason {
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 410) return 'gone';
  if (status === 408 || status === 429 || status >= 500) return 'server_error';
  return 'refused';
}

/** `null` for what is no JSON object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Longer than that nobody waits; a timer of more than 2³¹ ms would fire at once. */
const LONGEST_RETRY_MS = 3600_000;

/** The API server sends seconds. */
function retryAfterOf(header: string | undefined): number | null {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0
    ? Math.min(seconds * 1000, LONGEST_RETRY_MS)
    : null;
}
