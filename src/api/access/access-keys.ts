import { createHmac } from 'node:crypto';

const ID = /^tok_[0-9a-z]{16}$/;

/** Whether an access key id, which anybody may send, can be the id of a token. */
export function isAccessKeyId(text: string): boolean {
  return ID.test(text);
}

/** The secret access key of a token, for AWS Signature Version 4. Derived, since the verifier needs it and the database must not. */
export function secretAccessKeyOf(tokenId: string, seed: Buffer): string {
  return createHmac('sha256', seed).update(`funade aws4 ${tokenId}`).digest('base64url');
}
