import { type KeyObject, createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { type Result, err, messageOf, ok } from '../../kernel/index.ts';
import type { ReadFile } from './file.ts';

export const KEY_BYTES = 32;
export const FEWEST_RSA_BITS = 2048; // RFC 7518, 3.3

/** A key of 32 bytes as hexadecimal digits, whatever it was given as; `undefined` when it is none. */
export function hexKeyOf(text: string): string | undefined {
  const isHex = /^(?:[0-9a-f]{2})+$/i.test(text);
  if (!isHex && !/^[\w+/-]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, isHex ? 'hex' : 'base64');
  return key.length === KEY_BYTES ? key.toString('hex') : undefined;
}

export type NoKey = { readonly kind: 'wrong' } | { readonly kind: 'unreadable'; readonly reason: string };

/** The PEM of an RSA public key that is given itself (also on one line, with `\n`) or by the path of its file. */
export function publicKeyPemOf(text: string, readFile: ReadFile): Result<string, NoKey> {
  const read = pemOf(text, readFile);
  if (!read.ok) return read;
  // The private half has no business here, although the public one could be had from it.
  const key = read.value.includes('PRIVATE KEY') ? undefined : keyOf(createPublicKey, read.value);
  if (key === undefined || !isStrongRsa(key)) return err({ kind: 'wrong' });
  return ok(key.export({ type: 'spki', format: 'pem' }).toString());
}

/** The PEM of an RSA private key, given as a public one is. */
export function privateKeyPemOf(text: string, readFile: ReadFile): Result<string, NoKey> {
  const read = pemOf(text, readFile);
  if (!read.ok) return read;
  const key = keyOf(createPrivateKey, read.value);
  if (key === undefined || !isStrongRsa(key)) return err({ kind: 'wrong' });
  return ok(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function pemOf(text: string, readFile: ReadFile): Result<string, NoKey> {
  return text.includes('-----BEGIN') ? ok(text.replaceAll(String.raw`\n`, '\n')) : pemOfFile(text, readFile);
}

function pemOfFile(path: string, readFile: ReadFile): Result<string, NoKey> {
  try {
    const text = readFile(path);
    return text === undefined ? err({ kind: 'unreadable', reason: 'ENOENT' }) : ok(text);
  } catch (thrown) {
    return err({ kind: 'unreadable', reason: messageOf(thrown) });
  }
}

function keyOf(create: (pem: string) => KeyObject, pem: string): KeyObject | undefined {
  try {
    return create(pem);
  } catch {
    return undefined;
  }
}

function isStrongRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= FEWEST_RSA_BITS;
}

/** Tells public keys apart: `openssl pkey -pubin -outform der | sha256sum` prints the same. */
export function fingerprintOf(pem: string): string {
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}
