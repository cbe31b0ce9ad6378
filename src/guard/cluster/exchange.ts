import { type Agent, type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { ApiTrouble } from './trouble.ts';

export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  /** Milliseconds until the headers, and for `exchange` until the end of the body. */
  readonly timeoutMs: number;
  /** For messages: what is asked, without hosts. */
  readonly asked: string;
}

/** A response whose headers are there. Whoever reads it ends it. */
export interface Sent {
  readonly response: IncomingMessage;
  /** The time limit no longer counts; the signal still does. */
  untimed(): void;
  /** Neither time limit nor signal count any more. */
  end(): void;
  /** Breaks it off; its readers see this trouble. */
  stop(trouble: ApiTrouble): void;
  /** The trouble behind an error of the stream. */
  troubleOf(thrown: unknown): ApiTrouble;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Sends and waits for the headers. Throws `ApiTrouble`: `timeout` (also when `signal` ends it) or `unreachable`. */
export function send(outgoing: Outgoing): Promise<Sent> {
  const { url, method, headers, body, agent, signal, timeoutMs, asked } = outgoing;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(outOfTime(asked));
    let cause: ApiTrouble | null = null;
    const make = url.protocol === 'https:' ? requestSecure : requestPlain;
    const request: ClientRequest = make(url, { method, headers, agent });
    const stop = (trouble: ApiTrouble) => {
      cause ??= trouble;
      request.destroy();
    };
    const aborted = () => stop(outOfTime(asked));
    const timer = setTimeout(
      () => stop(new ApiTrouble('timeout', `${asked}: no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    const untimed = () => clearTimeout(timer);
    const end = () => {
      untimed();
      signal.removeEventListener('abort', aborted);
    };
    const troubleOf = (thrown: unknown) => cause ?? unreachable(asked, thrown);
    signal.addEventListener('abort', aborted, { once: true });
    request.on('error', (error) => {
      end();
      reject(troubleOf(error));
    });
    request.on('response', (response) => resolve({ response, untimed, end, stop, troubleOf }));
    request.end(body);
  });
}

/** The whole answer; more than `limit` bytes are `too_large` and are not read further. */
export async function exchange(outgoing: Outgoing, limit: number): Promise<Answer> {
  const sent = await send(outgoing);
  const { response } = sent;
  try {
    const text = await textOf(sent, { limit, asked: outgoing.asked });
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  } finally {
    sent.end();
  }
}

/** Gives the body piece by piece. What breaks it off is thrown as `ApiTrouble`. */
export async function eachPiece(sent: Sent, take: (piece: Buffer) => void): Promise<void> {
  try {
    for await (const piece of sent.response as AsyncIterable<Buffer>) take(piece);
  } catch (error) {
    throw error instanceof ApiTrouble ? error : sent.troubleOf(error);
  }
}

export async function textOf(
  sent: Sent,
  { limit, asked }: { readonly limit: number; readonly asked: string },
): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  await eachPiece(sent, (piece) => {
    size += piece.length;
    // Leaving the loop closes the connection.
    if (size > limit) throw new ApiTrouble('too_large', `${asked}: more than ${limit} bytes`);
    pieces.push(piece);
  });
  return Buffer.concat(pieces).toString();
}

function outOfTime(asked: string): ApiTrouble {
  return new ApiTrouble('timeout', `${asked}: no time was left`);
}

/** System codes only: the messages of node name hosts. */
function unreachable(asked: string, thrown: unknown): ApiTrouble {
  const code = (thrown as { code?: unknown } | null)?.code;
  return new ApiTrouble('unreachable', `${asked}: ${typeof code === 'string' ? code : 'the connection broke'}`);
}
