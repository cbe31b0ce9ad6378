import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import { type Logger, type LogLevel, createLogger } from '../../kernel/index.ts';

/** Bytes that wait until they are written, and at most how long. Each write wakes a thread, which costs more than the bytes. */
const WRITE_AT = 48 * 1024;
const MOST_AT_ONCE = 64 * 1024;
const WRITE_WITHIN_MS = 500;
/** When nobody reads the log, lines beyond this are dropped: a guard that waits for its log, or grows with it, is worse. */
const MOST_WAITING = 8 * 1024 * 1024;

/** Where decisions are told; a `Logger` is one, at a higher price. */
export type DecisionSink = Pick<Logger, 'info' | 'warn'>;

export interface GuardLog {
  readonly logger: Logger;
  readonly decisions: DecisionSink;
  /** Writes what waits, at once. For the end of the process, also the unwanted one. */
  flush(): void;
}

/**
 * The log of a guard: JSON lines that are gathered, so that an answer never waits for a write. Lines of decisions have fixed
 * fields without secrets and are not searched for them, which costs ten times as much as writing them.
 */
export function openGuardLog(level: LogLevel, file: number | string = 2): GuardLog {
  const destination = pino.destination({
    dest: file,
    sync: false,
    minLength: WRITE_AT,
    maxWrite: MOST_AT_ONCE,
    maxLength: MOST_WAITING,
    periodicFlush: WRITE_WITHIN_MS,
  });
  return {
    logger: createLogger(level, destination),
    decisions: createDecisionSink(level, destination),
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // not open yet, or the reader is gone: there is nowhere left to tell it
      }
    },
  };
}

export function createDecisionSink(level: LogLevel, destination: DestinationStream): DecisionSink {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    },
    destination,
  );
}
