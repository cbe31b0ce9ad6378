import type { IncomingMessage } from 'node:http';
import { MAX_BODY } from '../runtimes/frames.ts';

const NOTHING = Buffer.alloc(0);

/** The whole body, up to 6 MB. `aborted`: the caller left while sending it. */
export function readBody(request: IncomingMessage): Promise<Buffer | 'too_large' | 'aborted'> {
  if (request.destroyed && !request.readableEnded) return Promise.resolve('aborted'); // before anybody listened
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return Promise.resolve(NOTHING);
  if (Number(length) > MAX_BODY) return Promise.resolve('too_large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY) chunks.push(chunk);
      else resolve('too_large'); // the rest is read and dropped, so that the caller gets to read the answer
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks, size)));
    request.once('close', () => resolve('aborted')); // after `end` this changes nothing
    request.once('error', () => resolve('aborted'));
  });
}
