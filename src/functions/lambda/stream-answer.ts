import { whenReady } from '../invoke/response.ts';
import type { ServerResponse } from 'node:http';
import type { Outcome } from '../outcome.ts';
import type { StreamSink } from '../pools/call.ts';
import { type InvokeFault, answerOf, describeFunctionFault, isFunctionCode, logResultOf } from './answers.ts';
import { encodeInvokeComplete, encodePayloadChunk } from './event-stream.ts';
import { outcomeOf } from './outcomes.ts';

/** An answer of `InvokeWithResponseStream`. */
export interface StreamAnswer {
  readonly sink: StreamSink;
  end(outcome: Exclude<Outcome, { kind: 'abandoned' }>, facts: StreamFacts): Promise<void>;
}

export interface StreamFacts {
  readonly version: string;
  readonly log: Buffer | null;
}

/**
 * What the function streams goes out as PayloadChunk events, then InvokeComplete. A result that was not streamed is one chunk. A
 * fault of the function ends the stream with its code; a fault of the call itself, before anything was sent, is a plain answer.
 */
export function createStreamAnswer(response: ServerResponse, requestId: string): StreamAnswer {
  function begin(version: string | null): void {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-requestid': requestId,
      ...(version === null ? {} : { 'x-amz-executed-version': version }),
    });
  }

  const sink: StreamSink = {
    start: () => {
      begin(null);
      response.flushHeaders();
    },
    write: (chunk) => response.destroyed || response.write(encodePayloadChunk(chunk)),
    whenReady: (resume) => whenReady(response, resume),
  };

  function complete(fault: InvokeFault | null, log: Buffer | null): void {
    const logResult = log === null ? {} : { logResult: logResultOf(log) };
    const error = fault === null ? {} : errorOf(fault, requestId);
    response.end(encodeInvokeComplete({ ...error, ...logResult }));
  }

  return {
    sink,
    end: async (outcome, { version, log }) => {
      if (response.destroyed) return;
      const told = outcomeOf(outcome);
      if (told.kind === 'fault' && !response.headersSent && !isFunctionCode(told.code)) {
        const answer = answerOf(told, { requestId, version, log: null });
        response.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      }
      begin(version);
      if (told.kind === 'result' && told.body.length > 0) response.write(encodePayloadChunk(told.body));
      complete(told.kind === 'fault' ? told : null, log);
    },
  };
}

function errorOf(fault: InvokeFault, requestId: string) {
  const { code, errorType } = fault;
  if (!isFunctionCode(code)) return { errorCode: errorType || code, errorDetails: fault.message };
  const described = describeFunctionFault({ ...fault, code }, requestId);
  return { errorCode: described.errorType, errorDetails: JSON.stringify(described) };
}
