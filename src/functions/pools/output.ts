import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const LINE_LIMIT = 8192;
/** Bytes of output that one invocation may leave in the logs. */
export const OUTPUT_LIMIT = 1024 * 1024;

export interface OutputCapture {
  /** Starts the count anew, at the beginning of an invocation. */
  reset(): void;
}

/**
 * Follows stdout and stderr of a worker line by line. Past the limit it goes on reading and drops what it reads: a process
 * that writes without end is neither blocked nor kept in memory.
 */
export function captureOutput(
  streams: { readonly stdout: Readable; readonly stderr: Readable },
  receive: (stream: 'stdout' | 'stderr', line: string) => void,
): OutputCapture {
  let taken = 0;
  let cut = false;
  function follow(name: 'stdout' | 'stderr'): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    streams[name].on('data', (chunk: Buffer) => {
      if (taken >= OUTPUT_LIMIT) {
        if (!cut) receive(name, `… cut: more than ${OUTPUT_LIMIT} bytes of output in one invocation`);
        cut = true;
        rest = '';
        return;
      }
      taken += chunk.length;
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_LIMIT) {
        lines.push(rest);
        rest = '';
      }
      for (const line of lines) receive(name, line.slice(0, LINE_LIMIT));
    });
    streams[name].on('end', () => {
      if (rest !== '') receive(name, rest.slice(0, LINE_LIMIT));
    });
    streams[name].on('error', () => {}); // a broken pipe is the process's end, which is told elsewhere
  }
  follow('stdout');
  follow('stderr');
  return {
    reset: () => {
      taken = 0;
      cut = false;
    },
  };
}
