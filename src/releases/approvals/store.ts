import { sql } from 'kysely';
import type { Db, Trx } from '../../store/index.ts';

export interface ApprovalRow {
  readonly id: string;
  readonly app: string;
  readonly run_id: string;
  readonly stage: number;
  readonly release_id: string;
  readonly config_hash: string;
  readonly target: string;
  readonly plan_hash: string;
  readonly author: string;
  readonly allowed: readonly string[];
  readonly quorum: number;
  readonly self_approval: boolean;
  readonly state: 'pending' | 'approved' | 'rejected' | 'void' | 'expired';
  readonly void_reason: string | null;
  readonly requested_at: Date;
  readonly expires_at: Date;
}

export interface DecisionRow {
  readonly approval_id: string;
  readonly user_name: string;
  readonly decision: 'approve' | 'reject';
  readonly comment: string;
  readonly at: Date;
}

export async function insertApproval(
  trx: Trx,
  row: Omit<ApprovalRow, 'state' | 'void_reason' | 'requested_at'>,
): Promise<void> {
  await sql`
    insert into approvals (id, app, run_id, stage, release_id, config_hash, target, plan_hash, author, allowed, quorum, self_approval, expires_at)
    values (${row.id}, ${row.app}, ${row.run_id}, ${row.stage}, ${row.release_id}, ${row.config_hash}, ${row.target}, ${row.plan_hash}, ${row.author},
      ${JSON.stringify(row.allowed)}, ${row.quorum}, ${row.self_approval}, ${row.expires_at})`.execute(trx);
}

export async function readApproval(db: Db | Trx, id: string): Promise<ApprovalRow | undefined> {
  const { rows } = await sql<ApprovalRow>`select * from approvals where id = ${id}`.execute(db);
  return rows[0];
}

/** Reads an approval and keeps everybody else from changing it until the transaction ends. */
export async function lockApproval(trx: Trx, id: string): Promise<ApprovalRow | undefined> {
  const { rows } = await sql<ApprovalRow>`select * from approvals where id = ${id} for update`.execute(trx);
  return rows[0];
}

export async function readApprovalOfStage(
  db: Db | Trx,
  runId: string,
  stage: number,
): Promise<ApprovalRow | undefined> {
  const { rows } =
    await sql<ApprovalRow>`select * from approvals where run_id = ${runId} and stage = ${stage} order by requested_at desc limit 1`.execute(
      db,
    );
  return rows[0];
}

/** Newest first. */
export async function listApprovals(
  db: Db,
  filter: {
    readonly state?: string | undefined;
    readonly runIds?: readonly string[] | undefined;
    readonly limit: number;
    /** Only what stands after this request in that order. */
    readonly before?: string | undefined;
  },
): Promise<readonly ApprovalRow[]> {
  const state = filter.state === undefined ? sql`true` : sql`state = ${filter.state}`;
  const runs = filter.runIds === undefined ? sql`true` : sql`run_id = any(${[...filter.runIds]})`;
  const after =
    filter.before === undefined
      ? sql`true`
      : sql`(requested_at, id) < (select requested_at, id from approvals where id = ${filter.before})`;
  const { rows } = await sql<ApprovalRow>`
    select * from approvals where ${state} and ${runs} and ${after} order by requested_at desc, id desc limit ${filter.limit}`.execute(
    db,
  );
  return rows;
}

export async function readDecisions(db: Db | Trx, approvalIds: readonly string[]): Promise<readonly DecisionRow[]> {
  const { rows } =
    await sql<DecisionRow>`select * from approval_decisions where approval_id = any(${[...approvalIds]}) order by at`.execute(
      db,
    );
  return rows;
}

/** One decision a person: the first one counts. False when there is one already. */
export async function insertDecision(trx: Trx, row: Omit<DecisionRow, 'at'>): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into approval_decisions (approval_id, user_name, decision, comment)
    values (${row.approval_id}, ${row.user_name}, ${row.decision}, ${row.comment}) on conflict do nothing`.execute(trx);
  return numAffectedRows === 1n;
}

export async function setApprovalState(
  trx: Trx,
  id: string,
  state: ApprovalRow['state'],
  reason: string | null,
): Promise<void> {
  await sql`update approvals set state = ${state}, void_reason = ${reason} where id = ${id} and state = 'pending'`.execute(
    trx,
  );
}

/** Closes what a run still asks for. */
export async function voidApprovalsOf(trx: Trx, runId: string, reason: string): Promise<void> {
  await sql`update approvals set state = 'void', void_reason = ${reason} where run_id = ${runId} and state = 'pending'`.execute(
    trx,
  );
}

/** Everybody whose approval opened a stage of the run. */
export async function readApproversOf(db: Db, runId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ user_name: string }>`
    select distinct d.user_name from approval_decisions d join approvals a on a.id = d.approval_id
    where a.run_id = ${runId} and a.state = 'approved' and d.decision = 'approve' order by 1`.execute(db);
  return rows.map((row) => row.user_name);
}
