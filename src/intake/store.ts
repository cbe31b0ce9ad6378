import { CompiledQuery, type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../store/index.ts';
import type { Delivery, StoredOutcome } from './port.ts';

interface DeliveriesTable {
  id: string;
  source: string;
  delivery_id: string;
  event: string;
  outcome: string;
  reason: string | null;
  run_ids: string[];
  headers: unknown;
  body: Buffer | null;
  body_hash: Buffer;
  received_at: Date;
  secret_label: string | null;
  remote_address: string | null;
  replay_of: string | null;
  duplicates: number;
  last_duplicate_at: Date | null;
}

type IntakeTables = { deliveries: DeliveriesTable };

type Row = Selectable<DeliveriesTable>;

/** A delivery to be stored. `body` is null for a replay, which finds its body in the delivery that it references. */
export interface NewDelivery {
  readonly id: string;
  readonly source: string;
  readonly deliveryId: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly bodyHash: Uint8Array;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly secretLabel: string | null;
  readonly remoteAddress: string | null;
  readonly replayOf: string | null;
}

export interface Decision {
  readonly outcome: StoredOutcome;
  readonly reason: string | null;
  readonly runIds: readonly string[];
}

const INSERT = `
  insert into deliveries (id, source, delivery_id, event, outcome, reason, run_ids, headers, body, body_hash, received_at,
    secret_label, remote_address, replay_of)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
  on conflict do nothing
  returning id`;

const UPDATE = 'update deliveries set outcome = $2, reason = $3, run_ids = $4 where id = $1';

/**
 * Stores a delivery, or returns false when its id or its body is there already. The unique indexes decide, so of several
 * at once exactly one is stored: the others wait for its transaction and take its place only if that was rolled back.
 * This and `updateDecision` run for every delivery, so their text is compiled once instead of built each time.
 */
export async function insertDelivery(trx: Trx, delivery: NewDelivery, decision: Decision): Promise<boolean> {
  const { rows } = await trx.executeQuery(
    CompiledQuery.raw(INSERT, [
      delivery.id,
      delivery.source,
      delivery.deliveryId,
      delivery.event,
      decision.outcome,
      decision.reason,
      decision.runIds,
      JSON.stringify(delivery.headers),
      asBuffer(delivery.body),
      asBuffer(delivery.bodyHash),
      new Date(delivery.receivedAt),
      delivery.secretLabel,
      delivery.remoteAddress,
      delivery.replayOf,
    ]),
  );
  return rows.length > 0;
}

/** The driver sends buffers as bytes, other byte arrays as JSON. */
function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export async function updateDecision(trx: Trx, id: string, decision: Decision): Promise<void> {
  await trx.executeQuery(CompiledQuery.raw(UPDATE, [id, decision.outcome, decision.reason, decision.runIds]));
}

/** Notes on the stored delivery that it came again. */
export async function countDuplicate(trx: Trx, again: NewDelivery): Promise<void> {
  await sql`
    update deliveries set duplicates = duplicates + 1, last_duplicate_at = ${new Date(again.receivedAt)}
    where id = (
      select id from deliveries
      where (source = ${again.source} and delivery_id = ${again.deliveryId})
        or (source = ${again.source} and body_hash = ${asBuffer(again.bodyHash)} and body is not null)
      order by id limit 1)`.execute(trx);
}

/** Newest first, without bodies. Ids sort by time, so the cursor is the last id of the page before. */
export async function selectDeliveries(
  db: Db,
  page: { readonly limit: number; readonly cursor: string | undefined },
): Promise<readonly Delivery[]> {
  let query = db
    .withTables<IntakeTables>()
    .selectFrom('deliveries')
    .select(WITHOUT_BODY)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
  const rows = await query.execute();
  return rows.map((row) => viewOf(row, null));
}

/** A delivery by our id or the forge's, with the body that it or the delivery it replays still has. */
export async function selectDelivery(
  db: Db,
  id: string,
): Promise<{ readonly delivery: Delivery; readonly body: Buffer | null; readonly bodyHash: Buffer } | undefined> {
  const row = await db
    .withTables<IntakeTables>()
    .selectFrom('deliveries')
    .leftJoin('deliveries as first', 'first.id', 'deliveries.replay_of')
    .select(WITHOUT_BODY.map((column) => `deliveries.${column}` as const))
    .select(['deliveries.body_hash', sql<Buffer | null>`coalesce(deliveries.body, first.body)`.as('body')])
    .where((where) => where.or([where('deliveries.id', '=', id), where('deliveries.delivery_id', '=', id)]))
    .orderBy('deliveries.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { delivery: viewOf(row, row.body?.toString('utf8') ?? null), body: row.body, bodyHash: row.body_hash };
}

/** Without its body a row also leaves the index that finds the same body again. */
export async function deleteBodies(db: Db, olderThan: number): Promise<number> {
  const { numAffectedRows } = await sql`
    update deliveries set body = null where body is not null and received_at < ${new Date(olderThan)}`.execute(db);
  return Number(numAffectedRows ?? 0);
}

const WITHOUT_BODY = [
  'id',
  'source',
  'delivery_id',
  'event',
  'outcome',
  'reason',
  'run_ids',
  'headers',
  'received_at',
  'secret_label',
  'remote_address',
  'replay_of',
  'duplicates',
  'last_duplicate_at',
] as const;

function viewOf(row: Omit<Row, 'body' | 'body_hash'>, body: string | null): Delivery {
  return {
    id: row.id,
    source: row.source,
    deliveryId: row.delivery_id,
    event: row.event,
    outcome: row.outcome as StoredOutcome,
    reason: row.reason,
    runIds: row.run_ids,
    receivedAt: row.received_at.getTime(),
    headers: row.headers as Readonly<Record<string, string>>,
    body,
    secretLabel: row.secret_label,
    remoteAddress: row.remote_address,
    replayOf: row.replay_of,
    duplicates: row.duplicates,
    lastDuplicateAt: row.last_duplicate_at?.getTime() ?? null,
  };
}
