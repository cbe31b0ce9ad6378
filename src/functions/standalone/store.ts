import { type Generated, sql } from 'kysely';
import type { FunctionConfig, RuntimeName } from '../../config/index.ts';
import { type Db, type SecretPins, type Trx, toJson } from '../../store/index.ts';
import type { VersionSpec } from '../port.ts';
import { FRESH } from '../store.ts';

type StandaloneTables = {
  standalone_functions: {
    name: string;
    runtime: RuntimeName;
    description: string;
    parameters: unknown;
    examples: Generated<unknown>;
    latest: Generated<number>;
    created_at: Generated<Date>;
    created_by: string;
    updated_at: Generated<Date>;
  };
  standalone_versions: {
    function: string;
    number: number;
    fingerprint: string;
    digest: string;
    form: 'module' | 'script';
    config: unknown;
    secrets: unknown;
    fault: string | null;
    published_at: Generated<Date>;
    published_by: string;
  };
};

export interface FunctionRow {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly description: string;
  readonly parameters: unknown;
  readonly examples: readonly unknown[];
  readonly latest: number;
  readonly created_at: Date;
  readonly created_by: string;
  readonly updated_at: Date;
}

export interface VersionRow {
  readonly function: string;
  readonly number: number;
  readonly digest: string;
  readonly form: 'module' | 'script';
  readonly config: FunctionConfig;
  readonly secrets: SecretPins;
  readonly fault: string | null;
  readonly published_at: Date;
  readonly published_by: string;
}

function tables(db: Db | Trx) {
  return db.withTables<StandaloneTables>();
}

function functionRow(row: { readonly examples: unknown }): FunctionRow {
  return { ...row, examples: row.examples as readonly unknown[] } as FunctionRow;
}

function versionRow(row: { readonly config: unknown; readonly secrets: unknown }): VersionRow {
  return { ...row, config: row.config as FunctionConfig, secrets: row.secrets as SecretPins } as VersionRow;
}

export async function readFunction(db: Db | Trx, name: string): Promise<FunctionRow | undefined> {
  const row = await tables(db)
    .selectFrom('standalone_functions')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? undefined : functionRow(row);
}

export interface FunctionsQuery {
  readonly runtime?: RuntimeName | undefined;
  readonly createdBy?: string | undefined;
  readonly form?: VersionRow['form'] | undefined;
  readonly limit: number;
  readonly offset: number;
}

export async function listFunctions(
  db: Db,
  query: FunctionsQuery,
): Promise<{ readonly rows: readonly FunctionRow[]; readonly total: number }> {
  let found = tables(db).selectFrom('standalone_functions');
  if (query.runtime !== undefined) found = found.where('runtime', '=', query.runtime);
  if (query.form !== undefined) found = found.where(newestHasForm(query.form));
  if (query.createdBy !== undefined) found = found.where('created_by', '=', query.createdBy);
  const [rows, count] = await Promise.all([
    found.selectAll().orderBy('name').limit(query.limit).offset(query.offset).execute(),
    found.select((expression) => expression.fn.countAll<string>().as('total')).executeTakeFirstOrThrow(),
  ]);
  return { rows: rows.map(functionRow), total: Number(count.total) };
}

function newestHasForm(form: VersionRow['form']) {
  return sql<boolean>`exists (
    select 1 from standalone_versions v where v.function = standalone_functions.name
      and v.number = standalone_functions.latest and v.form = ${form})`;
}

/** Numbers are never given twice. */
export async function nextNumber(trx: Trx, name: string): Promise<number> {
  const { rows } = await sql<{ next: number }>`
    select coalesce(max(number), 0) + 1 as next from standalone_versions where function = ${name}`.execute(trx);
  return rows[0]?.next ?? 1;
}

/** Creates the function when it is missing and locks it until the transaction ends. */
export async function lockFunction(
  trx: Trx,
  wanted: { readonly name: string; readonly runtime: RuntimeName; readonly by: string },
): Promise<void> {
  const { name, runtime, by } = wanted;
  await tables(trx)
    .insertInto('standalone_functions')
    .values({ name, runtime, description: '', parameters: null, created_by: by })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await sql`select 1 from standalone_functions where name = ${name} for update`.execute(trx);
}

/** Locks the function until the transaction ends; false when there is none. */
export async function lockPresent(trx: Trx, name: string): Promise<boolean> {
  const { rows } = await sql`select 1 from standalone_functions where name = ${name} for update`.execute(trx);
  return rows.length > 0;
}

export interface FunctionFacts {
  readonly runtime?: RuntimeName;
  readonly description?: string;
  readonly parameters?: unknown;
  readonly examples?: readonly unknown[];
  readonly latest?: number;
}

export async function updateFunction(trx: Trx, name: string, facts: FunctionFacts): Promise<void> {
  const { parameters, examples, ...plain } = facts;
  await tables(trx)
    .updateTable('standalone_functions')
    .set({
      ...plain,
      ...(parameters === undefined ? {} : { parameters: toJson(parameters) }),
      ...(examples === undefined ? {} : { examples: toJson(examples) }),
      updated_at: sql<Date>`clock_timestamp()`,
    })
    .where('name', '=', name)
    .execute();
}

/** Whether an application of that name has releases in some environment. */
export async function isApplication(db: Db | Trx, name: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select 1 from function_aliases where app = ${name} and kind = 'release') as found`.execute(db);
  return rows[0]?.found === true;
}

/** The function of an application that is called by this name, `{app}-{function}`. */
export async function findReleased(
  db: Db,
  name: string,
): Promise<{ readonly app: string; readonly function: string } | undefined> {
  const { rows } = await sql<{ app: string; function: string }>`
    select v.app, f.name as function from function_versions v, jsonb_object_keys(v.functions) as f(name)
    where v.app || '-' || f.name = ${name} limit 1`.execute(db);
  return rows[0];
}

/** Number of the version with this content, when it was published before. */
export async function numberOfFingerprint(trx: Trx, name: string, fingerprint: string): Promise<number | undefined> {
  const row = await tables(trx)
    .selectFrom('standalone_versions')
    .select('number')
    .where('function', '=', name)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  return row?.number;
}

export async function insertVersion(
  trx: Trx,
  version: Omit<VersionRow, 'published_at' | 'fault'> & { readonly fingerprint: string },
): Promise<void> {
  await tables(trx)
    .insertInto('standalone_versions')
    .values({ ...version, config: toJson(version.config), secrets: toJson(version.secrets), fault: null })
    .execute();
}

/** A session of it was opened. */
export async function touchFunction(db: Db, name: string): Promise<void> {
  await sql`
    update standalone_functions set used_at = clock_timestamp()
    where name = ${name} and used_at < clock_timestamp() - interval '1 hour'`.execute(db);
}

/** Functions whose newest version is a script. */
export async function countScripts(db: Db | Trx): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from standalone_functions f
    join standalone_versions v on v.function = f.name and v.number = f.latest and v.form = 'script'`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Scripts that nobody has opened a session of for `days`, that no session needs and no alias but `$LATEST` points to. */
export async function listUnusedScripts(db: Db, days: number): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select f.name from standalone_functions f
    join standalone_versions v on v.function = f.name and v.number = f.latest and v.form = 'script'
    where f.used_at < clock_timestamp() - make_interval(days => ${days})
      and not exists (select 1 from function_sessions s where s.function = f.name and s.expires_at > clock_timestamp())
      and not exists (
        select 1 from function_aliases a
        where a.app = f.name and a.kind = 'standalone' and a.environment <> '$LATEST')`.execute(db);
  return rows.map(({ name }) => name);
}

/** What speaks against a version; null: nothing any more. */
export async function recordFault(db: Db | Trx, name: string, number: number, fault: string | null): Promise<void> {
  await tables(db)
    .updateTable('standalone_versions')
    .set({ fault })
    .where('function', '=', name)
    .where('number', '=', number)
    .execute();
}

/** Forgets a version of a function that has none which came up, and the function when that was its only one. */
export async function discardFirst(trx: Trx, name: string, number: number): Promise<void> {
  await tables(trx)
    .deleteFrom('standalone_versions')
    .where('function', '=', name)
    .where('number', '=', number)
    .execute();
  await sql`
    delete from standalone_functions f where f.name = ${name} and f.latest = 0
      and not exists (select 1 from standalone_versions v where v.function = f.name)`.execute(trx);
}

export async function readVersion(db: Db | Trx, name: string, number: number): Promise<VersionRow | undefined> {
  const row = await tables(db)
    .selectFrom('standalone_versions')
    .selectAll()
    .where('function', '=', name)
    .where('number', '=', number)
    .executeTakeFirst();
  return row === undefined ? undefined : versionRow(row);
}

export async function listVersions(db: Db, name: string): Promise<readonly VersionRow[]> {
  const rows = await tables(db)
    .selectFrom('standalone_versions')
    .selectAll()
    .where('function', '=', name)
    .orderBy('number', 'desc')
    .execute();
  return rows.map(versionRow);
}

/** As hosts use it, without where its code is. */
export async function readStandaloneVersion(db: Db, name: string, id: string): Promise<VersionSpec | undefined> {
  if (!/^[1-9]\d{0,8}$/.test(id)) return undefined;
  const row = await readVersion(db, name, Number(id));
  if (row === undefined) return undefined;
  const { digest, form, secrets, config } = row;
  return { id, digest, artifact: '', form, functions: { main: config }, variables: {}, secrets };
}

export async function deleteFunction(trx: Trx, name: string): Promise<boolean> {
  await sql`delete from function_aliases where app = ${name} and kind = 'standalone'`.execute(trx);
  const gone = await tables(trx).deleteFrom('standalone_functions').where('name', '=', name).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

export interface StoredAlias {
  readonly name: string;
  readonly revision: number;
  readonly weights: readonly { readonly version: string; readonly weight: number }[];
  readonly sticky: { readonly header: string } | { readonly cookie: string } | null;
  readonly updated_at: Date;
}

export async function listAliases(db: Db | Trx, name: string): Promise<readonly StoredAlias[]> {
  const { rows } = await sql<StoredAlias>`
    select environment as name, revision, weights, sticky, updated_at from function_aliases
    where app = ${name} and kind = 'standalone' order by environment`.execute(db);
  return rows;
}

export async function deleteAlias(trx: Trx, name: string, alias: string): Promise<void> {
  await sql`
    delete from function_aliases where app = ${name} and environment = ${alias} and kind = 'standalone'`.execute(trx);
}

/** Whether every live host routes the alias by this revision or a later one. */
export async function isRoutedEverywhere(db: Db, name: string, alias: string, revision: number): Promise<boolean> {
  const { rows } = await sql<{ behind: boolean }>`
    select exists (
      select 1 from function_hosts h
      left join function_host_aliases a on a.host = h.id and a.app = ${name} and a.environment = ${alias}
      where h.heartbeat > clock_timestamp() - ${FRESH}::interval and coalesce(a.revision, -1) < ${revision}
    ) as behind`.execute(db);
  return rows[0]?.behind === false;
}
