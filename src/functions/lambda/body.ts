import type { IncomingMessage } from 'node:http';
import { readBody } from '../invoke/request-body.ts';

/** There is no body to work with. `aborted`: the caller left, so nobody is to be told. */
export class BodyFault extends Error {
  readonly reason: 'too_large' | 'aborted';

  constructor(reason: 'too_large' | 'aborted') {
    super(`the body is ${reason}`);
    this.reason = reason;
  }
}

/** The body of a request, read when it is first asked for. Throws `BodyFault`. */
export function bodyOf(request: IncomingMessage): () => Promise<Buffer> {
  let reading: Promise<Buffer> | undefined;

  async function read(): Promise<Buffer> {
    // Of a caller who left before it was asked for, nothing will be heard any more.
    const body = request.destroyed && !request.complete ? 'aborted' : await readBody(request);
    if (typeof body === 'string') throw new BodyFault(body);
    return body;
  }

  return () => (reading ??= read());
}
