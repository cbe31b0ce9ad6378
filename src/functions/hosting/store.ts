import { sql } from 'kysely';
import pg from 'pg';
import { type Logger, messageOf, sleep } from '../../kernel/index.ts';
import { type Connection, type Db, toJson } from '../../store/index.ts';
import type { AliasName, Sticky, VersionSpec, Weight } from '../port.ts';
import { type AliasKind, CHANNEL, type FunctionTables, type VersionStatus } from '../store.ts';

function tables(db: Db) {
  return db.withTables<FunctionTables>();
}

/** An alias as it should be, without where its code is on this host. */
export interface DesiredAlias extends AliasName {
  readonly kind: AliasKind;
  readonly state: string;
  readonly revision: number;
  readonly weights: readonly Weight[];
  readonly sticky: Sticky | null;
  /** Those of a standalone function have no `artifact` yet. */
  readonly versions: readonly VersionSpec[];
}

/** What tells two states of an alias apart, by `{app}/{environment}`; an alias that was deleted and made again is another one. */
export async function readStates(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await tables(db)
    .selectFrom('function_aliases')
    .select(['app', 'environment', 'identity', 'revision'])
    .execute();
  return new Map(rows.map((row) => [`${row.app}/${row.environment}`, `${row.identity}.${row.revision}`]));
}

/** The aliases of these names; what is not there any more is left out. */
export async function readDesired(db: Db, names: readonly string[]): Promise<readonly DesiredAlias[]> {
  if (names.length === 0) return [];
  const { rows } = await sql<DesiredAlias>`
    select a.kind, a.app, a.environment, a.identity || '.' || a.revision as state, a.revision, a.weights, a.sticky,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', v.version, 'digest', v.digest, 'artifact', v.artifact, 'form', v.form,
          'functions', v.functions, 'variables', v.variables, 'secrets', v.secrets))
        from function_versions v where v.app = a.app and v.environment = a.environment and a.kind = 'release'), (
        select jsonb_agg(jsonb_build_object('id', s.number::text, 'digest', s.digest, 'artifact', '', 'form', s.form,
          'functions', jsonb_build_object('main', s.config), 'variables', '{}'::jsonb, 'secrets', s.secrets))
        from standalone_versions s, jsonb_array_elements(a.weights) w
        where s.function = a.app and s.number::text = w.value->>'version' and a.kind = 'standalone'), '[]') as versions
    from function_aliases a where a.app || '/' || a.environment = any(${names}) order by a.app, a.environment`.execute(
    tables(db),
  );
  return rows;
}

export interface RoutedRow extends AliasName {
  readonly revision: number;
  readonly weights: readonly Weight[];
}

export interface HostedRow extends AliasName {
  readonly version: string;
  readonly status: VersionStatus;
  readonly failure: string | null;
  readonly instances: number;
}

/** What is new since this host told last. */
export interface Acknowledgement {
  /** Nothing that was told before counts: all of it is here. */
  readonly isFirst: boolean;
  readonly aliases: readonly RoutedRow[];
  readonly versions: readonly HostedRow[];
  readonly goneAliases: readonly AliasName[];
  readonly goneVersions: readonly (AliasName & { readonly version: string })[];
}

/** One transaction, so that readers see all of it or nothing. */
export async function acknowledge(db: Db, host: string, told: Acknowledgement, countedUntil: number): Promise<void> {
  await tables(db)
    .transaction()
    .execute(async (trx) => {
      const heartbeat = sql<Date>`clock_timestamp()`;
      const { isNew } = await trx
        .insertInto('function_hosts')
        .values({ id: host, counted_until: new Date(countedUntil) })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ heartbeat }))
        .returning(sql<boolean>`xmax = 0`.as('isNew'))
        .executeTakeFirstOrThrow();
      if (isNew && !told.isFirst) throw new Error('the database has forgotten this host'); // and what it had told
      if (told.isFirst) {
        await trx.deleteFrom('function_host_aliases').where('host', '=', host).execute();
        await trx.deleteFrom('function_host_versions').where('host', '=', host).execute();
      }
      // Rows travel as JSON: a statement takes 65,535 parameters, and there may be more aliases than that.
      if (told.goneAliases.length > 0)
        await sql`
          delete from function_host_aliases h
          using json_to_recordset(${toJson(told.goneAliases)}::json) as gone (app text, environment text)
          where h.host = ${host} and h.app = gone.app and h.environment = gone.environment`.execute(trx);
      if (told.goneVersions.length > 0)
        await sql`
          delete from function_host_versions h
          using json_to_recordset(${toJson(told.goneVersions)}::json) as gone (app text, environment text, version text)
          where h.host = ${host} and h.app = gone.app and h.environment = gone.environment and h.version = gone.version`.execute(
          trx,
        );
      if (told.aliases.length > 0)
        await sql`
          insert into function_host_aliases (host, app, environment, revision, weights)
          select ${host}, app, environment, revision, weights
          from json_to_recordset(${toJson(told.aliases)}::json)
            as told (app text, environment text, revision bigint, weights jsonb)
          on conflict (host, app, environment) do update
            set revision = excluded.revision, weights = excluded.weights`.execute(trx);
      if (told.versions.length > 0)
        await sql`
          insert into function_host_versions (host, app, environment, version, status, failure, instances)
          select ${host}, app, environment, version, status, failure, instances
          from json_to_recordset(${toJson(told.versions)}::json)
            as told (app text, environment text, version text, status text, failure text, instances integer)
          on conflict (host, app, environment, version) do update
            set status = excluded.status, failure = excluded.failure, instances = excluded.instances`.execute(trx);
    });
}

/** Forgets a host, and others that have been silent for long. */
export async function removeHost(db: Db, host: string): Promise<void> {
  await sql`
    delete from function_hosts where id = ${host} or heartbeat < clock_timestamp() - interval '1 hour'`.execute(
    tables(db),
  );
}

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
