export { type Clock, type ManualClock, createManualClock, sleep, systemClock } from './clock.ts';
export { formatDuration, parseDuration } from './durations.ts';
export { type Blame, type CatalogueEntry, catalogue } from './errors.catalogue.ts';
export {
  type ErrorCode,
  type ErrorOptions,
  type Fault,
  FunadeError,
  type NextCommand,
  describeError,
  isFunadeError,
  messageOf,
} from './errors.ts';
export {
  LANGUAGES,
  type Language,
  type MessageValues,
  type Messages,
  type Translate,
  createTranslator,
  fill,
  languageOf,
} from './i18n.ts';
export { newId } from './ids.ts';
export { type LogLevel, type Logger, createLogger, silentLogger } from './logger.ts';
export { type Result, assertNever, err, ok } from './result.ts';
export { hideUserinfo } from './userinfo.ts';
