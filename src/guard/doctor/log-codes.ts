import type { GuardErrorCode } from '../errors.ts';
import type { DoctorTextKey } from './texts/index.ts';

/** How the codes of the guard's own log are explained. */
const EXPLAINED = {
  certificate_missing: 'explain.logNoCertificate',
  certificate_unreadable: 'explain.logUnreadable',
  certificate_garbage: 'explain.logGarbage',
  certificate_refused: 'explain.logGarbage',
  certificate_mismatch: 'explain.logMismatch',
  certificate_expired: 'explain.logExpired',
  certificate_not_yet_valid: 'explain.logExpired',
  unreachable: 'explain.logUnreachable',
  timeout: 'explain.logUnreachable',
  server_error: 'explain.logUnreachable',
  forbidden: 'explain.logForbidden',
  not_synced: 'explain.logNotSynced',
  ledger: 'explain.logLedger',
  connection_limit: 'explain.logConnections',
  tls_handshake: 'explain.logHandshake',
  address_unusable: 'explain.logAddress',
  path: 'explain.logCaller',
  method: 'explain.logCaller',
  media_type: 'explain.logCaller',
  encoding: 'explain.logCaller',
  bad_http: 'explain.logCaller',
  bad_json: 'explain.logCaller',
  malformed: 'explain.logCaller',
  version: 'explain.logCaller',
  too_deep: 'explain.logCaller',
  too_large: 'explain.tooLarge',
  too_slow: 'explain.logSlow',
  deadline: 'explain.logSlow',
  decider_failed: 'explain.logDefect',
  unexpected: 'explain.logDefect',
} as const satisfies Readonly<Record<GuardErrorCode, DoctorTextKey>>;

/** The code alone, or a line of the log with it: many of the codes are words of other messages too. */
export const logCodes: readonly { readonly key: DoctorTextKey; readonly pattern: RegExp }[] = Object.entries(
  EXPLAINED,
).map(([code, key]) => {
  const own = code.startsWith('certificate_') ? `|\\b${code}\\b` : '';
  return { key, pattern: new RegExp(`^\\s*${code}\\s*$|\\bcode"?\\s*[:=]\\s*"?${code}\\b${own}`, 'u') };
});
