import { sql } from 'kysely';
import { type Db, type Trx, transaction } from '../../store/index.ts';
import type { AliasName, ObservedVersion, Sticky, VersionSpec, Weight } from '../port.ts';
import { type AliasKind, CHANNEL, FRESH, type FunctionTables } from '../store.ts';

export type FunctionTrx = ReturnType<typeof tablesIn>;

export interface AliasRow extends AliasName {
  readonly kind: AliasKind;
  readonly revision: number;
  readonly fence: number;
  readonly weights: readonly Weight[];
  readonly sticky: Sticky | null;
}

function tables(db: Db) {
  return db.withTables<FunctionTables>();
}

function tablesIn(trx: Trx) {
  return trx.withTables<FunctionTables>();
}

/** Runs `work` on the alias, which it creates when missing and keeps locked until the transaction ends. */
export function changeAlias<T>(
  db: Db,
  alias: AliasName & { readonly kind: AliasKind },
  work: (trx: FunctionTrx, row: AliasRow) => Promise<T>,
): Promise<T> {
  return transaction(db, async (core) => {
    const { trx, row } = await lockAlias(core, alias);
    return work(trx, row);
  });
}

/** The alias, made when it is missing, locked until the transaction ends. */
export async function lockAlias(
  core: Trx,
  { kind, app, environment }: AliasName & { readonly kind: AliasKind },
): Promise<{ readonly trx: FunctionTrx; readonly row: AliasRow }> {
  const trx = tablesIn(core);
  await trx
    .insertInto('function_aliases')
    .values({ kind, app, environment, sticky: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await trx
    .selectFrom('function_aliases')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return { trx, row: { ...row, weights: row.weights as readonly Weight[], sticky: row.sticky as Sticky | null } };
}

/** The revision that a key has led to before, if it was used. */
export async function revisionOfKey(trx: FunctionTrx, alias: AliasName, key: string): Promise<number | undefined> {
  const row = await trx
    .selectFrom('function_alias_history')
    .select('revision')
    .where('app', '=', alias.app)
    .where('environment', '=', alias.environment)
    .where('key', '=', key)
    .executeTakeFirst();
  return row?.revision;
}

export async function saveAlias(
  trx: FunctionTrx,
  row: AliasRow,
  entry: { readonly act: 'publish' | 'weights' | 'retire'; readonly key: string; readonly changed: boolean },
): Promise<void> {
  const { app, environment, revision, fence } = row;
  const weights = JSON.stringify(row.weights);
  const sticky = row.sticky === null ? null : JSON.stringify(row.sticky);
  await trx
    .updateTable('function_aliases')
    .set({ revision, fence, weights, sticky, updated_at: sql`clock_timestamp()` })
    .where('app', '=', app)
    .where('environment', '=', environment)
    .execute();
  await trx
    .insertInto('function_alias_history')
    .values({ app, environment, revision, fence, weights, ...entry })
    .execute();
  if (entry.changed) await sql`select pg_notify(${CHANNEL}, ${`${app}/${environment}`})`.execute(trx);
}

/** Digest under which a version is known in this alias. */
export async function digestOf(trx: FunctionTrx, alias: AliasName, version: string): Promise<string | undefined> {
  const row = await trx
    .selectFrom('function_versions')
    .select('digest')
    .where('app', '=', alias.app)
    .where('environment', '=', alias.environment)
    .where('version', '=', version)
    .executeTakeFirst();
  return row?.digest;
}

export async function insertVersion(trx: FunctionTrx, alias: AliasName, version: VersionSpec): Promise<void> {
  await trx
    .insertInto('function_versions')
    .values({
      app: alias.app,
      environment: alias.environment,
      version: version.id,
      digest: version.digest,
      artifact: version.artifact,
      functions: JSON.stringify(version.functions),
      variables: JSON.stringify(version.variables),
      form: version.form ?? 'module',
      secrets: JSON.stringify(version.secrets ?? {}),
    })
    .execute();
}

/** Forgets the versions that are not attached any more. */
export async function deleteVersionsExcept(
  trx: FunctionTrx,
  alias: AliasName,
  attached: readonly string[],
): Promise<void> {
  let query = trx
    .deleteFrom('function_versions')
    .where('app', '=', alias.app)
    .where('environment', '=', alias.environment);
  if (attached.length > 0) query = query.where('version', 'not in', attached);
  await query.execute();
}

/** Failure text of a version that is up on no live host and has failed on one. */
export async function failureEverywhere(
  trx: FunctionTrx,
  alias: AliasName,
  version: string,
): Promise<string | undefined> {
  const rows = await trx
    .selectFrom('function_host_versions')
    .innerJoin('function_hosts', 'function_hosts.id', 'function_host_versions.host')
    .select(['status', 'failure'])
    .where('app', '=', alias.app)
    .where('environment', '=', alias.environment)
    .where('version', '=', version)
    .where('heartbeat', '>', sql<Date>`clock_timestamp() - ${FRESH}::interval`)
    .execute();
  const isFailed = rows.length > 0 && rows.every(({ status }) => status === 'failed');
  return isFailed ? (rows[0]?.failure ?? 'unknown') : undefined;
}

/** The alias as live hosts route it: weights of the host that is furthest behind, readiness of all of them together. */
export async function observeAlias(db: Db, alias: AliasName): Promise<readonly ObservedVersion[]> {
  const { rows } = await sql<ObservedVersion>`
    with live as (
      select id from function_hosts where heartbeat > clock_timestamp() - ${FRESH}::interval
    ), desired as (
      select weights from function_aliases where app = ${alias.app} and environment = ${alias.environment}
    ), slowest as (
      select coalesce(h.weights, '[]') as weights from live
      left join function_host_aliases h
        on h.host = live.id and h.app = ${alias.app} and h.environment = ${alias.environment}
      order by coalesce(h.revision, -1) limit 1
    ), told as (
      select version, count(*) filter (where status = 'ready') as ready,
        max(failure) filter (where status = 'failed') as failure, sum(instances)::int as instances
      from function_host_versions join live on live.id = host
      where app = ${alias.app} and environment = ${alias.environment} group by version
    ), wanted as (
      select w.ordinality, w.value->>'version' as version
      from desired, jsonb_array_elements(desired.weights) with ordinality w
    ), routed as (
      select r.value->>'version' as version, (r.value->>'weight')::int as weight
      from slowest, jsonb_array_elements(slowest.weights) r
    )
    select v.version, v.digest,
      coalesce(routed.weight, 0) as weight,
      coalesce(told.ready = (select count(*) from live) and told.ready > 0, false) as ready,
      told.failure,
      coalesce(told.instances, 0) as instances
    from function_versions v
    join wanted on wanted.version = v.version
    left join routed on routed.version = v.version
    left join told on told.version = v.version
    where v.app = ${alias.app} and v.environment = ${alias.environment}
    order by wanted.ordinality`.execute(tables(db));
  return rows;
}
