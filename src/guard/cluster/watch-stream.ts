import type { JsonObject } from '../review/review.ts';
import { type Sent, textOf } from './exchange.ts';
import { createLineReader } from './lines.ts';
import { isObject, parseObject } from './status.ts';
import { ApiTrouble } from './trouble.ts';

/** One event of a watch: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`. */
export interface WatchLine {
  readonly type: string;
  readonly object: JsonObject;
}

/** An object has at most 1.5 MiB in etcd; as JSON it may be about twice that. */
const LINE_LIMIT = 4 * 1024 * 1024;

/**
 * The events of an open watch until the server closes it. Throws `silent` after `silenceMs` without a byte, and what else
 * breaks it off. Leaving the loop closes the connection.
 */
export async function* watchLines(
  sent: Sent,
  { silenceMs, asked }: { readonly silenceMs: number; readonly asked: string },
): AsyncGenerator<WatchLine> {
  const silent = setTimeout(() => {
    sent.stop(new ApiTrouble('silent', `${asked}: nothing for ${silenceMs} ms`));
  }, silenceMs);
  const read = createLineReader(LINE_LIMIT, asked);
  try {
    for await (const piece of sent.response as AsyncIterable<Buffer>) {
      silent.refresh();
      for (const line of read(piece)) yield parseLine(line, asked);
    }
  } catch (error) {
    throw error instanceof ApiTrouble ? error : sent.troubleOf(error);
  } finally {
    clearTimeout(silent);
    sent.end();
    sent.response.destroy();
  }
}

/** The text of a refused watch. */
export function refusalOf(sent: Sent, asked: string): Promise<string> {
  return textOf(sent, { limit: 64 * 1024, asked }).finally(() => sent.end());
}

function parseLine(line: string, asked: string): WatchLine {
  const value = parseObject(line);
  const type = value?.['type'];
  const object = value?.['object'];
  if (typeof type !== 'string' || !isObject(object))
    throw new ApiTrouble('malformed', `${asked}: a line that is no event`);
  return { type, object };
}
