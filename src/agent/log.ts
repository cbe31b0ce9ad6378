import { type Clock, FunadeError, type Logger, messageOf } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { appendTaskLog, logLength, readTaskLog } from './records/store.ts';
import { type Mask, createRedactingStream } from './redaction.ts';
import { readTask } from './store.ts';
import { hasTaskEnded } from './steering.ts';

const FLUSH_MS = 250;
const CHUNK = 64 * 1024;
/** Characters of all attempts of a task together. */
export const LONGEST_LOG = 2 * 1024 * 1024;
const FULL = '\n[funade] The log of this task is full; the rest is dropped.\n';
/** Pieces, of up to `CHUNK` characters each, that are read at once. */
const PIECES = 8;

/** What an agent says, on its way to the database: masked, in pieces, and never more than a task may say. */
export interface TaskLog {
  write(text: string): void;
  /** Resolves when everything so far is stored, or could not be. */
  flush(): Promise<void>;
  /** As `flush`, with a last line that has no end. */
  close(): Promise<void>;
}

export interface TaskLogOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly task: string;
  readonly mask: Mask;
  readonly longest?: number;
}

export function createTaskLog({ db, clock, logger, task, mask, longest = LONGEST_LOG }: TaskLogOptions): TaskLog {
  const stream = createRedactingStream(mask);
  let buffer = '';
  let left: number | null = null;
  let isFull = false;
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function write(text: string): void {
    // More than a task may say waits to be stored already: the rest is dropped, without any work for it.
    if (isFull || text === '' || buffer.length > longest) return;
    buffer += stream.push(text);
    timer ??= setTimeout(() => void flush(), FLUSH_MS);
    if (buffer.length < CHUNK || isDue) return;
    isDue = true;
    void flush();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(store);
    return writing;
  }

  async function store(): Promise<void> {
    isDue = false;
    const text = buffer;
    buffer = '';
    if (text === '' || isFull) return;
    try {
      left ??= longest - (await logLength(db, task));
      const kept = fitting(text, left);
      for (let at = 0; at < kept.length; at += CHUNK)
        await appendTaskLog(db, task, { text: kept.slice(at, at + CHUNK), now: clock.now() });
    } catch (thrown) {
      logger.warn({ task, reason: messageOf(thrown) }, 'Failed to store a part of the log of a task.');
    }
  }

  function fitting(text: string, room: number): string {
    left = room - text.length;
    if (left >= 0) return text;
    isFull = true;
    // Over its length before this attempt: then the line that says so is there already.
    return room <= 0 ? '' : text.slice(0, room) + FULL;
  }

  return {
    write,
    flush,
    close: () => {
      buffer += isFull ? '' : stream.end();
      return flush();
    },
  };
}

/** The log from a position on. `FUN_NOT_FOUND` */
export async function readLog(
  db: Db,
  id: string,
  after: number,
): Promise<{ readonly text: string; readonly next: number; readonly ended: boolean }> {
  const task = await readTask(db, id);
  if (task === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'task', id, list: 'funade tasks list' });
  const pieces = await readTaskLog(db, id, { after, limit: PIECES });
  return {
    text: pieces.map(({ text }) => text).join(''),
    next: pieces.at(-1)?.position ?? after,
    ended: hasTaskEnded(task.state) && pieces.length < PIECES,
  };
}
