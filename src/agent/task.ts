import { type Db, type Trx } from '../store/index.ts';
import type { Task } from './port.ts';
import { possibleActs, standingOf } from './steering.ts';
import { type AttemptRow, type TaskRow, readAttempts } from './store.ts';

/** The tasks as people and runners see them, each with its attempts. */
export async function withAttempts(db: Db | Trx, rows: readonly TaskRow[]): Promise<readonly Task[]> {
  const attempts = await readAttempts(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) =>
    taskOf(
      row,
      attempts.filter(({ task }) => task === row.id),
    ),
  );
}

function taskOf(row: TaskRow, attempts: readonly AttemptRow[]): Task {
  return {
    id: row.id,
    source: row.source,
    forge: row.forge,
    host: row.host,
    projectId: row.project_id,
    project: row.project,
    kind: row.kind,
    number: row.number,
    title: row.title,
    url: row.url,
    generation: row.generation,
    state: row.state,
    reason: row.reason,
    errorId: row.error_id,
    label: row.label,
    actor: row.actor,
    actorId: row.actor_id,
    via: row.via,
    deliveryId: row.delivery_id,
    worker: row.worker,
    queuedAt: row.queued_at.getTime(),
    notBefore: row.not_before?.getTime() ?? null,
    claimedAt: row.claimed_at?.getTime() ?? null,
    endedAt: row.ended_at?.getTime() ?? null,
    attempts: attempts.map((attempt) => ({
      number: attempt.number,
      worker: attempt.worker,
      startedAt: attempt.started_at.getTime(),
      endedAt: attempt.ended_at?.getTime() ?? null,
      outcome: attempt.outcome,
      reason: attempt.reason,
      errorId: attempt.error_id,
    })),
    acts: possibleActs(standingOf(row)),
    branch: row.head_sha === null ? null : row.branch,
    change: changeOf(row),
    plan: row.plan,
    planText: row.plan_text,
    planApprovedBy: row.plan_approved_by,
    note: row.note,
    summary: row.summary,
    detail: row.detail,
    usage: {
      steps: row.steps,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      money: row.money,
    },
    pausedAt: row.paused_at?.getTime() ?? null,
    steeredBy: row.steered_by,
    steerReason: row.steer_reason,
  };
}

function changeOf({ change_number: number, change_url: url, change_adopted: adopted }: TaskRow): Task['change'] {
  return number === null || url === null ? null : { number, url, adopted };
}
