import { type EventView, eventView } from '../api/contract/index.ts';
import { sleep } from '../kernel/index.ts';
import { type Client, ProblemError } from './client.ts';
import { EXIT } from './exit-codes.ts';

export interface FollowEventsOptions {
  readonly client: Client;
  readonly signal: AbortSignal;
  /** null for an event of a shape that this version does not know: still a reason to look again. */
  readonly onEvent: (event: EventView | null) => void;
  /** Called when the stream is (re-)connected: whatever was read before may be old. */
  readonly onOpen: () => void;
  /** Milliseconds before the first reconnection; doubles up to 5 s. */
  readonly retry?: number;
}

/**
 * Follows the server's events until `signal` ends it, through restarts of the server: it reconnects with the position
 * of the last event, so nothing is missed. Rejects only when the server refuses (for example a revoked token).
 */
export async function followEvents({
  client,
  signal,
  onEvent,
  onOpen,
  retry = 250,
}: FollowEventsOptions): Promise<void> {
  let last: string | undefined;
  let pause = retry;
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const stream = await client.stream('/api/v1/events', { headers, signal });
      onOpen();
      pause = retry;
      for await (const message of messagesOf(stream)) {
        if (message.id !== undefined) last = message.id;
        if (message.data !== '') onEvent(parseEvent(message.data));
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (isRefusal(thrown)) throw thrown;
    }
    await sleep(pause, signal);
    pause = Math.min(pause * 2, 5000);
  }
}

/** No token helps by trying again; a broken connection or a restart passes. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof ProblemError && thrown.exitCode === EXIT.notAllowed;
}

function parseEvent(data: string): EventView | null {
  try {
    return eventView.parse(JSON.parse(data));
  } catch {
    return null;
  }
}

export interface ServerSentMessage {
  readonly id: string | undefined;
  readonly data: string;
}

/** Splits a `text/event-stream` into messages, whatever the line ends and wherever the pieces are cut. */
export async function* messagesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentMessage> {
  let rest = '';
  let id: string | undefined;
  let data: string[] = [];
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    // A lone CR at the very end may be the first half of CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/u);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 || id !== undefined) yield { id, data: data.join('\n') };
        id = undefined;
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /u, '');
      if (field === 'id') id = value;
      if (field === 'data') data.push(value);
    }
  }
}
