import { readText } from '../foreign-text.ts';
import type { Outcome } from '../outcome.ts';
import { FAULT_REASONS, type FaultMeta, type InvokeMeta, type ResultMeta } from '../runtimes/messages.ts';

const PLAIN: ResultMeta = { status: 200, headers: {}, cookies: [] };
/** What the README of the wire promises of a fault. */
const MAX_TYPE = 200;
const MAX_MESSAGE = 4096;
const MAX_TRACE = 12;
const MAX_TRACE_LINE = 500;

/**
 * Meta of a RESULT, checked: it comes from code that nobody has read, and which may have written the frame itself. Throws when
 * it is none, or one that no runtime sends. Names and values that a handler may have chosen are checked where they are written.
 */
export function readResult(meta: unknown, kind: InvokeMeta['kind']): ResultMeta {
  const result = meta as Partial<ResultMeta> | null;
  const stream = result?.stream === true ? { stream: true } : {};
  if (kind === 'payload') {
    const headers = result?.stream === true && isHeaders(result.headers) ? result.headers : {};
    return { ...PLAIN, headers, ...stream };
  }
  if (!isStatus(result?.status)) throw new Error('RESULT frame without a status of 200 to 599');
  if (!isHeaders(result?.headers)) throw new Error('RESULT frame without headers in lower case');
  if (!isTexts(result?.cookies)) throw new Error('RESULT frame without cookies');
  return { status: result.status, headers: result.headers, cookies: result.cookies, ...stream };
}

/** Others are no final answers: 101 and the like change what the connection means. */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
}

/** Every runtime writes names in lower case, so that each is there once and can be told from the platform's own. */
function isHeaders(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, text]) => !/[A-Z]/.test(name) && typeof text === 'string');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Meta of an ERROR or INIT_ERROR, cut and cleaned: from here it goes to logs, tables and screens. Throws when it is none. */
export function readFault(meta: unknown): FaultMeta {
  const fault = meta as Partial<FaultMeta> | null;
  const isFault = typeof fault?.errorType === 'string' && typeof fault.message === 'string';
  if (!isFault || !isTexts(fault.trace)) throw new Error('ERROR frame without an error');
  const { errorType = '', message = '', place, trace } = fault;
  const reason = FAULT_REASONS.find((known) => known === fault.reason);
  return {
    errorType: readText(errorType, MAX_TYPE),
    message: readText(message, MAX_MESSAGE),
    trace: trace.slice(0, MAX_TRACE).map((line) => readText(line, MAX_TRACE_LINE)),
    ...(reason === undefined ? {} : { reason }),
    ...(isPlace(place) ? { place: { line: place.line, column: place.column } } : {}),
  };
}

function isPlace(place: FaultMeta['place'] | null): place is NonNullable<FaultMeta['place']> {
  return Number.isSafeInteger(place?.line) && Number.isSafeInteger(place?.column);
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
