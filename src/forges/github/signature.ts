import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret, Verification, WebhookRequest } from '../port.ts';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/**
 * Checks `X-Hub-Signature-256`: HMAC-SHA-256 over the raw body. The older `X-Hub-Signature` (SHA-1) is never looked at, so
 * a request that carries only that one is refused. Every secret is tried, whichever matches, but for an empty one: with that anyone
 * can sign.
 */
export function verifySignature(request: WebhookRequest, secrets: readonly Secret[]): Verification {
  const usable = secrets.filter((secret) => secret.value !== '');
  if (usable.length === 0) return { ok: false, reason: 'no_secret' };
  const header = request.headers['x-hub-signature-256'];
  if (header === undefined || header === '') return { ok: false, reason: 'signature_missing' };
  const digits = SIGNATURE.exec(header)?.[1];
  if (digits === undefined) return { ok: false, reason: 'signature_malformed' };
  const claimed = Buffer.from(digits, 'hex');
  let label: string | undefined;
  for (const secret of usable) {
    const actual = createHmac('sha256', secret.value).update(request.body).digest();
    if (timingSafeEqual(actual, claimed)) label ??= secret.label;
  }
  return label === undefined ? { ok: false, reason: 'signature_mismatch' } : { ok: true, label };
}
