import { type Generated, sql } from 'kysely';
import { type Db, type Trx, toJson } from '../../store/index.ts';

type EventTables = {
  function_invocations: {
    id: string;
    name: string;
    qualifier: string | null;
    payload: Buffer;
    client_context: unknown;
    idempotency_key: string | null;
    state: Generated<InvocationState>;
    attempts: Generated<number>;
    failure: unknown;
    requested_by: string;
    requested_at: Generated<Date>;
    tried_since: Generated<Date>;
    finished_at: Date | null;
  };
};

export const INVOCATION_STATES = ['queued', 'succeeded', 'dead'] as const;
export type InvocationState = (typeof INVOCATION_STATES)[number];

export interface InvocationFailure {
  readonly code: string;
  readonly errorType: string | null;
  readonly message: string;
}

export interface InvocationRow {
  readonly id: string;
  readonly name: string;
  readonly qualifier: string | null;
  readonly payload: Buffer;
  readonly client_context: unknown;
  readonly idempotency_key: string | null;
  readonly state: InvocationState;
  readonly attempts: number;
  readonly failure: InvocationFailure | null;
  readonly requested_by: string;
  readonly requested_at: Date;
  /** When it was requested, or set back to the beginning. */
  readonly tried_since: Date;
  readonly finished_at: Date | null;
}

/** Without what the caller sent: a page of invocations would be as large as all their events. */
export type ListedInvocation = Omit<InvocationRow, 'payload' | 'client_context'>;

function tables(db: Db | Trx) {
  return db.withTables<EventTables>();
}

export type NewInvocation = Pick<
  InvocationRow,
  'id' | 'name' | 'qualifier' | 'payload' | 'client_context' | 'idempotency_key' | 'requested_by'
>;

/** The id under which the invocation is known: that of an earlier one with the same key, when there is one; `isSame`: it has this event. */
export async function insertInvocation(
  trx: Trx,
  invocation: NewInvocation,
): Promise<{ readonly id: string; readonly isNew: boolean; readonly isSame: boolean }> {
  const { client_context: context } = invocation;
  const inserted = await tables(trx)
    .insertInto('function_invocations')
    .values({
      ...invocation,
      client_context: context === null || context === undefined ? null : toJson(context),
      failure: null,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { id: inserted.id, isNew: true, isSame: true };
  const known = await tables(trx)
    .selectFrom('function_invocations')
    .select(['id', 'qualifier', 'payload'])
    .where('name', '=', invocation.name)
    .where('idempotency_key', '=', invocation.idempotency_key)
    .executeTakeFirstOrThrow();
  const isSame = known.qualifier === invocation.qualifier && known.payload.equals(invocation.payload);
  return { id: known.id, isNew: false, isSame };
}

export async function readInvocation(db: Db | Trx, id: string): Promise<InvocationRow | undefined> {
  const row = await tables(db).selectFrom('function_invocations').selectAll().where('id', '=', id).executeTakeFirst();
  return row as InvocationRow | undefined;
}

/** What the driver asks first: most events that find no place are not worth reading. */
export async function readStanding(db: Db, id: string): Promise<Pick<InvocationRow, 'name' | 'state'> | undefined> {
  return tables(db)
    .selectFrom('function_invocations')
    .select(['name', 'state'])
    .where('id', '=', id)
    .executeTakeFirst();
}

const LISTED = [
  ...(['id', 'name', 'qualifier', 'idempotency_key', 'state', 'attempts', 'failure'] as const),
  ...(['requested_by', 'requested_at', 'tried_since', 'finished_at'] as const),
] as const;

export async function listInvocations(
  db: Db,
  query: { readonly name: string; readonly state: InvocationState | undefined; readonly limit: number },
): Promise<readonly ListedInvocation[]> {
  let found = tables(db).selectFrom('function_invocations').select(LISTED).where('name', '=', query.name);
  if (query.state !== undefined) found = found.where('state', '=', query.state);
  const rows = await found.orderBy('requested_at', 'desc').orderBy('id').limit(query.limit).execute();
  return rows as readonly ListedInvocation[];
}

/**
 * What became of a try, told by who made it. False when the row has moved on meanwhile, which happens to a host that lost
 * its lease: a failure counts only for the attempts that its host had read, a success for whatever is still queued.
 */
export async function recordAttempt(
  db: Db | Trx,
  read: Pick<InvocationRow, 'id' | 'attempts'>,
  attempt: { readonly state: InvocationState; readonly attempts: number; readonly failure: InvocationFailure | null },
): Promise<boolean> {
  const { state, attempts, failure } = attempt;
  let update = tables(db)
    .updateTable('function_invocations')
    .set({
      state,
      attempts,
      failure: failure === null ? null : toJson(failure),
      finished_at: state === 'queued' ? null : sql<Date>`clock_timestamp()`,
    })
    .where('id', '=', read.id)
    .where('state', '=', 'queued');
  if (state !== 'succeeded') update = update.where('attempts', '=', read.attempts);
  const { numUpdatedRows } = await update.executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Sets a dead one back to the beginning; false when it is not dead. */
export async function revive(trx: Trx, id: string): Promise<boolean> {
  const changed = await tables(trx)
    .updateTable('function_invocations')
    .set({ state: 'queued', attempts: 0, failure: null, finished_at: null, tried_since: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

/** Forgets what succeeded a day ago, and what died two weeks ago. */
export async function pruneInvocations(db: Db): Promise<void> {
  await sql`
    delete from function_invocations where (state = 'succeeded' and finished_at < clock_timestamp() - interval '1 day')
      or (state = 'dead' and finished_at < clock_timestamp() - interval '14 days')`.execute(tables(db));
}
