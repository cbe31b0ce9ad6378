import type { Actor } from '../port.ts';

/** The same account: by id where both are known, since logins change hands. */
export function isActor(one: Actor, other: Actor): boolean {
  if (one.id !== null && other.id !== null) return one.id === other.id;
  return one.login.toLowerCase() === other.login.toLowerCase();
}
