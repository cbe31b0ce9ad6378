import { createHash } from 'node:crypto';

const FORM = /^[\x21-\x7e]{1,128}$/;
/** Of replays, of what polling found, of stored deliveries, and of those without an id of their own. */
const OURS = /^(?:replay:|poll:|dlv_|sha256:)/i;

export function isDeliveryId(id: string): boolean {
  return FORM.test(id);
}

/**
 * The id as it was sent. Senders may write what they like (GitHub does not even sign it), so one that looks like an id that Funade
 * gives becomes a hash of it and the body: the delivery is taken, and can't pass for another one.
 */
export function sentId(id: string, body: Uint8Array): string {
  return OURS.test(id) ? hashedId(`${id}\n`, body) : id;
}

/** Stands in for an id that was not sent. `salt` tells apart what has one body. */
export function hashedId(salt: string, body: Uint8Array): string {
  return `sha256:${createHash('sha256').update(salt).update(body).digest('hex')}`;
}
