import type { Clock, Logger } from '../../kernel/index.ts';
import { troubleFields } from '../errors.ts';

/** One line tells it; an API server that does not trust us tries again with every request. */
const AGAIN_AFTER_MS = 60_000;
/** What callers say when they do not accept the certificate: Go `bad certificate`, OpenSSL `unknown ca`. */
const REJECTED = /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED)$/;

/** Tells, at most once a minute, that callers do not trust the certificate: to them the guard is down. */
export function createDistrustTeller(logger: Logger, clock: Clock): (error: NodeJS.ErrnoException) => void {
  let quietUntil = 0;
  return ({ code = 'unknown' }) => {
    if (!REJECTED.test(code))
      return void logger.debug({ ...troubleFields('tls_handshake'), reason: code }, 'A TLS handshake failed.');
    if (clock.now() < quietUntil) return;
    quietUntil = clock.now() + AGAIN_AFTER_MS;
    logger.warn(
      { ...troubleFields('tls_handshake'), reason: code },
      'A caller does not accept the certificate: its caBundle belongs to another one, or the name is not in it.',
    );
  };
}
