import { type Failed, problemOf, retryAfterOf } from '../invoke/problems.ts';
import type { Outcome } from '../outcome.ts';
import { type InvokeFault, type InvokeFaultCode, type InvokeOutcome, timedOutMessage } from './answers.ts';

/** How a call ended, in the terms of the Invoke API. Callers of functions see what the code threw: it is theirs. */
export function outcomeOf(outcome: Exclude<Outcome, { kind: 'abandoned' }>): InvokeOutcome {
  if (outcome.kind === 'result') return { kind: 'result', body: outcome.body };
  if (outcome.kind === 'streamed') return { kind: 'result', body: Buffer.alloc(0) };
  return faultOf(outcome);
}

export function faultOf(outcome: Failed): InvokeFault {
  const { code, detail, retryAfter = retryAfterOf(code) } = problemOf(outcome);
  const plain = {
    ...({ kind: 'fault', errorType: '', trace: [] } as const),
    ...{ code: code as InvokeFaultCode, message: detail },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  switch (outcome.kind) {
    case 'threw':
      return { ...plain, errorType: outcome.errorType, message: outcome.message, trace: outcome.trace };
    case 'init_failed': {
      if (outcome.fault === null) return { ...plain, message: outcome.reason };
      const { errorType, message, trace } = outcome.fault;
      return { ...plain, errorType, message, trace };
    }
    case 'timeout':
      return { ...plain, message: timedOutMessage(outcome.milliseconds) };
    case 'exited':
      return { ...plain, message: `Runtime ${outcome.reason}` };
    case 'invalid_event':
      return { ...plain, message: `Could not parse request body into json: ${outcome.message}` };
    default:
      return plain;
  }
}
