import { webHostOf } from '../forges/index.ts';
import { type Clock, FunadeError, type Logger, newId } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { eventsOfFinding } from './findings.ts';
import type { Admission, Delivery } from './port.ts';
import { isHeldUp, recordDelivery } from './record.ts';
import { sortOut } from './sort-out.ts';
import type { SourceDirectory } from './sources/port.ts';
import { selectDelivery } from './store.ts';

/**
 * Reads a stored delivery again and has it admitted once more, as a new row that references the first. What polling found is
 * admitted from the events that were stored then.
 */
export async function replayDelivery(
  context: {
    readonly db: Db;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly admission: Admission;
    readonly sources: SourceDirectory;
  },
  id: string,
  actor: string,
): Promise<Delivery> {
  const { db, clock, sources } = context;
  const found = await selectDelivery(db, id);
  if (found === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'delivery', id, list: 'funade deliveries list' });
  const { delivery: first, body, bodyHash } = found;
  const source = sources.get(first.source);
  if (source === undefined) {
    const known = sources
      .all()
      .map(({ name }) => name)
      .join(', ');
    throw new FunadeError('FUN_WEBHOOK_SOURCE_UNKNOWN', { path: `/webhook/${first.source}`, known });
  }
  if (body === null) throw new FunadeError('FUN_DELIVERY_BODY_GONE', { id });
  const now = clock.now();
  const events =
    first.via === 'poll' ? eventsOfFinding(body) : source.webhook.parse({ headers: first.headers, body, now });
  const sorted = sortOut(events);
  if (sorted.kind === 'malformed') throw new FunadeError('FUN_WEBHOOK_MALFORMED', { reason: sorted.reason });
  const again = newId('dlv', now);
  await recordDelivery(context, {
    sorted,
    host: webHostOf(source.forge, source.apiUrl),
    event: { kind: 'delivery.replayed', actor },
    delivery: {
      id: again,
      source: first.source,
      forge: first.forge,
      via: first.via,
      deliveryId: `replay:${again}`,
      event: first.event,
      headers: first.headers,
      body: null,
      bodyHash,
      receivedAt: now,
      secretLabel: null,
      remoteAddress: null,
      replayOf: first.replayOf ?? first.id,
    },
  }).catch((thrown: unknown) => {
    if (!isHeldUp(thrown)) throw thrown;
    throw new FunadeError('FUN_UNAVAILABLE', { reason: 'other work on the same things takes long' }, { cause: thrown });
  });
  const replayed = await selectDelivery(db, again);
  if (replayed === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'delivery', id: again, list: 'funade deliveries list' });
  return replayed.delivery;
}
