import type { Outcome } from '../outcome.ts';
import { MAX_BODY } from '../runtimes/frames.ts';
import type { ResultMeta } from '../runtimes/messages.ts';
import type { StreamSink } from './call.ts';
import type { RuntimeProcess } from './runtime-process.ts';

/** Bytes of a streamed answer. */
export const MAX_STREAM = 20 * 1024 * 1024;
/**
 * Bytes that a reader may be behind where the process works on other calls too, which all share its channel: as many as a plain
 * answer takes while it is on its way.
 */
export const MOST_BEHIND = MAX_BODY;

/** A streamed answer on its way to whoever asked. */
export interface Assembly {
  add(chunk: Buffer): 'taken' | 'too_large' | 'too_slow';
  finish(): Outcome;
}

export interface AssemblyOptions {
  readonly sink: StreamSink | undefined;
  readonly meta: ResultMeta;
  readonly process: Pick<RuntimeProcess, 'pause' | 'resume'>;
  /** Whether the process works on nothing else: only then it may be held back. */
  readonly isAlone: () => boolean;
}

export function createAssembly({ sink, meta, process, isAlone }: AssemblyOptions): Assembly {
  if (sink === undefined) return collect(meta);
  sink.start(meta);
  let bytes = 0;
  let isBehind = false;
  let behind = 0;

  function catchUp(): void {
    isBehind = false;
    behind = 0;
    process.resume();
  }

  return {
    add: (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_STREAM) return 'too_large';
      if (isBehind) behind += chunk.length;
      if (behind > MOST_BEHIND && !isAlone()) return 'too_slow';
      const isKeepingUp = sink.write(chunk);
      if (!isKeepingUp && !isBehind) {
        isBehind = true;
        sink.whenReady(catchUp);
      }
      if (isBehind && isAlone()) process.pause();
      return 'taken';
    },
    finish: () => ({ kind: 'streamed', status: meta.status, bytes }),
  };
}

/** The rest of an answer that nobody waits for: counted, and dropped. */
export function dropRest(): Assembly {
  let bytes = 0;
  return {
    add: (chunk) => {
      bytes += chunk.length;
      return bytes > MAX_STREAM ? 'too_large' : 'taken';
    },
    finish: () => ({ kind: 'abandoned' }),
  };
}

/** For callers that take an answer as a whole. */
function collect(meta: ResultMeta): Assembly {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY) return 'too_large';
      chunks.push(chunk);
      return 'taken';
    },
    finish: () => {
      const { stream: _, ...plain } = meta;
      return { kind: 'result', meta: plain, body: Buffer.concat(chunks, bytes) };
    },
  };
}
