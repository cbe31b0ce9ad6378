import { Writable } from 'node:stream';
import { PRELUDE, type Prelude, type PreludeTaker, type StreamingHandler } from './awslambda.ts';
import type { Outlet, Run } from './calls.ts';
import { encodeMeta, readHead } from './http-event.ts';

/** What `streamifyResponse` hands to a handler: everything written to it goes to the host as it comes. */
class ResponseStream extends Writable implements PreludeTaker {
  readonly #outlet: Outlet;
  #head: ReturnType<typeof readHead> = { status: 200, headers: {}, cookies: [] };
  #contentType: string | null = null;
  #hasStarted = false;
  #hasEnded = false;

  constructor(outlet: Outlet) {
    super({ decodeStrings: true });
    this.#outlet = outlet;
    this.on('error', () => {}); // the answer tells; without a listener it would end the process
  }

  setContentType(contentType: string): void {
    this.#contentType = String(contentType);
  }

  [PRELUDE](prelude: Prelude): void {
    if (this.#hasStarted) throw new Error('HttpResponseStream.from comes before the first write');
    this.#head = readHead({ statusCode: 200, ...prelude });
  }

  #start(): void {
    if (this.#hasStarted) return;
    const { status, headers, cookies } = this.#head;
    headers['content-type'] ??= this.#contentType ?? 'application/octet-stream';
    this.#outlet.start(encodeMeta({ status, headers, cookies, stream: true }));
    this.#hasStarted = true;
  }

  override _write(chunk: Buffer, _encoding: string, taken: (error?: Error | null) => void): void {
    try {
      this.#start();
    } catch (thrown) {
      return taken(thrown as Error);
    }
    this.#outlet.chunk(chunk, taken);
  }

  override _final(done: (error?: Error | null) => void): void {
    try {
      this.#start();
    } catch (thrown) {
      return done(thrown as Error);
    }
    this.#hasEnded = true;
    this.#outlet.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#hasEnded) this.#outlet.fail(error ?? new Error('the response stream was destroyed before its end'));
    done(error);
  }
}

/** A handler that returns without having ended its stream may have left that to a pipe: it gets its end when all is done. */
export function runStreaming(handler: StreamingHandler): Run {
  return function run(event, context, outlet) {
    const stream = new ResponseStream(outlet);
    Promise.resolve(handler(event, stream, context)).then(
      () => {
        if (!stream.writableEnded) outlet.whenIdle(() => stream.end());
      },
      (thrown: unknown) => {
        outlet.fail(thrown);
        stream.destroy();
      },
    );
  };
}
