import { sql } from 'kysely';
import { type Db, type Trx, toJson } from '../../store/index.ts';
import type { NewJob } from '../port.ts';

/** A message that is to be published. */
export interface Outgoing {
  readonly position: number;
  /** Stays the same however often it is published. */
  readonly id: string;
  readonly queue: string;
  readonly data: object;
  /** How often its handler has thrown. */
  readonly tries: number;
}

/**
 * Writes messages in the caller's transaction. Of one key only one row waits; its lock keeps it from being published before this
 * transaction ends, so that whoever gets the message sees what was committed here.
 */
export async function insertMessages(
  trx: Trx,
  queue: string,
  jobs: readonly NewJob[],
  newIdOf: () => string,
): Promise<void> {
  const rows = withoutTwins(jobs);
  await sql`
    insert into outbox (id, queue, data, singleton, send_at)
    select id, ${queue}, data::jsonb, singleton, coalesce(to_timestamp(at / 1000), clock_timestamp())
    from unnest(${rows.map(newIdOf)}::text[], ${rows.map(({ data }) => toJson(data))}::text[],
      ${rows.map(({ singleton }) => singleton ?? null)}::text[],
      ${rows.map(({ startAfter }) => startAfter?.getTime() ?? null)}::float8[]) with ordinality as job (id, data, singleton, at, n)
    order by singleton, n
    on conflict (queue, singleton) where singleton is not null and claimed_until is null
    do update set send_at = least(outbox.send_at, excluded.send_at)`.execute(trx);
}

/** One row can't be written twice by one statement. */
function withoutTwins(jobs: readonly NewJob[]): readonly NewJob[] {
  const keyed = new Map<string, NewJob>();
  for (const job of jobs) {
    if (job.singleton === undefined) continue;
    const other = keyed.get(job.singleton);
    if (other === undefined || timeOf(job) < timeOf(other)) keyed.set(job.singleton, job);
  }
  return [...jobs.filter(({ singleton }) => singleton === undefined), ...keyed.values()];
}

function timeOf({ startAfter }: NewJob): number {
  return startAfter?.getTime() ?? 0;
}

/** Takes messages whose time has come, oldest first; nobody else takes them before `leaseMs` have passed. */
export async function claimMessages(db: Db, limit: number, leaseMs: number): Promise<readonly Outgoing[]> {
  const { rows } = await sql<Outgoing>`
    update outbox set claimed_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
    where position in (
      select position from outbox
      where send_at <= clock_timestamp() and (claimed_until is null or claimed_until < clock_timestamp())
      order by send_at, position limit ${limit} for update skip locked)
    returning position, id, queue, data, tries`.execute(db);
  return rows.toSorted((a, b) => a.position - b.position);
}

export async function deleteMessages(db: Db, positions: readonly number[]): Promise<void> {
  await sql`delete from outbox where position = any(${positions})`.execute(db);
}

/** Has them tried again later: after 0.5 s, doubling to 30 s. */
export async function postponeMessages(db: Db, positions: readonly number[]): Promise<void> {
  await sql`
    update outbox set failures = failures + 1,
      claimed_until = clock_timestamp() + least(30, 0.5 * 2 ^ least(failures, 10)) * interval '1 second'
    where position = any(${positions})`.execute(db);
}

/** Sends a message again whose handler has thrown. */
export async function insertRetry(
  db: Db,
  message: { readonly id: string; readonly queue: string; readonly data: object; readonly tries: number },
  pauseMs: number,
): Promise<void> {
  await sql`
    insert into outbox (id, queue, data, tries, send_at)
    values (${message.id}, ${message.queue}, ${toJson(message.data)}::jsonb, ${message.tries},
      clock_timestamp() + ${pauseMs} * interval '1 millisecond')`.execute(db);
}
