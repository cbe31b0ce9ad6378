import type { FaultMeta, FaultReason } from '../messages.ts';

const MAX_TYPE = 200;
const MAX_MESSAGE = 4096;
const MAX_LINES = 12;
const MAX_LINE = 500;
/** Frames of the runtime: its folder, as a URL or a path, and what Node.js runs around modules, promises and reads. */
const FOLDER = new URL('../', import.meta.url);
const OWN = [
  FOLDER.href,
  FOLDER.pathname,
  'node:internal/modules/',
  'node:internal/process/task_queues',
  'node:internal/stream_base_commons',
];

const REASON = Symbol('reason');
const PLACE = Symbol('place');
interface Marked extends Error {
  [REASON]?: FaultReason;
  [PLACE]?: FaultMeta['place'];
}

/** An error of the runtime in place of one of the handler; it has no trace that would mean anything to its author. */
export function fault(errorType: string, message: string, reason?: FaultReason, place?: FaultMeta['place']): Error {
  const error: Marked = new Error(message);
  error.name = errorType;
  error.stack = `${errorType}: ${message}`;
  if (reason !== undefined) error[REASON] = reason;
  if (place !== undefined) error[PLACE] = place;
  return error;
}

/** Anything thrown, cut to what fits a frame. Never throws, whatever the getters of the thrown do. */
export function describeFault(thrown: unknown): FaultMeta {
  try {
    if (!isError(thrown)) return { errorType: 'Error', message: String(thrown).slice(0, MAX_MESSAGE), trace: [] };
    return {
      errorType: typeOf(thrown).slice(0, MAX_TYPE),
      message: String(thrown.message).slice(0, MAX_MESSAGE),
      trace: traceOf(thrown),
      ...(thrown[REASON] === undefined ? {} : { reason: thrown[REASON] }),
      ...(thrown[PLACE] === undefined ? {} : { place: thrown[PLACE] }),
    };
  } catch {
    return { errorType: 'Error', message: 'what was thrown has no text', trace: [] };
  }
}

/** For the log: the stack, or what there is instead. */
export function textOf(thrown: unknown): string {
  try {
    return isError(thrown) && typeof thrown.stack === 'string' ? thrown.stack : String(thrown);
  } catch {
    return 'what was thrown has no text';
  }
}

/** Errors of other realms, such as those of `node:vm`, are no instances of this one's. */
function isError(thrown: unknown): thrown is Marked {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
}

function typeOf(error: Error): string {
  if (typeof error.name === 'string' && error.name !== '') return error.name;
  const named = error.constructor as { readonly name?: unknown } | undefined;
  return typeof named?.name === 'string' && named.name !== '' ? named.name : 'Error';
}

function traceOf(error: Error): readonly string[] {
  return String(error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at ') && !OWN.some((part) => line.includes(part)))
    .slice(0, MAX_LINES)
    .map((line) => line.trim().slice(0, MAX_LINE));
}
