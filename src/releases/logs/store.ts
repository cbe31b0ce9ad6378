import { sql } from 'kysely';
import type { Db } from '../../store/index.ts';
import type { StageKey } from '../store.ts';

/** Chunks that are looked through for the last lines of a stage. */
const TAIL_CHUNKS = 20;

export async function appendLog(db: Db, stage: StageKey, text: string): Promise<void> {
  await sql`insert into stage_logs (run_id, stage, text) values (${stage.run_id}, ${stage.index}, ${text.replaceAll('\0', '\uFFFD')})`.execute(
    db,
  );
}

export interface LogChunk {
  readonly position: number;
  readonly stage: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** Chunks of a run's log after a position, oldest first. */
export async function readLog(
  db: Db,
  runId: string,
  filter: { readonly after: number; readonly stage?: number | undefined; readonly limit: number },
): Promise<readonly LogChunk[]> {
  const stage = filter.stage === undefined ? sql`true` : sql`stage = ${filter.stage}`;
  const { rows } = await sql<{ position: number; stage: number; at: Date; text: string }>`
    select position, stage, at, text from stage_logs where run_id = ${runId} and position > ${filter.after} and ${stage} order by position limit ${filter.limit}`.execute(
    db,
  );
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

/** The last lines of a stage, for evidence. */
export async function readLogTail(db: Db, stage: StageKey, lines: number): Promise<readonly string[]> {
  const { rows } = await sql<{ text: string }>`
    select text from stage_logs where run_id = ${stage.run_id} and stage = ${stage.index} order by position desc limit ${TAIL_CHUNKS}`.execute(
    db,
  );
  const text = rows
    .toReversed()
    .map((row) => row.text)
    .join('');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);
}

/** Forgets the output of runs that ended before `at` (epoch ms); answers how many chunks went. */
export async function pruneLogs(db: Db, at: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from stage_logs using runs where runs.id = stage_logs.run_id and runs.finished_at < to_timestamp(${at / 1000})`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0n);
}
