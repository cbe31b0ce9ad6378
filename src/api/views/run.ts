import {
  type ApprovalRow,
  type DecisionRow,
  type RunRow,
  type StageRow,
  type StageWait,
  hasRunEnded,
  listApprovals,
  readDecisions,
  readStages,
} from '../../releases/index.ts';
import { type RolloutRow, isActive, isWaiting, readOpenRollouts, readRollouts } from '../../rollouts/index.ts';
import type { Db } from '../../store/index.ts';
import type { ApprovalView, RunView, StageView, WaitView } from '../contract/index.ts';
import { type Summaries, summariesOf } from './release.ts';
import { rolloutViewOf } from './rollout.ts';

/** Runs with their stages, rollouts and approvals: what a screen needs, in a handful of queries. */
export async function runViews(db: Db, rows: readonly RunRow[]): Promise<RunView[]> {
  const ids = rows.map((row) => row.id);
  const stages = await readStages(db, ids);
  const rollouts = new Map(
    (
      await readRollouts(
        db,
        stages.flatMap((stage) => stage.rollout_id ?? []),
      )
    ).map((row) => [row.id, row]),
  );
  const ahead = await aheadOf(db, [...rollouts.values()]);
  const approvals = await approvalViews(db, await listApprovals(db, { runIds: ids, limit: 500 }), stages);
  const mentioned = [...rollouts.values()].flatMap((row) => [row.release_id, row.stable_id]);
  const summaries = await summariesOf(db, [...rows.map((row) => row.release_id), ...mentioned]);
  return rows.map((row) => {
    const own = stages
      .filter((stage) => stage.run_id === row.id)
      .map((stage) => stageViewOf(stage, { rollouts, ahead, approvals, summaries }));
    return runViewOf(row, own, summaries);
  });
}

/** For each rollout that waits its turn: those that stand before it in its environment's line. */
async function aheadOf(db: Db, rollouts: readonly RolloutRow[]): Promise<ReadonlyMap<string, readonly RolloutRow[]>> {
  const ahead = new Map<string, readonly RolloutRow[]>();
  for (const row of rollouts.filter(({ phase }) => isWaiting(phase))) {
    const open = await readOpenRollouts(db, row);
    ahead.set(
      row.id,
      open.filter(({ sequence }) => sequence < row.sequence),
    );
  }
  return ahead;
}

function runViewOf(row: RunRow, stages: StageView[], summaries: Summaries): RunView {
  return {
    id: row.id,
    app: row.app,
    state: stateOf(row, stages),
    release: summaries(row.release_id),
    commit: row.commit,
    trigger: row.trigger,
    stages,
    wait: waitViewOf(row.trouble) ?? stages.find((stage) => stage.wait !== null)?.wait ?? null,
    failure: row.failure === null ? null : { ...row.failure, evidence: [...row.failure.evidence] },
    createdAt: row.created_at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    finishedAt: row.finished_at?.getTime() ?? null,
  };
}

/** A run that has not ended is as its stages are: they were read a moment later than the run itself. */
function stateOf(row: RunRow, stages: readonly StageView[]): RunView['state'] {
  if (hasRunEnded(row.state)) return row.state;
  if (stages.some((stage) => stage.state === 'running')) return 'running';
  return stages.some((stage) => stage.state === 'waiting') ? 'waiting' : row.state;
}

interface Related {
  readonly rollouts: ReadonlyMap<string, RolloutRow>;
  readonly ahead: ReadonlyMap<string, readonly RolloutRow[]>;
  readonly approvals: readonly ApprovalView[];
  readonly summaries: Summaries;
}

/** A stage whose rollout has the environment is at work, whatever the pipeline itself waits for. */
function isMoving(rollout: RolloutRow | undefined): boolean {
  return rollout !== undefined && isActive(rollout.phase) && rollout.state.paused === null;
}

function waitViewOf(wait: StageWait | null): WaitView | null {
  return wait === null ? null : { ...wait, needsPerson: wait.needsPerson ?? false, next: [...wait.next] };
}

function stageViewOf(stage: StageRow, { rollouts, ahead, approvals, summaries }: Related): StageView {
  const rollout = stage.rollout_id === null ? undefined : rollouts.get(stage.rollout_id);
  const rolloutView = rollout === undefined ? null : rolloutViewOf(rollout, summaries, ahead.get(rollout.id) ?? []);
  return {
    index: stage.index,
    name: stage.name,
    kind: stage.config.kind,
    detail: detailOf(stage),
    state: stage.state === 'waiting' && isMoving(rollout) ? 'running' : stage.state,
    attempt: stage.attempt,
    startedAt: stage.started_at?.getTime() ?? null,
    finishedAt: stage.finished_at?.getTime() ?? null,
    wait: stage.wait === null ? null : (rolloutView?.wait ?? waitViewOf(stage.wait)),
    failure: stage.failure === null ? null : { ...stage.failure, evidence: [...stage.failure.evidence] },
    rollout: rolloutView,
    approval: approvals.find((approval) => approval.runId === stage.run_id && approval.stage === stage.name) ?? null,
  };
}

function detailOf({ config }: StageRow): string {
  switch (config.kind) {
    case 'run':
      return config.run.join(' && ');
    case 'deploy':
      return config.to;
    case 'verify':
      return [config.in, config.http ?? config.run.join(' && ')].join(' ');
    case 'approve':
      return config.by.join(', ');
  }
}

/** Newest first, so that the open request of a stage stands before one that was voided. */
export async function approvalViews(
  db: Db,
  rows: readonly ApprovalRow[],
  known?: readonly StageRow[],
): Promise<ApprovalView[]> {
  const stages = known ?? (await readStages(db, [...new Set(rows.map((row) => row.run_id))]));
  const decisions = await readDecisions(
    db,
    rows.map((row) => row.id),
  );
  const summaries = await summariesOf(
    db,
    rows.map((row) => row.release_id),
  );
  return rows.map((row) => approvalViewOf(row, { stages, decisions, summaries }));
}

function approvalViewOf(
  row: ApprovalRow,
  related: {
    readonly stages: readonly StageRow[];
    readonly decisions: readonly DecisionRow[];
    readonly summaries: Summaries;
  },
): ApprovalView {
  const stage = related.stages.find((entry) => entry.run_id === row.run_id && entry.index === row.stage);
  const own = related.decisions.filter((decision) => decision.approval_id === row.id);
  return {
    id: row.id,
    app: row.app,
    runId: row.run_id,
    stage: stage?.name ?? '',
    releaseId: row.release_id,
    releaseNumber: related.summaries(row.release_id)?.number ?? 0,
    target: row.target,
    configHash: row.config_hash,
    state: row.state,
    by: [...row.allowed],
    quorum: row.quorum,
    selfApproval: row.self_approval,
    decisions: own.map((decision) => ({
      user: decision.user_name,
      decision: decision.decision,
      comment: decision.comment,
      at: decision.at.getTime(),
    })),
    voidReason: row.void_reason,
    requestedAt: row.requested_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  };
}
