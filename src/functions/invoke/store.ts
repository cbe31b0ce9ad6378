import { type Generated, sql } from 'kysely';
import { type Db, toJson } from '../../store/index.ts';

type ResultTables = {
  function_results: {
    name: string;
    key: string;
    request: string;
    /** JSON; null while the call runs. */
    ending: unknown;
    /** Null: too large to be kept. */
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
    .values({ ...claim, ending: null, body: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function storeResult(
  db: Db,
  { name, key }: { readonly name: string; readonly key: string },
  { ending, body }: { readonly ending: unknown; readonly body: Buffer | null },
): Promise<void> {
  await tables(db)
    .updateTable('function_results')
    .set({ ending: toJson(ending), body })
    .where('name', '=', name)
    .where('key', '=', key)
    .execute();
}

export async function dropKey(db: Db, name: string, key: string): Promise<void> {
  await tables(db).deleteFrom('function_results').where('name', '=', name).where('key', '=', key).execute();
}

/** `ending` is null while the first call runs. */
export async function readResult(
  db: Db,
  name: string,
  key: string,
): Promise<{ readonly request: string; readonly ending: unknown; readonly body: Buffer | null } | undefined> {
  return tables(db)
    .selectFrom('function_results')
    .select(['request', 'ending', 'body'])
    .where('name', '=', name)
    .where('key', '=', key)
    .executeTakeFirst();
}

export async function pruneResults(db: Db): Promise<void> {
  await sql`delete from function_results where at < clock_timestamp() - interval '1 day'`.execute(tables(db));
}
