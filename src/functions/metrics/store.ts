import { sql } from 'kysely';
import type { Db } from '../../store/index.ts';
import type { AliasName, CountsQuery } from '../port.ts';
import { FRESH } from '../store.ts';
import { type CountRow, INTERVAL } from './counters.ts';

type MetricTables = {
  function_metrics: {
    app: string;
    environment: string;
    version: string;
    start: Date;
    host: string;
    requests: number;
    errors: number;
    latency: readonly number[];
  };
};

/** Without a live host nobody says until when it has counted; then an interval is complete this long after its end. */
const MARGIN = sql`interval '2 seconds'`;

function tables(db: Db) {
  return db.withTables<MetricTables>();
}

/**
 * Stores complete intervals and says until when this host has counted, in one transaction: a reader that sees the mark sees
 * the counts. Rows are written once; the same flush again changes nothing.
 */
export async function storeCounts(
  db: Db,
  host: { readonly id: string; readonly incarnation: string },
  rows: readonly CountRow[],
  countedUntil: number,
): Promise<boolean> {
  return tables(db)
    .transaction()
    .execute(async (trx) => {
      if (rows.length > 0) {
        const values = rows.map((row) => ({
          app: row.app,
          environment: row.environment,
          version: row.version,
          start: new Date(row.start),
          host: host.incarnation,
          requests: row.requests,
          errors: row.errors,
          latency: row.latency,
        }));
        await trx
          .insertInto('function_metrics')
          .values(values)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      const { rows: known } = await sql`
        update function_hosts set heartbeat = clock_timestamp(), counted_until = ${new Date(countedUntil)}
        where id = ${host.id} returning id`.execute(trx);
      return known.length > 0;
    });
}

export interface StoredCounts {
  readonly version: string;
  readonly start: number;
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Rows of all hosts, oldest first, of intervals that every live host has finished counting. */
export async function readStoredCounts(db: Db, query: CountsQuery): Promise<readonly StoredCounts[]> {
  const { rows } = await sql<StoredCounts>`
    with mark as (
      select coalesce(min(counted_until), clock_timestamp() - ${MARGIN}) as until
      from function_hosts where heartbeat > clock_timestamp() - ${FRESH}::interval
    )
    select version, (extract(epoch from start) * 1000)::float8 as start, requests, errors, latency
    from function_metrics, mark
    where app = ${query.app} and environment = ${query.environment} and version = any(${query.versions})
      and start >= ${new Date(query.since)}
      and start + ${INTERVAL} * interval '1 millisecond' <= least(mark.until, ${new Date(query.until)})
    order by start, version`.execute(tables(db));
  return rows;
}

export interface StoredSummary extends AliasName {
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Sums of the last minute per application and environment. */
export async function readLastMinute(db: Db): Promise<readonly StoredSummary[]> {
  const { rows } = await sql<StoredSummary>`
    with recent as (
      select * from function_metrics where start > clock_timestamp() - interval '61 seconds'
    ), buckets as (
      select app, environment, place, sum(value)::int as value
      from recent, unnest(latency) with ordinality as bucket (value, place) group by 1, 2, 3
    ), histograms as (
      select app, environment, array_agg(value order by place) as latency from buckets group by 1, 2
    )
    select app, environment, sum(requests)::int as requests, sum(errors)::int as errors, histograms.latency
    from recent join histograms using (app, environment) group by app, environment, histograms.latency
    order by app, environment`.execute(tables(db));
  return rows;
}

export interface StoredTotals {
  readonly environment: string;
  readonly version: string;
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Sums of the last minutes per environment (or alias) and version of one application or function. */
export async function readTotals(db: Db, app: string, minutes: number): Promise<readonly StoredTotals[]> {
  const { rows } = await sql<StoredTotals>`
    with recent as (
      select * from function_metrics
      where app = ${app} and start > clock_timestamp() - ${minutes} * interval '1 minute'
    ), buckets as (
      select environment, version, place, sum(value)::int as value
      from recent, unnest(latency) with ordinality as bucket (value, place) group by 1, 2, 3
    ), histograms as (
      select environment, version, array_agg(value order by place) as latency from buckets group by 1, 2
    )
    select environment, version, sum(requests)::int as requests, sum(errors)::int as errors, histograms.latency
    from recent join histograms using (environment, version) group by environment, version, histograms.latency
    order by environment, version`.execute(tables(db));
  return rows;
}

export async function pruneCounts(db: Db): Promise<void> {
  await sql`delete from function_metrics where start < clock_timestamp() - interval '24 hours'`.execute(tables(db));
}
