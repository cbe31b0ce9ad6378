import { sql } from 'kysely';
import { type Db, toJson } from '../../store/index.ts';
import type { FunctionLogLine, LogQuery, StoredLogLine } from '../port.ts';

type LogTables = {
  function_logs: {
    position: number;
    at: Date;
    app: string;
    environment: string;
    version: string;
    function: string;
    stream: FunctionLogLine['stream'];
    request_id: string | null;
    text: string;
  };
};

function tables(db: Db) {
  return db.withTables<LogTables>();
}

export async function insertLines(db: Db, lines: readonly FunctionLogLine[]): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map((line) => ({
    at: line.at,
    app: line.app,
    environment: line.environment,
    version: line.version,
    function: line.function,
    stream: line.stream,
    request: line.requestId,
    text: line.text,
  }));
  await sql`
    insert into function_logs (at, app, environment, version, function, stream, request_id, text)
    select to_timestamp(l.at / 1000.0), l.app, l.environment, l.version, l.function, l.stream, l.request, l.text
    from rows from (jsonb_to_recordset(${toJson(rows)}::jsonb)
      as (at float8, app text, environment text, version text, function text, stream text, request text, text text))
      with ordinality as l (at, app, environment, version, function, stream, request, text, n)
    order by l.n`.execute(tables(db));
}

export async function listLines(db: Db, query: LogQuery): Promise<readonly StoredLogLine[]> {
  let found = tables(db).selectFrom('function_logs').selectAll().where('app', '=', query.app);
  if (query.environment !== undefined) found = found.where('environment', '=', query.environment);
  if (query.function !== undefined) found = found.where('function', '=', query.function);
  if (query.version !== undefined) found = found.where('version', '=', query.version);
  if (query.after !== undefined) found = found.where('position', '>', query.after);
  const direction = query.after === undefined ? 'desc' : 'asc';
  const rows = await found.orderBy('position', direction).limit(query.limit).execute();
  const lines = rows.map(({ request_id: requestId, at, position, ...line }) => ({
    ...line,
    requestId,
    at: at.getTime(),
    position: Number(position),
  }));
  return direction === 'desc' ? lines.toReversed() : lines;
}

/** Forgets lines of more than a week ago. */
export async function pruneLines(db: Db): Promise<void> {
  await sql`delete from function_logs where at < clock_timestamp() - interval '7 days'`.execute(tables(db));
}
