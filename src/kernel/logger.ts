import { type DestinationStream, pino, stdTimeFunctions } from 'pino';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Structured log lines (JSON, one a line). Fields first, then the sentence. */
export interface Logger {
  readonly error: LogMethod;
  readonly warn: LogMethod;
  readonly info: LogMethod;
  readonly debug: LogMethod;
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

const SECRET_FIELDS = ['authorization', 'cookie', 'token', 'secret', 'password', 'signature'];

/** Logs JSON to `destination` (standard error by default); fields that carry secrets are masked. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const stream = destination ?? pino.destination({ fd: 2, sync: true });
  return pino(options, stream);
}

export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};
