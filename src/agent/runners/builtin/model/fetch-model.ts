import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';

const LARGEST_ANSWER = 32 * 1024 * 1024;
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * The `fetch` of the model's client. The global one gives up when headers do not come within five minutes, which a large model on
 * a small machine needs, and follows redirects with the key in a header of the provider's own.
 */
export async function fetchModel(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const response = await exchange(url, init);
  const body = await bodyOf(response);
  const status = response.statusCode ?? 500;
  return new Response(WITHOUT_BODY.has(status) ? null : new Uint8Array(body), { status, headers: headersOf(response) });
}

function exchange(url: URL, init: RequestInit): Promise<IncomingMessage> {
  const body = typeof init.body === 'string' ? Buffer.from(init.body) : Buffer.alloc(0);
  const headers = { ...Object.fromEntries(new Headers(init.headers)), 'content-length': String(body.length) };
  const send = url.protocol === 'https:' ? requestSecure : requestPlain;
  const signal = init.signal ?? undefined;
  return new Promise((resolve, reject) => {
    const options = { method: init.method ?? 'GET', headers, ...(signal === undefined ? {} : { signal }) };
    const request = send(url, options, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error(`the answer is larger than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headersOf(response: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
