import { LIMITS, asId, asList, asObject, asText } from '../payloads/fields.ts';
import type { Actor } from '../port.ts';

/** Accounts that GitLab makes for access tokens of projects and groups, and for service accounts that nobody named. */
const MACHINE = /^(?:(?:project|group)_\d+_bot(?:\d*|_[0-9a-f]+)|service_account_[a-z0-9_]+)$/;

/** The id is missing from people in lists of some versions. */
export function readActor(value: unknown): Actor | undefined {
  const user = asObject(value);
  const login = asText(user?.['username']);
  if (user === undefined || login === undefined || login === '') return undefined;
  return { login, id: asId(user['id']), isBot: MACHINE.test(login) };
}

export function readActors(value: unknown): readonly Actor[] {
  return asList(value)
    .slice(0, LIMITS.people)
    .map(readActor)
    .filter((actor) => actor !== undefined);
}

/** Payloads name the author by id only; the login is known when one of the people beside it has that id. */
export function authorOf(authorId: unknown, people: readonly Actor[]): Actor {
  const id = asId(authorId);
  const known = people.find((person) => id !== null && person.id === id);
  return known ?? { login: 'unknown', id, isBot: false };
}
