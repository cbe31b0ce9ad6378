import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const LINE_LIMIT = 8192;
/** Bytes of output that one invocation may leave in the logs. */
export const OUTPUT_LIMIT = 1024 * 1024;

export type OutputName = 'stdout' | 'stderr';

export interface OutputCapture {
  /** Output that came over another way, as a whole. */
  add(name: OutputName, text: Buffer): void;
  /** Starts the count anew, at the beginning of an invocation. */
  reset(): void;
}

/** One source of output. */
interface Source {
  take(chunk: Buffer): void;
  /** Hands over a line that has no end yet. */
  end(): void;
}

/**
 * Follows stdout and stderr of a worker line by line. Past the limit it goes on reading and drops what it reads: a process
 * that writes without end is neither blocked nor kept in memory.
 */
export function captureOutput(
  streams: { readonly stdout: Readable; readonly stderr: Readable },
  receive: (name: OutputName, line: string) => void,
): OutputCapture {
  let taken = 0;
  let cut = false;

  function sourceOf(name: OutputName): Source {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    return {
      take: (chunk) => {
        if (cut) {
          rest = '';
          return;
        }
        const part = chunk.subarray(0, OUTPUT_LIMIT - taken);
        taken += part.length;
        const lines = (rest + decoder.write(part)).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > LINE_LIMIT) {
          lines.push(rest);
          rest = '';
        }
        for (const line of lines) receive(name, line.slice(0, LINE_LIMIT));
        if (part.length === chunk.length) return;
        rest = '';
        cut = true;
        receive(name, `… cut: more than ${OUTPUT_LIMIT} bytes of output in one invocation`);
      },
      end: () => {
        if (rest !== '') receive(name, rest.slice(0, LINE_LIMIT));
        rest = '';
      },
    };
  }

  for (const name of ['stdout', 'stderr'] as const) {
    const { take, end } = sourceOf(name);
    streams[name].on('data', take);
    streams[name].on('end', end);
    streams[name].on('error', () => {}); // a broken pipe is the process's end, which is told elsewhere
  }
  return {
    add: (name, text) => {
      const { take, end } = sourceOf(name);
      take(text);
      end();
    },
    reset: () => {
      taken = 0;
      cut = false;
    },
  };
}
