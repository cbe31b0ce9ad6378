import { CompiledQuery, type Selectable, sql } from 'kysely';
import { type Db, type Trx, toJson } from '../store/index.ts';
import type { Delivery, DeliveryFilter, StoredOutcome, Via } from './port.ts';

interface DeliveriesTable {
  id: string;
  source: string;
  forge: string;
  via: string;
  delivery_id: string;
  event: string;
  outcome: string;
  reason: string | null;
  run_ids: string[];
  task_ids: string[];
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
  readonly forge: string;
  readonly via: Via;
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
  readonly taskIds: readonly string[];
}

/** The bodies come as one binary value, which each row cuts its own out of: as text they would cost twice their size. */
const INSERT = `
  insert into deliveries (id, source, forge, via, delivery_id, event, outcome, reason, run_ids, task_ids, headers, body,
    body_hash, received_at, secret_label, remote_address, replay_of)
  select d.id, d.source, d.forge, d.via, d.delivery_id, d.event, d.outcome, d.reason, d.run_ids, d.task_ids, d.headers,
    case when d.length is not null then substring($2::bytea from d.start + 1 for d.length) end,
    decode(d.body_hash, 'hex'), to_timestamp(d.received_at / 1000.0), d.secret_label, d.remote_address, d.replay_of
  from json_to_recordset($1::json) as d (id text, source text, forge text, via text, delivery_id text, event text,
    outcome text, reason text, run_ids text[], task_ids text[], headers jsonb, start int, length int, body_hash text,
    received_at float8, secret_label text, remote_address text, replay_of text)
  order by d.source, d.delivery_id
  on conflict do nothing
  returning id`;

/**
 * Stores deliveries and returns the ids of those that were not there already, by id or by body. The unique indexes decide,
 * so of several at once exactly one is stored: the others wait for its transaction and take its place only if that was
 * rolled back.
 */
export async function insertDeliveries(
  trx: Trx,
  deliveries: readonly { readonly delivery: NewDelivery; readonly decision: Decision }[],
): Promise<ReadonlySet<string>> {
  let start = 0;
  const rows = deliveries.map(({ delivery, decision }) => {
    const { body } = delivery;
    const place = body === null ? {} : { start, length: body.length };
    start += body?.length ?? 0;
    return {
      id: delivery.id,
      source: delivery.source,
      forge: delivery.forge,
      via: delivery.via,
      delivery_id: delivery.deliveryId,
      event: delivery.event,
      outcome: decision.outcome,
      reason: decision.reason,
      run_ids: decision.runIds,
      task_ids: decision.taskIds,
      headers: delivery.headers,
      ...place,
      body_hash: asBuffer(delivery.bodyHash).toString('hex'),
      received_at: delivery.receivedAt,
      secret_label: delivery.secretLabel,
      remote_address: delivery.remoteAddress,
      replay_of: delivery.replayOf,
    };
  });
  const bodies = deliveries.flatMap(({ delivery: { body } }) => (body === null ? [] : [body]));
  const all = bodies.length === 1 && bodies[0] !== undefined ? asBuffer(bodies[0]) : Buffer.concat(bodies);
  const inserted = await trx.executeQuery<{ id: string }>(CompiledQuery.raw(INSERT, [toJson(rows), all]));
  return new Set(inserted.rows.map(({ id }) => id));
}

/** The driver sends buffers as bytes, other byte arrays as JSON. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Locks in the order of the ids, so that two transactions which count the same deliveries never wait for each other. */
const COUNT_DUPLICATES = `
  with again as (
    select (
      select id from deliveries
      where (source = a.source and delivery_id = a.delivery_id)
        or (source = a.source and body_hash = decode(a.body_hash, 'hex') and body is not null and forge = 'github')
      order by id limit 1
    ) as id, a.at
    from json_to_recordset($1::json) as a (source text, delivery_id text, body_hash text, at float8)
  ), counted as (
    select id, count(*)::int as times, max(at) as at from again where id is not null group by id
  ), locked as (
    select id from deliveries where id in (select id from counted) order by id for update
  )
  update deliveries d set duplicates = d.duplicates + counted.times, last_duplicate_at = to_timestamp(counted.at / 1000.0)
  from counted join locked on locked.id = counted.id where d.id = counted.id`;

/** Notes on the stored deliveries that they came again. */
export async function countDuplicates(trx: Trx, again: readonly NewDelivery[]): Promise<void> {
  if (again.length === 0) return;
  const rows = again.map(({ source, deliveryId, bodyHash, receivedAt }) => ({
    source,
    delivery_id: deliveryId,
    body_hash: asBuffer(bodyHash).toString('hex'),
    at: receivedAt,
  }));
  await trx.executeQuery(CompiledQuery.raw(COUNT_DUPLICATES, [toJson(rows)]));
}

/** How long a transaction may wait, in milliseconds: for each lock, and for each statement as a whole. */
export interface Patience {
  readonly lockMs: number;
  readonly statementMs: number;
}

/** Bounds the waits of this transaction. It must be the first statement, and need not be awaited before the next. */
export async function boundWaits(trx: Trx, { lockMs, statementMs }: Patience): Promise<void> {
  const bounds = [`${Math.ceil(lockMs)}ms`, `${Math.ceil(statementMs)}ms`];
  await trx.executeQuery(CompiledQuery.raw(BOUND_WAITS, bounds));
}

const BOUND_WAITS = `select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`;

/** Newest first, without bodies. Ids sort by time, so the cursor is the last id of the page before. */
export async function selectDeliveries(
  db: Db,
  page: DeliveryFilter & { readonly limit: number; readonly cursor: string | undefined },
): Promise<readonly Delivery[]> {
  let query = db
    .withTables<IntakeTables>()
    .selectFrom('deliveries')
    .select(WITHOUT_BODY)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
  if (page.source !== undefined) query = query.where('source', '=', page.source);
  if (page.outcome !== undefined) query = query.where('outcome', '=', page.outcome);
  const rows = await query.execute();
  return rows.map((row) => viewOf(row, null));
}

/** A delivery by our id or, where there is none of that, the forge's; with the body that it or the delivery it replays still has. */
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
    .orderBy(sql`deliveries.id = ${id}`, 'desc')
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
  'forge',
  'via',
  'delivery_id',
  'event',
  'outcome',
  'reason',
  'run_ids',
  'task_ids',
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
    forge: row.forge,
    via: row.via as Via,
    deliveryId: row.delivery_id,
    event: row.event,
    outcome: row.outcome as StoredOutcome,
    reason: row.reason,
    runIds: row.run_ids,
    taskIds: row.task_ids,
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
