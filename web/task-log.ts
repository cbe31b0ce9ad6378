import type { TaskLogView } from '../src/api/contract/index.ts';

/** The log as the page holds it: its end, when it is long. */
export interface ShownLog {
  readonly text: string;
  /** Position to read on from. */
  readonly next: number;
  readonly ended: boolean;
  /** Whether the beginning was left out. */
  readonly isCut: boolean;
}

export const NO_LOG: ShownLog = { text: '', next: 0, ended: false, isCut: false };

/** A browser stays quick with this many characters in one element. */
const LONGEST = 200_000;

/** The log with everything that came since. */
export async function readOn(known: ShownLog, read: (after: number) => Promise<TaskLogView>): Promise<ShownLog> {
  let log = known;
  for (;;) {
    const piece = await read(log.next);
    log = joined(log, piece);
    if (piece.text === '') return log;
  }
}

/** Cut at the beginning of a line. */
function joined(log: ShownLog, { text, next, ended }: TaskLogView): ShownLog {
  const whole = log.text + text;
  if (whole.length <= LONGEST) return { text: whole, next, ended, isCut: log.isCut };
  const end = whole.slice(-LONGEST);
  return { text: end.slice(end.indexOf('\n') + 1), next, ended, isCut: true };
}

// A sequence of a terminal (colours, cursor, titles), or a control character alone.
const SEQUENCES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[@-_])|(?![\t\n])\p{Cc}/gu;

/** As a page shows it: a progress bar that is drawn anew over and over becomes lines. */
export function readableLog(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll(SEQUENCES, '');
}
