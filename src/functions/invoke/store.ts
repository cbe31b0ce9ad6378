import { type Generated, sql } from 'kysely';
import type { Db } from '../../store/index.ts';
import type { StoredAnswer } from './idempotency.ts';

type ResultTables = {
  function_results: {
    name: string;
    key: string;
    request: string;
    status: number | null;
    headers: unknown;
    body: Buffer | null;
    at: Generated<Date>;
  };
};

function tables(db: Db) {
  return db.withTables<ResultTables>();
}

/** False when the key was used within the last day. */
export async function claimKey(
  db: Db,
  claim: { readonly name: string; readonly key: string; readonly request: string },
): Promise<boolean> {
  await sql`
    delete from function_results where name = ${claim.name} and key = ${claim.key}
      and at < clock_timestamp() - interval '1 day'`.execute(tables(db));
  const inserted = await tables(db)
    .insertInto('function_results')
    .values({ ...claim, status: null, headers: null, body: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function storeResult(
  db: Db,
  { name, key }: { readonly name: string; readonly key: string },
  { status, headers, body }: StoredAnswer,
): Promise<void> {
  await tables(db)
    .updateTable('function_results')
    .set({ status, headers: JSON.stringify(headers), body })
    .where('name', '=', name)
    .where('key', '=', key)
    .execute();
}

export async function dropKey(db: Db, name: string, key: string): Promise<void> {
  await tables(db).deleteFrom('function_results').where('name', '=', name).where('key', '=', key).execute();
}

/** `answer` is null while the first call runs. */
export async function readResult(
  db: Db,
  name: string,
  key: string,
): Promise<{ readonly request: string; readonly answer: StoredAnswer | null } | undefined> {
  const row = await tables(db)
    .selectFrom('function_results')
    .select(['request', 'status', 'headers', 'body'])
    .where('name', '=', name)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.status === null || row.body === null) return { request: row.request, answer: null };
  const headers = row.headers as Readonly<Record<string, string>>;
  return { request: row.request, answer: { status: row.status, headers, body: row.body } };
}

export async function pruneResults(db: Db): Promise<void> {
  await sql`delete from function_results where at < clock_timestamp() - interval '1 day'`.execute(tables(db));
}
