import { type Logger, messageOf, sleep } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { FunctionLogLine, FunctionLogs } from '../port.ts';
import { insertLines, listLines, pruneLines } from './store.ts';

export interface Logs extends FunctionLogs {
  append(line: FunctionLogLine): void;
  start(): void;
  /** Stores the last lines. */
  stop(): Promise<void>;
}

const STORE_EVERY = 250;
/** Lines that wait to be stored; a function that writes faster than the database takes loses the rest of that moment. */
const WAITING_AT_MOST = 5000;
const PRUNE_ROUNDS = 14_400;

/** Lines of functions: those of a week, stored a few times a second. */
export function createFunctionLogs(db: Db, logger: Logger): Logs {
  const stopping = new AbortController();
  let waiting: FunctionLogLine[] = [];
  let dropped = 0;
  let storing: Promise<void> = Promise.resolve();

  async function store(): Promise<void> {
    const lines = waiting;
    waiting = [];
    const last = lines.at(-1);
    if (last !== undefined && dropped > 0) {
      const text = `… ${dropped} line(s) were dropped: more was written than can be stored`;
      lines.push({ ...last, stream: 'platform', requestId: null, text });
      dropped = 0;
    }
    try {
      await insertLines(db, lines);
    } catch (thrown) {
      logger.warn({ lines: lines.length, reason: messageOf(thrown) }, 'Failed to store lines of functions.');
    }
  }

  async function loop(): Promise<void> {
    for (let round = 1; !stopping.signal.aborted; round += 1) {
      await sleep(STORE_EVERY, stopping.signal);
      await store();
      if (round % PRUNE_ROUNDS === 1) await pruneLines(db).catch(() => {}); // the next round tells of a database that is away
    }
    await store();
  }

  return {
    append: (line) => {
      if (waiting.length < WAITING_AT_MOST) waiting.push(line);
      else dropped += 1;
    },
    list: (query) => listLines(db, query),
    start: () => {
      storing = loop();
    },
    stop: async () => {
      stopping.abort();
      await storing;
    },
  };
}
