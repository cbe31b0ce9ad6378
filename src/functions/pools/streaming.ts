import type { Outcome } from '../outcome.ts';
import { MAX_BODY } from '../runtimes/frames.ts';
import type { ResultMeta } from '../runtimes/messages.ts';
import type { StreamSink } from './call.ts';
import type { RuntimeProcess } from './runtime-process.ts';

/** Bytes of a streamed answer. */
export const MAX_STREAM = 20 * 1024 * 1024;

/** A streamed answer on its way to whoever asked. */
export interface Assembly {
  /** False when there is too much of it. */
  add(chunk: Buffer): boolean;
  finish(): Outcome;
}

export function createAssembly(
  sink: StreamSink | undefined,
  meta: ResultMeta,
  process: Pick<RuntimeProcess, 'pause' | 'resume'>,
): Assembly {
  if (sink === undefined) return collect(meta);
  sink.start(meta);
  let bytes = 0;
  return {
    add: (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_STREAM) return false;
      if (!sink.write(chunk)) {
        process.pause();
        sink.whenReady(process.resume);
      }
      return true;
    },
    finish: () => ({ kind: 'streamed', status: meta.status, bytes }),
  };
}

/** For callers that take an answer as a whole. */
function collect(meta: ResultMeta): Assembly {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY) return false;
      chunks.push(chunk);
      return true;
    },
    finish: () => {
      const { stream: _, ...plain } = meta;
      return { kind: 'result', meta: plain, body: Buffer.concat(chunks, bytes) };
    },
  };
}
