import { type Agent as HttpAgent, type IncomingMessage, type ServerResponse, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Transform, pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { ModelConfig } from '../../config/index.ts';
import { createMask, createRedactor } from '../../sandbox/index.ts';
import { REDIRECTED, TOO_LARGE, refuse, unreachable } from './answers.ts';
import { headersBack, headersOut } from './headers.ts';
import { type Session, troubleOf } from './session.ts';
import { type AnswerUsage, costOf, createUsageReader } from './usage.ts';

const LARGEST_REQUEST = 32 * 1024 * 1024;
/** Without a byte: models think for long before the first one. */
const SILENCE = 600_000;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly model: ModelConfig;
  readonly base: URL;
  readonly agent: HttpAgent;
  /** Path and query, below the base. */
  readonly path: string;
  readonly session: Session;
  readonly now: () => number;
  /** The provider was not reached, or could not be understood. */
  failed(cause: string): void;
}

/** Sends a request on with our key, and the answer back as it comes; when one side goes, so does the other. */
export function forward(exchange: Exchange): void {
  const { request, response, base, path, session, agent } = exchange;
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_REQUEST) return refuse(request, response, TOO_LARGE);
  let refused = false;
  const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = send({
    ...{ hostname: base.hostname.replace(/^\[|\]$/g, ''), port: base.port === '' ? undefined : base.port, path, agent },
    ...{ method: request.method, headers: headersOut(request, exchange.model, base), signal: session.signal },
  });
  outgoing.setTimeout(SILENCE, () => outgoing.destroy(new Error('it was silent for too long')));
  outgoing.on('response', (incoming) => answer(exchange, incoming, () => bytes));
  outgoing.on('error', (fault: NodeJS.ErrnoException) => {
    request.unpipe();
    if (session.signal.aborted) return void response.destroy();
    if (!refused && !response.destroyed) tellUnreached(exchange, fault);
  });
  response.once('close', () => outgoing.destroy());
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= LARGEST_REQUEST || refused) return;
    refused = true;
    request.unpipe();
    outgoing.destroy();
    refuse(request, response, TOO_LARGE);
  });
  request.pipe(outgoing); // not `pipeline`: it would take the client's connection down with a provider that is not there
}

function tellUnreached(exchange: Exchange, fault: NodeJS.ErrnoException): void {
  const { request, response, session } = exchange;
  // The text of a system's error may tell addresses.
  const cause = fault.code ?? fault.message;
  session.trouble = { reason: 'model_unreachable', detail: `the model endpoint was not reached: ${cause}`, at: null };
  exchange.failed(cause);
  refuse(request, response, unreachable(cause));
}

function answer(exchange: Exchange, incoming: IncomingMessage, asked: () => number): void {
  const { request, response, session, model } = exchange;
  const status = incoming.statusCode ?? 502;
  session.trouble = troubleOf(status, incoming.headers, exchange.now());
  if (status >= 300 && status < 400) {
    incoming.destroy();
    session.trouble = { reason: 'model_not_found', detail: `the model endpoint redirects (${status})`, at: null };
    return refuse(request, response, REDIRECTED);
  }
  const decoding = decoders(incoming.headers['content-encoding']);
  if (decoding === null) {
    incoming.destroy();
    return tellUnreached(exchange, new Error('its answer is in a coding that is not known here'));
  }
  const secrets = model.key === null ? [] : [model.key];
  response.sendDate = false;
  try {
    response.writeHead(status, headersBack(incoming, createMask(secrets)));
  } catch {
    incoming.destroy();
    return tellUnreached(exchange, new Error('its answer is no HTTP'));
  }
  const isStep = request.method === 'POST' && status < 300 && !/count_tokens|:countTokens/.test(exchange.path);
  const reader = createUsageReader(incoming.headers['content-type'] ?? '');
  let answered = 0;
  const meter = passing(secrets, (text) => {
    answered += text.length;
    reader?.push(text);
  });
  const isStream = incoming.headers['content-type']?.startsWith('text/event-stream') === true;
  response.once('close', () => {
    if (isStep) session.use.onUsage?.(used(model, reader?.end() ?? estimate(asked(), answered, isStream)));
  });
  response.flushHeaders();
  // An error destroys all of them, so that a client sees that the answer is not complete.
  const stages = [incoming, ...decoding, meter, response] as const;
  pipeline(stages, () => {});
}

/** Masks the key and shows the text to `read`. Bytes are taken for characters one by one, which keeps whatever they are. */
function passing(secrets: readonly string[], read: (text: string) => void): Transform {
  const redactor = createRedactor(secrets);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = redactor.push(chunk.toString('latin1'));
      read(text);
      done(null, Buffer.from(text, 'latin1'));
    },
    flush(done) {
      const text = redactor.end();
      read(text);
      done(null, Buffer.from(text, 'latin1'));
    },
  });
}

/** For providers that compress although nobody asked; null where what comes could not be masked. */
function decoders(encoding: string | undefined): readonly Transform[] | null {
  switch (encoding?.toLowerCase()) {
    case 'gzip':
      return [createGunzip()];
    case 'br':
      return [createBrotliDecompress()];
    case 'deflate':
      return [createInflate()];
    case undefined:
    case '':
    case 'identity':
      return [];
    default:
      return null;
  }
}

/** Bytes of one token: of text, and of an event that brings one. */
const BYTES_OF_TEXT = 4;
const BYTES_OF_EVENT = 150;

/** Of an answer that does not tell its tokens, as streams do whose client did not ask: a budget must not depend on the agent's good will. */
function estimate(asked: number, answered: number, isStream: boolean): AnswerUsage {
  return {
    inputTokens: Math.ceil(asked / BYTES_OF_TEXT),
    outputTokens: Math.ceil(answered / (isStream ? BYTES_OF_EVENT : BYTES_OF_TEXT)),
  };
}

function used({ price }: ModelConfig, usage: AnswerUsage) {
  const money = costOf(usage, price);
  return { steps: 1, ...usage, ...(money === null ? {} : { money }) };
}
