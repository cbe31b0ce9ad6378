import { type Logger, messageOf } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { type StageKey, appendLog } from './store.ts';

const FLUSH_MS = 150;
const FLUSH_BYTES = 64 * 1024;

/** Output of a stage on its way to the database: written in pieces, in order, whatever its size. */
export interface StageLog {
  write(text: string): Promise<void> | void;
  line(text: string): void;
  /** Resolves when everything is stored. */
  close(): Promise<void>;
}

export function createStageLog(db: Db, stage: StageKey, logger: Logger): StageLog {
  let buffer = '';
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const text = buffer;
    buffer = '';
    if (text === '') return writing;
    writing = writing
      .then(() => appendLog(db, stage, text))
      .catch((thrown: unknown) =>
        logger.warn({ ...stage, reason: messageOf(thrown) }, 'Failed to store output of a stage.'),
      );
    return writing;
  }
  function write(text: string): Promise<void> | void {
    buffer += text;
    if (buffer.length >= FLUSH_BYTES) return flush();
    timer ??= setTimeout(() => void flush(), FLUSH_MS);
  }
  return { write, line: (text) => void write(`${text}\n`), close: flush };
}
