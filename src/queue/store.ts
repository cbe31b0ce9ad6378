import { sql } from 'kysely';
import type { Db, Trx } from '../store/index.ts';

export interface WorkTables {
  work: {
    kind: string;
    id: string;
    wake_at: Date | null;
    owner: string | null;
    lease_until: Date | null;
    fence: number;
    failures: number;
    last_error: string | null;
  };
}

export interface Claim {
  readonly fence: number;
  readonly failures: number;
}

/** Asks for a look at each at the latest at `at` (epoch ms, null = now); an earlier wish stays. */
export async function wishWake(trx: Trx, kind: string, ids: readonly string[], at: number | null): Promise<void> {
  const wake = at === null ? sql`clock_timestamp()` : sql`to_timestamp(${at / 1000})`;
  await sql`
    insert into work (kind, id, wake_at) select ${kind}, id, ${wake} from unnest(${[...new Set(ids)]}::text[]) as id order by id
    on conflict (kind, id) do update set wake_at = least(work.wake_at, excluded.wake_at)`.execute(trx);
}

/**
 * Takes the lease of what is due, or whose holder is gone, when nobody holds a valid one; the fence rises with every claim. So a
 * hint that comes twice, or late, claims nothing. `dueBy`: what is due until then is due (epoch ms; the caller's timer may be early).
 */
export async function claim(
  db: Db,
  key: { readonly kind: string; readonly id: string },
  owner: string,
  { leaseMs, dueBy }: { readonly leaseMs: number; readonly dueBy: number },
): Promise<Claim | undefined> {
  const { rows } = await sql<Claim>`
    update work set owner = ${owner}, lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond', wake_at = null, fence = fence + 1
    where kind = ${key.kind} and id = ${key.id} and (lease_until < clock_timestamp()
      or (lease_until is null and wake_at <= greatest(clock_timestamp(), to_timestamp(${dueBy / 1000}))))
    returning fence, failures`.execute(db);
  return rows[0];
}

/** Whether the lease could be prolonged; false = another process has taken over. */
export async function renew(
  db: Db,
  key: { readonly kind: string; readonly id: string },
  fence: number,
  leaseMs: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update work set lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
    where kind = ${key.kind} and id = ${key.id} and fence = ${fence}`.execute(db);
  return numAffectedRows === 1n;
}

/** Gives the lease back. A wake-up that was asked for meanwhile is kept when it is earlier than `wakeAt`. */
export async function release(
  db: Db,
  key: { readonly kind: string; readonly id: string },
  fence: number,
  end: { readonly wakeAt: number | null; readonly failure: string | null },
): Promise<Date | null> {
  const wake = end.wakeAt === null ? sql`null::timestamptz` : sql`to_timestamp(${end.wakeAt / 1000})`;
  const { rows } = await sql<{ wake_at: Date | null }>`
    update work set owner = null, lease_until = null, wake_at = least(wake_at, ${wake}),
      failures = case when ${end.failure}::text is null then 0 else failures + 1 end, last_error = ${end.failure}
    where kind = ${key.kind} and id = ${key.id} and fence = ${fence}
    returning wake_at`.execute(db);
  return rows[0]?.wake_at ?? null;
}

/** Ids that want a look now, but those in `except`: their time has come, or their holder's lease ran out. */
export async function due(db: Db, kind: string, except: readonly string[], limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from work
    where kind = ${kind} and (lease_until < clock_timestamp() or (lease_until is null and wake_at <= clock_timestamp()))
      and id <> all(${except})
    order by wake_at nulls first limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/** Frees the leases of one owner, or every lease of a kind: only for a process that knows that their holders are gone. */
export async function freeLeases(db: Db, kind: string, owner: string | null): Promise<void> {
  await sql`
    update work set owner = null, lease_until = null, wake_at = clock_timestamp()
    where kind = ${kind} and lease_until is not null and (${owner}::text is null or owner = ${owner})`.execute(db);
}

/** Age in milliseconds of the oldest wake-up that nobody has taken; 0 when there is none. */
export async function oldestOverdue(db: Db, kind: string): Promise<number> {
  const { rows } = await sql<{ age: number | null }>`
    select (extract(epoch from clock_timestamp() - min(wake_at)) * 1000)::float8 as age
    from work where kind = ${kind} and wake_at < clock_timestamp() and (lease_until is null or lease_until < clock_timestamp())`.execute(
    db,
  );
  return Math.max(0, rows[0]?.age ?? 0);
}
