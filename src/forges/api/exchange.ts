import { hideUserinfo } from '../../kernel/index.ts';
import type { ApiLimits } from './limits.ts';

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
}

/** What came of sending it once. `sent` is false where the forge certainly saw nothing of it. */
export type Exchanged =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Headers; readonly text: string }
  | { readonly kind: 'nothing'; readonly reason: string; readonly sent: boolean };

const REDIRECTS = new Set([301, 302, 307, 308]);
const MOST_REDIRECTS = 5;
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Sends a request once. Redirects are followed with the same method and body, as forges mean them for renamed repositories, but
 * only on the same origin: a token must not follow to another host.
 */
export async function exchange(
  request: WireRequest,
  limits: Pick<ApiLimits, 'timeoutMs' | 'maxBytes'>,
): Promise<Exchanged> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const { method, headers, body } = request;
  let { url } = request;
  try {
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
      if (!REDIRECTS.has(response.status)) return await readAnswer(response, limits.maxBytes);
      await response.body?.cancel();
      const next = locationOf(response, url);
      if (next === null) return { kind: 'nothing', reason: 'it redirects to another place', sent: true };
      url = next;
    }
    return { kind: 'nothing', reason: 'it redirects in a circle', sent: true };
  } catch (error) {
    return failed(error, limits.timeoutMs);
  }
}

function locationOf(response: Response, from: URL): URL | null {
  const location = response.headers.get('location');
  if (location === null || !URL.canParse(location, from.href)) return null;
  const next = new URL(location, from.href);
  return next.origin === from.origin ? next : null;
}

async function readAnswer(response: Response, maxBytes: number): Promise<Exchanged> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  for await (const chunk of stream) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (size > maxBytes) return { kind: 'nothing', reason: `its answer is longer than ${maxBytes} bytes`, sent: true };
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { kind: 'answer', status: response.status, headers: response.headers, text };
}

function failed(error: unknown, timeoutMs: number): Exchanged {
  if (!(error instanceof Error)) return { kind: 'nothing', reason: String(error), sent: true };
  if (error.name === 'TimeoutError') {
    return { kind: 'nothing', reason: `no answer within ${timeoutMs / 1000} s`, sent: true };
  }
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const reason = code === '' || cause.message.includes(code) ? cause.message : `${cause.message} (${code})`;
  // Node names the whole address when it refuses one.
  return { kind: 'nothing', reason: hideUserinfo(reason === '' ? code : reason), sent: !NOT_SENT.has(code) };
}
