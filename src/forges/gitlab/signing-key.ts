const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const SHORTEST = 16;

/**
 * Bytes of a key of Standard Webhooks: `whsec_` and base64. Undefined for anything else: node reads what is not base64 as an empty key,
 * with which anyone can sign.
 */
export function readSigningKey(value: string): Buffer | undefined {
  const text = value.startsWith('whsec_') ? value.slice('whsec_'.length) : value;
  if (!BASE64.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length < SHORTEST ? undefined : key;
}

/** Why a text can't be a signing key; undefined when it can. */
export function signingKeyFault(value: string): string | undefined {
  if (!value.startsWith('whsec_')) return 'it does not begin with whsec_';
  return readSigningKey(value) === undefined ? `it is not whsec_ and at least ${SHORTEST} bytes in base64` : undefined;
}
