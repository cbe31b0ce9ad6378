import type { Actor } from '../port.ts';
import { LIMITS, type Payload, asId, asList, asObject, asText } from '../payloads/fields.ts';

/** What GitHub shows in place of people whose account is gone. */
const GHOST: Actor = { login: 'ghost', id: null, isBot: false };

export function readActor(value: unknown): Actor | undefined {
  const user = asObject(value);
  const login = asText(user?.['login']);
  if (user === undefined || login === undefined || login === '') return undefined;
  return { login, id: asId(user['id']), isBot: user['type'] === 'Bot' };
}

export function readAuthor(value: unknown): Actor {
  return readActor(value) ?? GHOST;
}

export function readActors(value: unknown): readonly Actor[] {
  return asList(value)
    .slice(0, LIMITS.people)
    .map(readActor)
    .filter((actor) => actor !== undefined);
}

/** Who moved a ref, for people to read. */
export function loginOf(payload: Payload): string {
  return readActor(payload['sender'])?.login ?? asText(asObject(payload['pusher'])?.['name']) ?? 'unknown';
}
