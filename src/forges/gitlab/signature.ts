import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret, Verification, WebhookRequest } from '../port.ts';
import { readSigningKey } from './signing-key.ts';

/** Seconds that a signature may be older or newer than the clock. */
const TOLERANCE = 300;
const ID = /^[\x21-\x7e]{1,255}$/;
const SECONDS = /^\d{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;

/**
 * Signature (Standard Webhooks) or token. A hook sends either or both, and one that we have a signing key for could have its token
 * stolen: so a signature that is there decides alone, and the token only stands in when there is none.
 */
export function verify(request: WebhookRequest, secrets: readonly Secret[]): Verification {
  const usable = secrets.filter((secret) => secret.value !== '');
  const keys = usable.filter((secret) => secret.kind === 'signing');
  const tokens = usable.filter((secret) => secret.kind !== 'signing');
  if (usable.length === 0) return { ok: false, reason: 'no_secret' };
  const signature = request.headers['webhook-signature'];
  if (signature !== undefined && keys.length > 0) return verifySignature(request, signature, keys);
  return tokens.length === 0 ? { ok: false, reason: 'signature_missing' } : verifyToken(request, tokens);
}

/** HMAC-SHA-256 over `{id}.{timestamp}.{body}`; the header lists one signature for each key that is valid at the sender. */
function verifySignature(request: WebhookRequest, header: string, secrets: readonly Secret[]): Verification {
  const { 'webhook-id': id = '', 'webhook-timestamp': seconds = '' } = request.headers;
  const claims = header.split(' ').flatMap((each) => SIGNATURE.exec(each)?.[1] ?? []);
  if (!ID.test(id) || !SECONDS.test(seconds) || claims.length === 0)
    return { ok: false, reason: 'signature_malformed' };
  if (Math.abs(Math.floor(request.now / 1000) - Number(seconds)) > TOLERANCE) {
    return { ok: false, reason: 'signature_outdated' };
  }
  let label: string | undefined;
  for (const secret of secrets) {
    const key = readSigningKey(secret.value);
    if (key === undefined) continue;
    const actual = createHmac('sha256', key).update(`${id}.${seconds}.`).update(request.body).digest('base64');
    for (const claim of claims) if (isSame(actual, claim)) label ??= secret.label;
  }
  return label === undefined ? { ok: false, reason: 'signature_mismatch' } : { ok: true, label };
}

/** Tokens are compared by their hashes, so that neither length nor content shows in the time that it takes. */
function verifyToken(request: WebhookRequest, secrets: readonly Secret[]): Verification {
  const token = request.headers['x-gitlab-token'];
  if (token === undefined || token === '') return { ok: false, reason: 'signature_missing' };
  const claims = bytesOf(token).map(sha256);
  let label: string | undefined;
  for (const secret of secrets) {
    const actual = sha256(Buffer.from(secret.value));
    for (const claim of claims) if (timingSafeEqual(actual, claim)) label ??= secret.label;
  }
  return label === undefined ? { ok: false, reason: 'signature_mismatch' } : { ok: true, label };
}

/** GitLab sends UTF-8, which node's HTTP server shows as one character per byte. */
function bytesOf(header: string): readonly Buffer[] {
  const text = Buffer.from(header);
  return /^[\u0000-\u00ff]*$/.test(header) && text.length > header.length
    ? [text, Buffer.from(header, 'latin1')]
    : [text];
}

function isSame(actual: string, claim: string): boolean {
  return actual.length === claim.length && timingSafeEqual(Buffer.from(actual), Buffer.from(claim));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
