import { createHash, randomBytes } from 'node:crypto';

const TOKEN = /^fun_[A-Za-z0-9_-]{43}$/;

/** A token as its owner sees it, once: `fun_` and 32 random bytes. */
export function newToken(): string {
  return `fun_${randomBytes(32).toString('base64url')}`;
}

export function newSessionSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function isTokenShaped(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * What is stored and looked up. The secrets have 256 random bits, so a plain hash can't be reversed, and finding a row by
 * its hash leaks no timing about the secret.
 */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
