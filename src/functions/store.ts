import { type Generated, sql } from 'kysely';
import pg from 'pg';
import type { FunctionConfig } from '../config/index.ts';
import { type Logger, messageOf, sleep } from '../kernel/index.ts';
import { type Connection, type Db, type Trx, transaction } from '../store/index.ts';
import type { AliasName, ObservedVersion, Sticky, VersionSpec, Weight } from './port.ts';

type FunctionTables = {
  function_aliases: {
    app: string;
    environment: string;
    revision: Generated<number>;
    fence: Generated<number>;
    weights: Generated<unknown>;
    sticky: unknown;
    updated_at: Generated<Date>;
  };
  function_alias_history: {
    position: Generated<number>;
    app: string;
    environment: string;
    act: 'publish' | 'weights' | 'retire';
    key: string;
    fence: number;
    revision: number;
    weights: unknown;
    changed: boolean;
    at: Generated<Date>;
  };
  function_versions: {
    app: string;
    environment: string;
    version: string;
    digest: string;
    artifact: string;
    functions: unknown;
    variables: unknown;
    published_at: Generated<Date>;
  };
  function_hosts: { id: string; started: Generated<Date>; heartbeat: Generated<Date>; counted_until: Date };
  function_host_aliases: { host: string; app: string; environment: string; revision: number; weights: unknown };
  function_host_versions: {
    host: string;
    app: string;
    environment: string;
    version: string;
    status: VersionStatus;
    failure: string | null;
    instances: number;
  };
};

export type FunctionTrx = ReturnType<typeof tablesIn>;
type VersionStatus = 'starting' | 'ready' | 'failed';

/** Channel of the notifications that tell hosts to look at the aliases. */
const CHANNEL = 'funade_functions';
/** A host whose last heartbeat is older than this counts as gone. */
const FRESH = sql`interval '5 seconds'`;

export interface AliasRow extends AliasName {
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

// ---- desired state ----------------------------------------------------------------------------------------------------

/** Runs `work` on the alias, which it creates when missing and keeps locked until the transaction ends. */
export function changeAlias<T>(
  db: Db,
  alias: AliasName,
  work: (trx: FunctionTrx, row: AliasRow) => Promise<T>,
): Promise<T> {
  return transaction(db, async (core) => {
    const trx = tablesIn(core);
    const { app, environment } = alias;
    await trx
      .insertInto('function_aliases')
      .values({ app, environment, sticky: null })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const row = await trx
      .selectFrom('function_aliases')
      .selectAll()
      .where('app', '=', app)
      .where('environment', '=', environment)
      .forUpdate()
      .executeTakeFirstOrThrow();
    return work(trx, { ...row, weights: row.weights as readonly Weight[], sticky: row.sticky as Sticky | null });
  });
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
    .where('heartbeat', '>', sql<Date>`clock_timestamp() - ${FRESH}`)
    .execute();
  const isFailed = rows.length > 0 && rows.every(({ status }) => status === 'failed');
  return isFailed ? (rows[0]?.failure ?? 'unknown') : undefined;
}

// ---- what hosts see -----------------------------------------------------------------------------------------------------

export interface DesiredAlias extends Omit<AliasRow, 'fence'> {
  readonly versions: readonly VersionSpec[];
}

export async function readRevisions(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await tables(db).selectFrom('function_aliases').select(['app', 'environment', 'revision']).execute();
  return new Map(rows.map((row) => [`${row.app}/${row.environment}`, row.revision]));
}

export async function readDesired(db: Db): Promise<readonly DesiredAlias[]> {
  const { rows } = await sql<{
    app: string;
    environment: string;
    revision: number;
    weights: readonly Weight[];
    sticky: Sticky | null;
    versions: readonly (Omit<VersionSpec, 'functions'> & { functions: Record<string, FunctionConfig> })[];
  }>`
    select a.app, a.environment, a.revision, a.weights, a.sticky,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', v.version, 'digest', v.digest, 'artifact', v.artifact,
          'functions', v.functions, 'variables', v.variables))
        from function_versions v where v.app = a.app and v.environment = a.environment), '[]') as versions
    from function_aliases a order by a.app, a.environment`.execute(tables(db));
  return rows;
}

export interface Acknowledgement {
  readonly aliases: readonly (AliasName & { readonly revision: number; readonly weights: readonly Weight[] })[];
  readonly versions: readonly (AliasName & {
    readonly version: string;
    readonly status: VersionStatus;
    readonly failure: string | null;
    readonly instances: number;
  })[];
}

/** Replaces all that this host has told before; one transaction, so that readers see all of it or nothing. */
export async function acknowledge(db: Db, host: string, told: Acknowledgement, countedUntil: number): Promise<void> {
  await tables(db)
    .transaction()
    .execute(async (trx) => {
      const heartbeat = sql<Date>`clock_timestamp()`;
      await trx
        .insertInto('function_hosts')
        .values({ id: host, counted_until: new Date(countedUntil) })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ heartbeat }))
        .execute();
      await trx.deleteFrom('function_host_aliases').where('host', '=', host).execute();
      await trx.deleteFrom('function_host_versions').where('host', '=', host).execute();
      const aliases = told.aliases.map((row) => ({ ...row, host, weights: JSON.stringify(row.weights) }));
      if (aliases.length > 0) await trx.insertInto('function_host_aliases').values(aliases).execute();
      const versions = told.versions.map((row) => ({ ...row, host }));
      if (versions.length > 0) await trx.insertInto('function_host_versions').values(versions).execute();
    });
}

/** Forgets a host, and others that have been silent for long. */
export async function removeHost(db: Db, host: string): Promise<void> {
  await sql`
    delete from function_hosts where id = ${host} or heartbeat < clock_timestamp() - interval '1 hour'`.execute(
    tables(db),
  );
}

/** The alias as live hosts route it: weights of the host that is furthest behind, readiness of all of them together. */
export async function observeAlias(db: Db, alias: AliasName): Promise<readonly ObservedVersion[]> {
  const { rows } = await sql<ObservedVersion>`
    with live as (
      select id from function_hosts where heartbeat > clock_timestamp() - ${FRESH}
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

// ---- notifications ------------------------------------------------------------------------------------------------------

/** Calls `changed` for each notification and after each (re)connection; connects again for as long as it is not stopped. */
export function listenForChanges(
  connection: Connection,
  logger: Logger,
  changed: () => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  async function listen(): Promise<void> {
    const client = new pg.Client({ ...connection, application_name: 'funade functions' });
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve);
      client.on('error', () => resolve());
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await client.connect();
      client.on('notification', changed);
      await client.query(`listen ${CHANNEL}`);
      changed();
      await ended;
    } finally {
      await client.end().catch(() => {}); // it may be broken, which is why we are here
    }
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen().catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to listen for changes of aliases; asking instead.'),
      );
      await sleep(1000, stopping.signal);
    }
  }
  const done = loop();
  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
