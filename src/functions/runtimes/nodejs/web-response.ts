import type { Outlet } from './calls.ts';
import { MAX_BODY } from '../frames.ts';
import { encodeMeta, isTextBody, readHead } from './http-event.ts';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Answers with a web-standard `Response`. A body of one piece goes out whole, any other as it comes. */
export async function answerResponse(response: Response, outlet: Outlet): Promise<void> {
  if (!outlet.isHttp) return answerPayload(response, outlet);
  const head = headOf(response);
  const reader = response.body?.getReader() as Reader | undefined;
  const first = await reader?.read();
  if (reader === undefined || first === undefined || first.done) return outlet.answer(encodeMeta(head), '');
  const second = reader.read();
  second.catch(() => {}); // it is awaited below, perhaps after it failed
  if (first.value.length <= MAX_BODY && (await isOver(second))) return outlet.answer(encodeMeta(head), first.value);
  outlet.start(encodeMeta({ ...head, stream: true }));
  await send(outlet, first.value);
  for (let next = await second; !next.done; next = await reader.read()) await send(outlet, next.value);
  outlet.end();
}

function headOf(response: Response): ReturnType<typeof readHead> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  return readHead({ statusCode: response.status, headers, cookies: response.headers.getSetCookie() });
}

/** Whether the body ends without waiting for anything: a stream that takes its time must not hold back its first piece. */
async function isOver(second: Promise<{ readonly done: boolean }>): Promise<boolean> {
  const later = new Promise<false>((resolve) => setImmediate(resolve, false));
  return await Promise.race([second.then((read) => read.done), later]);
}

function send(outlet: Outlet, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    outlet.chunk(bytes, resolve);
  });
}

/** A payload call gets what a handler for API Gateway would have returned. */
async function answerPayload(response: Response, outlet: Outlet): Promise<void> {
  const { status, headers, cookies } = headOf(response);
  const bytes = Buffer.from(await response.arrayBuffer());
  const isText = isTextBody(headers['content-type'], bytes);
  const body = bytes.toString(isText ? 'utf8' : 'base64');
  outlet.answer('{}', JSON.stringify({ statusCode: status, headers, cookies, body, isBase64Encoded: !isText }));
}
