import { sql } from 'kysely';
import type { Generated, Selectable } from 'kysely';
import type { Db, Trx } from '../../store/index.ts';

interface SourcesTable {
  name: string;
  forge: string;
  api_url: string | null;
  added_by: string;
  created_at: Date;
  last_failure_at: Generated<Date | null>;
  last_failure_reason: Generated<string | null>;
  last_failure_client: Generated<string | null>;
  failures: Generated<number>;
}

interface RepositoriesTable {
  source: string;
  full_name: string;
  project_id: Generated<string | null>;
  /** Null: of the configuration or an application; the row only remembers. */
  added_by: string | null;
  created_at: Generated<Date>;
  hook_id: Generated<string | null>;
  hook_url: Generated<string | null>;
  hook_troubles: Generated<string[]>;
  hook_checked_at: Generated<Date | null>;
  poll_at: Generated<Date | null>;
  polled_at: Generated<Date | null>;
  poll_failure: Generated<string | null>;
}

type SourceTables = {
  sources: SourcesTable;
  source_repositories: RepositoriesTable;
  source_refs: { source: string; full_name: string };
};

export type SourceRow = Selectable<SourcesTable>;
export type RepositoryRow = Selectable<RepositoriesTable>;

export interface LastDelivery {
  readonly source: string;
  readonly id: string;
  readonly at: Date;
  readonly event: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly secretLabel: string | null;
}

function tables(db: Db | Trx) {
  return db.withTables<SourceTables>();
}

export function selectSources(db: Db | Trx): Promise<readonly SourceRow[]> {
  return tables(db).selectFrom('sources').selectAll().orderBy('name').execute();
}

export function selectRepositories(db: Db | Trx): Promise<readonly RepositoryRow[]> {
  return tables(db)
    .selectFrom('source_repositories')
    .select([
      'source',
      'full_name',
      'project_id',
      'added_by',
      'created_at',
      'hook_id',
      'hook_url',
      'hook_troubles',
      'hook_checked_at',
      'poll_at',
      'polled_at',
      'poll_failure',
    ])
    .orderBy('source')
    .orderBy('full_name')
    .execute();
}

/** The newest webhook of each source; replays and findings are not ones. */
export async function selectLastDeliveries(db: Db, sources: readonly string[]): Promise<readonly LastDelivery[]> {
  const { rows } = await sql<LastDelivery>`
    select s.name as source, d.id, d.received_at as at, d.event, d.outcome, d.reason, d.secret_label as "secretLabel"
    from unnest(${sources}::text[]) as s (name)
    cross join lateral (
      select * from deliveries
      where deliveries.source = s.name and via = 'webhook' and replay_of is null
      order by id desc limit 1) as d`.execute(db);
  return rows;
}

/** Waits until nobody else changes the source, in whatever process, and keeps others from it until the transaction ends. */
export async function lockSource(trx: Trx, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`funade source ${name}`}, 0))`.execute(trx);
}

/** The row of a source, which is there once. True when it was not there before. */
export async function insertSource(
  trx: Trx,
  source: {
    readonly name: string;
    readonly forge: string;
    readonly apiUrl: string | null;
    readonly by: string;
    readonly at: Date;
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables(trx)
    .insertInto('sources')
    .values({
      name: source.name,
      forge: source.forge,
      api_url: source.apiUrl,
      added_by: source.by,
      created_at: source.at,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Repositories that were remembered for another reason become added ones. */
export async function insertRepositories(
  trx: Trx,
  source: string,
  repositories: readonly string[],
  added: { readonly by: string; readonly at: Date },
): Promise<void> {
  if (repositories.length === 0) return;
  const rows = repositories.map((name) => {
    return { source, full_name: name, added_by: added.by, created_at: added.at };
  });
  await tables(trx)
    .insertInto('source_repositories')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['source', 'full_name'])
        .doUpdateSet({ added_by: sql`coalesce(source_repositories.added_by, excluded.added_by)` }),
    )
    .execute();
}

export async function noteHook(
  db: Db,
  noted: {
    readonly source: string;
    readonly repository: string;
    /** Null: what was noted before stays. */
    readonly hook: { readonly id: string; readonly url: string } | null;
    readonly troubles: readonly string[];
    readonly at: Date;
  },
): Promise<void> {
  const hook = noted.hook === null ? {} : { hook_id: noted.hook.id, hook_url: noted.hook.url };
  const state = { ...hook, hook_troubles: [...noted.troubles], hook_checked_at: noted.at };
  await tables(db)
    .insertInto('source_repositories')
    .values({ source: noted.source, full_name: noted.repository, added_by: null, created_at: noted.at, ...state })
    .onConflict((conflict) => conflict.columns(['source', 'full_name']).doUpdateSet(state))
    .execute();
}

export async function deleteSource(trx: Trx, name: string): Promise<void> {
  await tables(trx).deleteFrom('source_refs').where('source', '=', name).execute();
  await tables(trx).deleteFrom('source_repositories').where('source', '=', name).execute();
  await tables(trx).deleteFrom('sources').where('name', '=', name).execute();
}

export async function deleteRepositories(trx: Trx, source: string, repositories: readonly string[]): Promise<void> {
  if (repositories.length === 0) return;
  await tables(trx)
    .deleteFrom('source_refs')
    .where('source', '=', source)
    .where('full_name', 'in', repositories)
    .execute();
  await tables(trx)
    .deleteFrom('source_repositories')
    .where('source', '=', source)
    .where('full_name', 'in', repositories)
    .execute();
}

/** Adds failures to a source. One of the configuration gets its row here; one that was removed meanwhile does not come back. */
export async function addFailures(
  db: Db,
  failed: {
    readonly name: string;
    readonly forge: string;
    readonly isConfigured: boolean;
    readonly count: number;
    readonly last: { readonly at: Date; readonly reason: string; readonly client: string };
  },
): Promise<void> {
  const { name, forge, count, last } = failed;
  const noted = { last_failure_at: last.at, last_failure_reason: last.reason, last_failure_client: last.client };
  if (failed.isConfigured) {
    await tables(db)
      .insertInto('sources')
      .values({ name, forge, api_url: null, added_by: 'automation', created_at: last.at })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
  }
  await tables(db)
    .updateTable('sources')
    .set({ ...noted, failures: sql`failures + ${count}` })
    .where('name', '=', name)
    .execute();
}
