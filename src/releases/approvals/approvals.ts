import { createHash } from 'node:crypto';
import { FunadeError } from '../../kernel/index.ts';
import { type Db, appendEvent, transaction } from '../../store/index.ts';
import type { RunDependencies } from '../dependencies.ts';
import type { Members } from '../port.ts';
import type { ReleaseRow } from '../store.ts';
import { type ApprovalDecision, type ApprovalRequest, type Binding, isAuthor, mayDecide } from './evaluate.ts';
import {
  type ApprovalRow,
  insertDecision,
  lockApproval,
  readApproval,
  readDecisions,
  setApprovalState,
} from './store.ts';

export function bindingOf(release: Pick<ReleaseRow, 'id' | 'config_hash' | 'config'>, target: string): Binding {
  const plan = JSON.stringify(release.config.environments[target] ?? null);
  return {
    releaseId: release.id,
    configHash: release.config_hash,
    target,
    planHash: createHash('sha256').update(plan).digest('hex'),
  };
}

export function requestOf(row: ApprovalRow): ApprovalRequest {
  return {
    releaseId: row.release_id,
    configHash: row.config_hash,
    target: row.target,
    planHash: row.plan_hash,
    state: row.state,
    author: row.author,
    allowed: row.allowed,
    quorum: row.quorum,
    selfApproval: row.self_approval,
    expiresAt: row.expires_at.getTime(),
  };
}

/** Decisions with the roles that their givers have now: membership counts when the approval is used. */
export async function decisionsWithRoles(
  { db, members }: { readonly db: Db; readonly members: Members },
  approvalId: string,
): Promise<readonly ApprovalDecision[]> {
  const rows = await readDecisions(db, [approvalId]);
  return Promise.all(
    rows.map(async (row) => ({
      user: row.user_name,
      decision: row.decision,
      role: await members.roleOf(row.user_name),
    })),
  );
}

/**
 * Uses an approval on the strength of `known` decisions; false when somebody has decided since. Whoever decides holds the same
 * lock: a rejection that was taken down in time is never passed over.
 */
export async function useApproval(db: Db, approvalId: string, known: number): Promise<boolean> {
  return transaction(db, async (trx) => {
    await lockApproval(trx, approvalId);
    if ((await readDecisions(trx, [approvalId])).length !== known) return false;
    await setApprovalState(trx, approvalId, 'approved', null);
    return true;
  });
}

export interface DecisionRequest {
  readonly approvalId: string;
  readonly user: string;
  readonly decision: 'approve' | 'reject';
  readonly comment: string;
}

/** Takes down what a person decides; the run looks at it at once. Refusals leave an event and change nothing. */
export async function decideApproval(
  dependencies: Pick<RunDependencies, 'db' | 'members' | 'driver' | 'clock'>,
  request: DecisionRequest,
): Promise<void> {
  const { db, members, driver, clock } = dependencies;
  const role = await members.roleOf(request.user);
  const known = await readApproval(db, request.approvalId);
  if (known === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'approval', id: request.approvalId, list: 'funade status' });
  if (!mayDecide(requestOf(known), request.user, role, members.atLeast)) await refuse(db, known, request, role);
  await transaction(db, async (trx) => {
    const approval = await lockApproval(trx, request.approvalId);
    const action = `${request.decision} ${request.approvalId}`;
    const look = `funade watch ${known.run_id}`;
    if (approval?.state !== 'pending')
      throw new FunadeError('FUN_CONFLICT', { action, reason: `it is ${approval?.state ?? 'gone'} already`, look });
    if (clock.now() > approval.expires_at.getTime())
      throw new FunadeError('FUN_CONFLICT', { action, reason: 'it has expired', look });
    const row = {
      approval_id: approval.id,
      user_name: request.user,
      decision: request.decision,
      comment: request.comment,
    };
    if (!(await insertDecision(trx, row)))
      throw new FunadeError('FUN_CONFLICT', { action, reason: `${request.user} has decided already`, look });
    const kind = request.decision === 'approve' ? 'approval.approved' : 'approval.rejected';
    await appendEvent(trx, {
      kind,
      app: approval.app,
      environment: approval.target,
      subject: approval.id,
      actor: request.user,
      data: { comment: request.comment, runId: approval.run_id },
    });
    await driver.schedule(trx, approval.run_id);
  });
}

async function refuse(db: Db, approval: ApprovalRow, request: DecisionRequest, role: string | null): Promise<never> {
  const isOwn = isAuthor(approval, request.user) && !approval.self_approval;
  const needed = isOwn ? 'somebody other than the author of the change' : approval.allowed.join(' or ');
  await transaction(db, (trx) =>
    appendEvent(trx, {
      kind: 'access.denied',
      app: approval.app,
      environment: approval.target,
      subject: approval.id,
      actor: request.user,
      data: { action: request.decision, role, needed },
    }),
  );
  throw new FunadeError('FUN_FORBIDDEN', {
    action: `${request.decision} ${approval.id}`,
    user: request.user,
    role: role ?? 'no role',
    needed,
  });
}
