import { CompiledQuery, sql } from 'kysely';
import { type Logger, messageOf, sleep } from '../kernel/index.ts';
import type { Db, Trx } from './database.ts';
import { toJson } from './json.ts';

/** An event to be written in the transaction of the change that it tells of. */
export interface NewEvent {
  /** `noun.verb`, for example `rollout.weight_observed`. */
  readonly kind: string;
  readonly app?: string | undefined;
  readonly environment?: string | undefined;
  /** Id of what changed: run, rollout, approval, delivery … */
  readonly subject: string;
  /** User name, or `automation`. */
  readonly actor: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface StoredEvent extends Required<Pick<NewEvent, 'kind' | 'subject' | 'actor'>> {
  /** Unique; rises within a transaction, and nearly always across them. Gaps are normal. */
  readonly position: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly app: string | null;
  readonly environment: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventFilter {
  readonly after: number;
  readonly limit: number;
  readonly app?: string | undefined;
  readonly subject?: string | undefined;
}

const APPEND = `
  insert into events (kind, app, environment, subject, actor, data)
  select e.kind, e.app, e.environment, e.subject, e.actor, coalesce(e.data, '{}')
  from rows from (json_to_recordset($1::json) as (kind text, app text, environment text, subject text, actor text, data jsonb))
    with ordinality as e (kind, app, environment, subject, actor, data, place)
  order by e.place`;

export function appendEvent(trx: Trx, event: NewEvent): Promise<void> {
  return appendEvents(trx, [event]);
}

/** Appends events in their order, with one statement. */
export async function appendEvents(trx: Trx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await trx.executeQuery(CompiledQuery.raw(APPEND, [toJson(events)]));
}

/**
 * Events after a position, in the order of their transactions. Rows of transactions that began no earlier than the oldest
 * running one are held back, and position alone does not order: a transaction that began earlier may have written its event
 * later. Ordered by transaction first, nothing that commits later can come before what was read.
 */
export async function readEvents(db: Db, filter: EventFilter): Promise<readonly StoredEvent[]> {
  const begin = sql`coalesce((select transaction from events where position <= ${filter.after} order by position desc limit 1), '0'::xid8)`;
  let query = db
    .selectFrom('events')
    .selectAll()
    .where(sql<boolean>`(transaction, position) > (${begin}, ${filter.after}::bigint)`)
    .where(sql<boolean>`transaction < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('transaction')
    .orderBy('position')
    .limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
  const rows = await query.execute();
  return rows.map((row) => ({
    position: row.position,
    at: row.at.getTime(),
    kind: row.kind,
    app: row.app,
    environment: row.environment,
    subject: row.subject,
    actor: row.actor,
    data: row.data as Readonly<Record<string, unknown>>,
  }));
}

/** Position of the last event that `readEvents` would return now; 0 when there is none. */
export async function lastEventPosition(db: Db): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select('position')
    .where(sql<boolean>`transaction < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('transaction', 'desc')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.position ?? 0;
}

export interface EventFollower {
  /** Looks for new events at once instead of at the next poll. */
  nudge(): void;
  stop(): Promise<void>;
}

/** Hands every event after `after` to `receive`, in order, once; polls every `pollMs` and whenever nudged. */
export function followEvents(
  db: Db,
  options: {
    readonly after: number;
    readonly pollMs?: number;
    readonly logger: Logger;
    readonly receive: (events: readonly StoredEvent[]) => void | Promise<void>;
  },
): EventFollower {
  const stopping = new AbortController();
  let wake = new AbortController();
  let position = options.after;
  async function drain(): Promise<void> {
    for (;;) {
      const events = await readEvents(db, { after: position, limit: 500 });
      const last = events.at(-1);
      if (last === undefined) return;
      await options.receive(events);
      position = last.position;
    }
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      await drain().catch((thrown: unknown) =>
        options.logger.warn({ reason: messageOf(thrown) }, 'Failed to read events.'),
      );
      await sleep(options.pollMs ?? 500, AbortSignal.any([stopping.signal, wake.signal]));
    }
  }
  const done = loop();
  return {
    nudge: () => wake.abort(),
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
