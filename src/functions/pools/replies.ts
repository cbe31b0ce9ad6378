import type { Outcome } from '../outcome.ts';
import { FAULT_REASONS, type FaultMeta, type InvokeMeta, type ResultMeta } from '../runtimes/messages.ts';

const PLAIN: ResultMeta = { status: 200, headers: {}, cookies: [] };

/** Meta of a RESULT, checked: it comes from code that nobody has read. Throws when it is none. */
export function readResult(meta: unknown, kind: InvokeMeta['kind']): ResultMeta {
  const result = meta as Partial<ResultMeta> | null;
  const isStream = result?.stream === true;
  if (kind === 'payload') {
    const headers = isStream && isTexts(result.headers) ? result.headers : {};
    return isStream ? { ...PLAIN, headers, stream: true } : PLAIN;
  }
  if (typeof result?.status !== 'number' || !isTexts(result.headers)) throw new Error('RESULT frame without an answer');
  if (!Array.isArray(result.cookies) || !result.cookies.every((cookie) => typeof cookie === 'string')) {
    throw new Error('RESULT frame without an answer');
  }
  return result as ResultMeta;
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return false;
  for (const each of Object.values(value)) if (typeof each !== 'string') return false;
  return true;
}

/** Meta of an ERROR or INIT_ERROR. Throws when it is none. */
export function readFault(meta: unknown): FaultMeta {
  const fault = meta as Partial<FaultMeta> | null;
  const isFault = typeof fault?.errorType === 'string' && typeof fault.message === 'string';
  if (!isFault || !Array.isArray(fault.trace)) throw new Error('ERROR frame without an error');
  const { errorType = '', message = '', place } = fault;
  const reason = FAULT_REASONS.find((known) => known === fault.reason);
  const isPlace = typeof place?.line === 'number' && typeof place.column === 'number';
  return {
    errorType,
    message,
    trace: fault.trace.map(String),
    ...(reason === undefined ? {} : { reason }),
    ...(isPlace ? { place: { line: place.line, column: place.column } } : {}),
  };
}

export function describeFault({ errorType, message, trace, place }: FaultMeta): string {
  const at = place === undefined ? '' : ` (line ${place.line}, column ${place.column})`;
  return [`${errorType}: ${message}${at}`, ...trace].join('\n');
}

export function outcomeOfFault({ errorType, message, trace, reason }: FaultMeta): Outcome {
  switch (reason) {
    case 'invalid_event':
      return { kind: 'invalid_event', message };
    case 'bad_response':
      return { kind: 'bad_response', message };
    case 'response_too_large':
      return { kind: 'response_too_large' };
    case 'unserialisable':
    case undefined:
      return { kind: 'threw', errorType, message, trace };
  }
}
