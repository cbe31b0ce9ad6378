import { type Clock, FunadeError, type Logger, newId } from '../kernel/index.ts';
import type { ForgeWebhook } from '../forges/index.ts';
import type { Db } from '../store/index.ts';
import type { Admission, Delivery } from './port.ts';
import { recordDelivery } from './record.ts';
import { sortOut } from './sort-out.ts';
import { selectDelivery } from './store.ts';

/** Reads a stored delivery again and has it admitted once more, as a new row that references the first. */
export async function replayDelivery(
  context: {
    readonly db: Db;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly admission: Admission;
    readonly forges: ReadonlyMap<string, ForgeWebhook>;
  },
  id: string,
  actor: string,
): Promise<Delivery> {
  const { db, clock, forges } = context;
  const found = await selectDelivery(db, id);
  if (found === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'delivery', id, list: 'funade deliveries list' });
  const { delivery: first, body, bodyHash } = found;
  const forge = forges.get(first.source);
  if (forge === undefined) {
    const known = [...forges.keys()].join(', ');
    throw new FunadeError('FUN_WEBHOOK_SOURCE_UNKNOWN', { path: `/webhook/${first.source}`, known });
  }
  if (body === null) throw new FunadeError('FUN_DELIVERY_BODY_GONE', { id });
  const now = clock.now();
  const sorted = sortOut(forge.parse({ headers: first.headers, body, now }));
  if (sorted.kind === 'malformed') throw new FunadeError('FUN_WEBHOOK_MALFORMED', { reason: sorted.reason });
  const again = newId('dlv', now);
  await recordDelivery(context, {
    sorted,
    event: { kind: 'delivery.replayed', actor },
    delivery: {
      id: again,
      source: first.source,
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
  });
  const replayed = await selectDelivery(db, again);
  if (replayed === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'delivery', id: again, list: 'funade deliveries list' });
  return replayed.delivery;
}
