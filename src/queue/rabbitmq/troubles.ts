import { FunadeError } from '../../kernel/index.ts';

/** Where the broker is and who uses it; for messages, never with the password. */
export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly vhost: string;
}

/** What a failure of the broker means to a person. `queue`: the one that was being declared. */
export function troubleOf(thrown: unknown, place: BrokerPlace, queue?: string): FunadeError {
  if (thrown instanceof FunadeError) return thrown;
  const { user, vhost } = place;
  const address = `${place.host}:${place.port}`;
  const reason = reasonOf(thrown);
  const code = codeOf(thrown);
  const options = { cause: thrown };
  if (code === 'PRECONDITION_FAILED' && queue !== undefined)
    return new FunadeError('FUN_BROKER_QUEUE_DIFFERS', { queue, address, reason }, options);
  if (code === 'ACCESS_REFUSED' && /login/i.test(reason))
    return new FunadeError('FUN_BROKER_LOGIN_REFUSED', { user, address }, options);
  if (code === 'ACCESS_REFUSED' || code === 'NOT_ALLOWED')
    return new FunadeError('FUN_BROKER_NOT_ALLOWED', { user, vhost, address, reason }, options);
  return new FunadeError('FUN_BROKER_UNAVAILABLE', { address, reason }, options);
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** A failed connection to a name with several addresses has a code and no text. */
function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text === '' ? codeOf(thrown) : text;
}
