import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export const KEY_BYTES = 32;
const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a value belongs; it can't be read anywhere else. */
export interface Whereabouts {
  readonly app: string;
  /** Empty: all environments. */
  readonly environment: string;
  readonly name: string;
  readonly version: number;
}

export interface SecretCipher {
  seal(value: string, where: Whereabouts): Buffer;
  /** The value; `null` when it was sealed with another key, for another place, or changed since. */
  open(sealed: Buffer, where: Whereabouts): string | null;
  /** Tells keys apart without telling the key. */
  readonly keyCheck: Buffer;
}

/** AES-256-GCM with a random nonce. What is stored: one byte for the form, nonce, tag, ciphertext. */
export function createSecretCipher(key: Buffer): SecretCipher {
  if (key.length !== KEY_BYTES) throw new Error(`A key for secrets has ${KEY_BYTES} bytes, not ${key.length}`);
  const sealingKey = Buffer.from(hkdfSync('sha256', key, '', 'funade secrets aes-256-gcm', KEY_BYTES));
  return {
    seal: (value, where) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(placeOf(where));
      const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(FORM), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open: (sealed, where) => {
      const begin = 1 + NONCE_BYTES + TAG_BYTES;
      if (sealed[0] !== FORM || sealed.length < begin) return null;
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(placeOf(where));
      decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, begin));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(begin)), decipher.final()]).toString('utf8');
      } catch {
        return null; // the tag does not fit
      }
    },
    keyCheck: createHmac('sha256', key).update('funade secrets key check').digest(),
  };
}

export function isSameCheck(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** No two places have the same text, whatever characters their names have. */
function placeOf({ app, environment, name, version }: Whereabouts): Buffer {
  return Buffer.from(JSON.stringify([app, environment, name, version]));
}
