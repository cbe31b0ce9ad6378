import { type Logger, messageOf } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { StageKey } from '../store.ts';
import { appendLog } from './store.ts';

const FLUSH_MS = 150;
const FLUSH_BYTES = 64 * 1024;
const RETRY_MS = 1000;
const RETRIES = 300;

/** Output of a stage on its way to the database: written in pieces, in order, whatever its size. */
export interface StageLog {
  write(text: string): Promise<void> | void;
  line(text: string): void;
  /** Resolves when everything so far is stored, or when the database refused it; then it is tried again later. */
  flush(): Promise<void>;
}

export function createStageLog(db: Db, stage: StageKey, logger: Logger): StageLog {
  const { run_id, index } = stage;
  let buffer = '';
  let timer: NodeJS.Timeout | undefined;
  let refusals = 0;
  let writing: Promise<void> = Promise.resolve();

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(drain);
    return writing;
  }

  async function drain(): Promise<void> {
    const text = buffer;
    buffer = '';
    if (text === '') return;
    try {
      await appendLog(db, { run_id, index }, text);
      refusals = 0;
    } catch (thrown) {
      refusals += 1;
      const reason = messageOf(thrown);
      if (refusals === 1) logger.warn({ run: run_id, stage: index, reason }, 'Failed to store output of a stage.');
      if (refusals > RETRIES) return;
      buffer = text + buffer;
      timer ??= setTimeout(() => void flush(), RETRY_MS).unref();
    }
  }

  function write(text: string): Promise<void> | void {
    buffer += text;
    if (buffer.length >= FLUSH_BYTES) return flush();
    timer ??= setTimeout(() => void flush(), FLUSH_MS);
  }

  return { write, line: (text) => void write(`${text}\n`), flush };
}
