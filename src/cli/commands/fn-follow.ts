import { type FunctionLogView, functionLogView } from '../../api/contract/index.ts';
import { FunadeError, formatDuration, messageOf, sleep } from '../../kernel/index.ts';
import { ProblemError, type Query } from '../client.ts';
import type { Context } from '../context.ts';
import { messagesOf } from '../events.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

export interface FollowedLines {
  readonly path: string;
  readonly query: Query;
  readonly print: (line: FunctionLogView) => void;
  /** The command that follows them again. */
  readonly command: string;
}

/** Milliseconds before the first reconnection; doubles up to 5 s. */
const RETRY = 250;
const LONGEST_RETRY = 5000;
/** As long as any other watch waits for a server that restarts. */
const OUTAGE = 60_000;

/**
 * Prints lines until Ctrl-C, through restarts of the server: it reconnects with the position of the last line, so none is
 * missed or told twice.
 */
export async function followLines(context: Context, followed: FollowedLines): Promise<ExitCode> {
  const stop = new AbortController();
  let interrupted = false;
  const stopListening = context.terminal.onInterrupt(() => {
    interrupted = true;
    stop.abort();
  });
  const { timeout } = context.flags;
  const timer = timeout === null ? undefined : setTimeout(() => stop.abort(), timeout);
  try {
    await readUntil(context, followed, stop.signal);
  } finally {
    clearTimeout(timer);
    stopListening();
  }
  if (interrupted || timeout === null) return EXIT.interrupted;
  const { command } = followed;
  const values = { subject: command, timeout: formatDuration(timeout), command };
  throw new FunadeError('FUN_WAIT_TIMEOUT', values, { next: [{ command }] });
}

async function readUntil(context: Context, { path, query, print }: FollowedLines, signal: AbortSignal): Promise<void> {
  const { clock } = context.terminal;
  const client = await context.client();
  let last: string | undefined;
  let lostSince: number | undefined;
  let pause = RETRY;
  while (!signal.aborted) {
    let outage: unknown = new FunadeError('FUN_SERVER_UNREACHABLE', { server: client.server, reason: 'closed' });
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const stream = await client.stream(path, { query, headers, signal });
      lostSince = undefined;
      for await (const message of messagesOf(stream)) {
        pause = RETRY;
        last = message.id ?? last;
        const line = lineOf(message.data);
        if (line !== null) print(line);
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (isRefusal(thrown)) throw thrown;
      outage =
        thrown instanceof FunadeError || thrown instanceof ProblemError ? thrown : unreachable(client.server, thrown);
    }
    if (lostSince === undefined) context.note(context.text('told.connectionLost'));
    lostSince ??= clock.now();
    if (clock.now() - lostSince > OUTAGE) throw outage;
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_RETRY);
  }
}

/** The server answers and does not want to; a broken connection or a restart passes. */
function isRefusal(thrown: unknown): boolean {
  if (thrown instanceof ProblemError) return thrown.exitCode !== EXIT.unreachable;
  return thrown instanceof FunadeError && thrown.exitCode !== EXIT.unreachable;
}

function unreachable(server: string, cause: unknown): FunadeError {
  return new FunadeError('FUN_SERVER_UNREACHABLE', { server, reason: messageOf(cause) }, { cause });
}

/** null for what is no line: a later version of the server may send more than lines. */
function lineOf(data: string): FunctionLogView | null {
  try {
    return functionLogView.parse(JSON.parse(data));
  } catch {
    return null;
  }
}
