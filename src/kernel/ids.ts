import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

const LENGTH = 7;
/** Asking the system for a few bytes costs as much as for many. Each is used once. */
const POOL = LENGTH * 512;
let pool = Buffer.alloc(0);

function freshBytes(): Uint8Array {
  if (pool.length < LENGTH) pool = randomBytes(POOL);
  const bytes = pool.subarray(0, LENGTH);
  pool = pool.subarray(LENGTH);
  return bytes;
}

/**
 * A sortable identifier: prefix, 9 characters of time (milliseconds, base 32), 7 random characters.
 * Ids of one prefix sort by creation; 35 random bits keep ids of the same millisecond apart.
 */
export function newId(prefix: string, now: number = Date.now(), random: Uint8Array = freshBytes()): string {
  let time = '';
  let rest = now;
  for (let index = 0; index < 9; index += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  for (let index = 0; index < LENGTH; index += 1) tail += ALPHABET[(random[index] ?? 0) % 32];
  return `${prefix}_${time}${tail}`;
}
