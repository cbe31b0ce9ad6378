import { stripVTControlCharacters } from 'node:util';
import type { Context } from './context.ts';

// Colours of a build tool are welcome on a terminal; anything that moves the cursor or renames the window is not.
const COLOUR = /(\u001B\[[0-9;]*m)/u;

/** Prints a streamed log line by line. A last line without an end is printed with one. */
export async function printStream(stream: ReadableStream<Uint8Array>, context: Context): Promise<void> {
  const printer = createLinePrinter(context);
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) printer.write(piece);
  printer.end();
}

export interface LinePrinter {
  write(piece: string): void;
  /** Prints what is left: a last line without an end. */
  end(): void;
}

/** Prints whole lines of text that comes in pieces. */
export function createLinePrinter(context: Context): LinePrinter {
  const { color } = context.screen();
  let rest = '';
  return {
    write: (piece) => {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      context.print(lines.map((line) => safeLine(line, color)));
    },
    end: () => {
      if (rest !== '') context.print([safeLine(rest, color)]);
      rest = '';
    },
  };
}

function safeLine(line: string, color: boolean): string {
  const parts = line.replace(/\r$/u, '').split(COLOUR);
  return parts
    .map((part) => {
      if (COLOUR.test(part)) return color ? part : '';
      return stripVTControlCharacters(part).replaceAll(/(?!\t)\p{Cc}/gu, '');
    })
    .join('');
}
