import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { CommandRequest, OutputStream } from '../port.ts';
import { type Redactor, createRedactor } from './redact.ts';

export const DEFAULT_OUTPUT_CAP = 10 * 1024 * 1024;

/**
 * Reads both streams to their end, whatever is done with the text, so that the program never waits for a reader; but not on
 * after `outputLimit`.
 */
export interface OutputPump {
  attach(stream: Readable, name: OutputStream): void;
  /** Hands over a line of the sandbox's own. */
  remark(text: string): void;
  /** Hands over what is still kept back; resolves when every `onOutput` has settled, rejects when one failed. */
  finish(): Promise<void>;
  /** Whether an `onOutput` has not settled yet. */
  isWaiting(): boolean;
  counts(): { readonly outputBytes: number; readonly droppedBytes: number };
}

type Options = Pick<CommandRequest, 'onOutput' | 'outputCap' | 'outputLimit' | 'redact'> & {
  /** Called once, when `onOutput` fails. */
  readonly onFailure: (thrown: unknown) => void;
  /** Called once, when more than `outputLimit` was written. */
  readonly onFlood: () => void;
};

interface Channel {
  readonly name: OutputStream;
  readonly decoder: StringDecoder;
  readonly redactor: Redactor;
}

export function createOutputPump(options: Options): OutputPump {
  const { onOutput, outputCap, outputLimit = Number.POSITIVE_INFINITY, redact, onFailure } = options;
  const cap = outputCap ?? DEFAULT_OUTPUT_CAP;
  const channels: Channel[] = [];
  const streams: Readable[] = [];
  const deliveries = new Set<Promise<void>>();
  let outputBytes = 0;
  let kept = 0;
  let full = false;
  let flooded = false;
  let failure: { readonly thrown: unknown } | undefined;

  function attach(stream: Readable, name: OutputStream): void {
    const channel = { name, decoder: new StringDecoder('utf8'), redactor: createRedactor(redact ?? []) };
    channels.push(channel);
    streams.push(stream);
    stream.on('error', () => {}); // a pipe that breaks ends with 'close' as well
    stream.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > outputLimit) return flood();
      if (full) return;
      const wait = take(channel, chunk);
      if (wait === undefined) return;
      stream.pause();
      void wait.then(() => stream.resume());
    });
  }

  /** Nothing more is read: a program that goes on writing gets SIGPIPE. */
  function flood(): void {
    for (const stream of streams) stream.destroy();
    if (flooded) return;
    flooded = true;
    full = true;
    remark(`[more than ${describeSize(outputLimit)} of output, it was ended]`);
    options.onFlood();
  }

  function remark(text: string): void {
    void deliver(`\n${text}\n`, 'stderr');
  }

  function take(channel: Channel, chunk: Buffer): Promise<void> | undefined {
    const part = chunk.subarray(0, cap - kept);
    kept += part.length;
    const text = channel.redactor.push(channel.decoder.write(part));
    if (part.length === chunk.length) return deliver(text, channel.name);
    full = true; // what the redactors keep back is dropped too: it may be the first half of a secret
    return deliver(`${text}\n[output limit of ${describeSize(cap)} reached, the rest is dropped]\n`, channel.name);
  }

  function deliver(text: string, name: OutputStream): Promise<void> | undefined {
    if (text === '' || onOutput === undefined || failure !== undefined) return undefined;
    try {
      const returned: unknown = onOutput(text, name); // a function that returns anything passes as one that returns void
      if (!(returned instanceof Promise)) return undefined;
      const settled: Promise<void> = returned
        .then(() => {})
        .catch(fail)
        .finally(() => deliveries.delete(settled));
      deliveries.add(settled);
      return settled;
    } catch (thrown) {
      fail(thrown);
      return undefined;
    }
  }

  function fail(thrown: unknown): void {
    if (failure !== undefined) return;
    failure = { thrown };
    onFailure(thrown);
  }

  async function finish(): Promise<void> {
    if (!full) {
      for (const { decoder, redactor, name } of channels) {
        await deliver(redactor.push(decoder.end()) + redactor.end(), name);
      }
    }
    await Promise.all(deliveries);
    if (failure !== undefined) throw failure.thrown;
  }

  return {
    attach,
    remark,
    finish,
    isWaiting: () => deliveries.size > 0,
    counts: () => ({ outputBytes, droppedBytes: outputBytes - kept }),
  };
}

function describeSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
