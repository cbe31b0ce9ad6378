/** What kind of trouble something is: decides whether it is tried again, and who has to act. */
export const ERROR_CLASSES = [
  'certificate',
  'network',
  'kubernetes_api',
  'configuration',
  'validation',
  'internal',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** Waits of `firstMs`, doubled each time, at most `mostMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** `null`: trying again can't help, somebody has to change something. */
export const RETRY_RULES: Readonly<Record<ErrorClass, Backoff | null>> = {
  /** The pair before is served meanwhile. A change of the directory is looked at before the wait is over. */
  certificate: { firstMs: 100, mostMs: 30_000 },
  network: { firstMs: 100, mostMs: 15_000 },
  kubernetes_api: { firstMs: 250, mostMs: 30_000 },
  configuration: null,
  /** The caller sent something wrong; the same again stays wrong. */
  validation: null,
  /** A defect of the guard: the request is answered as uncertain, and the caller may try again. */
  internal: null,
};

const CLASS_OF = {
  certificate_missing: 'certificate',
  certificate_unreadable: 'certificate',
  certificate_garbage: 'certificate',
  certificate_mismatch: 'certificate',
  certificate_expired: 'certificate',
  certificate_not_yet_valid: 'certificate',
  certificate_refused: 'certificate',

  unreachable: 'network',
  timeout: 'network',
  ledger: 'network',
  connection_limit: 'network',
  tls_handshake: 'network',

  forbidden: 'kubernetes_api',
  server_error: 'kubernetes_api',
  not_synced: 'kubernetes_api',

  address_unusable: 'configuration',

  path: 'validation',
  method: 'validation',
  media_type: 'validation',
  encoding: 'validation',
  too_large: 'validation',
  too_slow: 'validation',
  too_deep: 'validation',
  bad_http: 'validation',
  bad_json: 'validation',
  malformed: 'validation',
  version: 'validation',

  deadline: 'internal',
  decider_failed: 'internal',
  unexpected: 'internal',
} as const satisfies Readonly<Record<string, ErrorClass>>;

/** Codes of errors in logs and in `webhook_validation_errors_total`; a denial is none. */
export type GuardErrorCode = keyof typeof CLASS_OF;
export const GUARD_ERROR_CODES = Object.keys(CLASS_OF) as readonly GuardErrorCode[];

export function isGuardErrorCode(code: string): code is GuardErrorCode {
  return Object.hasOwn(CLASS_OF, code);
}

export function classOf(code: GuardErrorCode): ErrorClass {
  return CLASS_OF[code];
}

/** Fields of a log line about trouble. */
export function troubleFields(code: GuardErrorCode): { readonly class: ErrorClass; readonly code: GuardErrorCode } {
  return { class: CLASS_OF[code], code };
}

/**
 * Milliseconds until the next try after `attempt` failed ones (1 is the first), or `null` when there is none. Between half
 * and all of the wait of the rule, so that replicas do not come back at the same moment.
 */
export function retryDelay(of: ErrorClass, attempt: number, random: () => number = Math.random): number | null {
  const rule = RETRY_RULES[of];
  if (rule === null) return null;
  const wait = Math.min(rule.mostMs, rule.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(wait / 2 + (random() * wait) / 2);
}
