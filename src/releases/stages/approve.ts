import type { ApproveStageConfig } from '../../config/index.ts';
import { FunadeError, assertNever, newId } from '../../kernel/index.ts';
import { appendEvent } from '../../store/index.ts';
import { type Evaluation, evaluate } from '../approvals/evaluate.ts';
import { bindingOf, decisionsWithRoles, requestOf, useApproval } from '../approvals/approvals.ts';
import { type ApprovalRow, insertApproval, readApprovalOfStage, setApprovalState } from '../approvals/store.ts';
import { targetOfApproval } from '../pipeline.ts';
import type { StageWait } from '../port.ts';
import type { ReleaseRow } from '../store.ts';
import { type StageContext, type StageResult, failed } from './stage.ts';
import { initiatorOf, releaseOf } from './with-release.ts';

const HOLD_LIMIT = 7 * 86_400_000;

/** Waits for people, before the environment's line: a run that waits for an approval blocks nobody. */
export async function approveStage(context: StageContext<ApproveStageConfig>): Promise<StageResult> {
  const release = await releaseOf(context);
  const target =
    targetOfApproval(
      context.stages.map((stage) => stage.config),
      context.stage.index,
    ) ?? context.stage.name;
  const held = await heldWait(context, release, target);
  if (held !== null) return held;
  const approval = await readApprovalOfStage(context.dependencies.db, context.run.id, context.stage.index);
  if (approval === undefined) return request(context, release, target);
  const decisions = await decisionsWithRoles(context.dependencies, approval.id);
  const { clock, members } = context.dependencies;
  const evaluation = evaluate(requestOf(approval), bindingOf(release, target), decisions, {
    now: clock.now(),
    atLeast: members.atLeast,
  });
  if (evaluation.kind !== 'approved') return resultOf(context, { release, target, approval, evaluation });
  const isUsed = await useApproval(context.dependencies.db, approval.id, decisions.length);
  return isUsed ? { kind: 'succeeded' } : approveStage(context);
}

/** Nobody is asked for a release that automation may not bring back. */
async function heldWait(
  context: StageContext<ApproveStageConfig>,
  release: ReleaseRow,
  target: string,
): Promise<StageResult | null> {
  const { dependencies, run } = context;
  const initiator = initiatorOf(context, ['the approval that would be asked for']);
  const held = await dependencies.delivery.heldBecause({
    app: run.app,
    environment: target,
    releaseId: release.id,
    initiator,
  });
  if (held === null) return null;
  const before = context.stage.wait;
  const since = before?.cause === held.cause ? before.since : dependencies.clock.now();
  const until = since + HOLD_LIMIT;
  if (dependencies.clock.now() > until)
    return failed(new FunadeError('FUN_HELD', { cause: held.cause, app: run.app, environment: target }));
  const next = [
    { command: `funade hold release ${run.app} ${target} --reason "…"`, why: 'lets automation deploy it again' },
  ];
  const endedBy = 'a person who lifts the hold';
  const wait: StageWait = { cause: held.cause, since, until, endedBy, needsPerson: true, next };
  return { kind: 'waiting', wait, wakeAt: dependencies.clock.now() + 30_000 };
}

function request(context: StageContext<ApproveStageConfig>, release: ReleaseRow, target: string): StageResult {
  const { config, run, stage, dependencies } = context;
  const now = dependencies.clock.now();
  const id = newId('approval', now);
  const binding = bindingOf(release, target);
  const row = {
    id,
    app: run.app,
    run_id: run.id,
    stage: stage.index,
    release_id: binding.releaseId,
    config_hash: binding.configHash,
    target,
    plan_hash: binding.planHash,
    author: run.trigger.author ?? run.trigger.actor,
    allowed: config.by,
    quorum: config.quorum,
    self_approval: config.selfApproval,
    expires_at: new Date(now + config.within),
  };
  return {
    kind: 'waiting',
    wait: waitFor(context, { id, given: 0, since: now, until: row.expires_at.getTime() }),
    wakeAt: row.expires_at.getTime() + 1,
    commit: async (trx) => {
      await insertApproval(trx, row);
      const data = { runId: run.id, releaseId: release.id, by: config.by, quorum: config.quorum };
      await appendEvent(trx, {
        kind: 'approval.requested',
        app: run.app,
        environment: target,
        subject: id,
        actor: 'automation',
        data,
      });
    },
  };
}

interface Standing {
  readonly release: ReleaseRow;
  readonly target: string;
  readonly approval: ApprovalRow;
  readonly evaluation: Exclude<Evaluation, { readonly kind: 'approved' }>;
}

function resultOf(
  context: StageContext<ApproveStageConfig>,
  { release, target, approval, evaluation }: Standing,
): StageResult {
  switch (evaluation.kind) {
    case 'pending': {
      const [since, until] = [approval.requested_at.getTime(), approval.expires_at.getTime()];
      return {
        kind: 'waiting',
        wait: waitFor(context, { id: approval.id, given: evaluation.given, since, until }),
        wakeAt: until + 1,
      };
    }
    case 'rejected': {
      const result = failed(new FunadeError('FUN_APPROVAL_REJECTED', { user: evaluation.by, target }));
      return { ...result, commit: (trx) => setApprovalState(trx, approval.id, 'rejected', null) };
    }
    case 'expired': {
      const result = failed(
        new FunadeError('FUN_APPROVAL_EXPIRED', { target, since: approval.requested_at.toISOString() }),
      );
      return { ...result, commit: (trx) => setApprovalState(trx, approval.id, 'expired', null) };
    }
    case 'void': {
      const next = request(context, release, target);
      return {
        ...next,
        commit: async (trx) => {
          await setApprovalState(trx, approval.id, 'void', evaluation.reason);
          await appendEvent(trx, {
            kind: 'approval.voided',
            app: approval.app,
            environment: target,
            subject: approval.id,
            actor: 'automation',
            data: { reason: evaluation.reason },
          });
          await next.commit?.(trx);
        },
      };
    }
    default:
      return assertNever(evaluation);
  }
}

function waitFor(
  context: StageContext<ApproveStageConfig>,
  facts: { readonly id: string; readonly given: number; readonly since: number; readonly until: number },
): StageWait {
  const { id, given, since, until } = facts;
  const { by, quorum } = context.config;
  return {
    cause: `approval by ${by.join(' or ')} (${given} of ${quorum})`,
    since,
    until,
    endedBy: by.join(' or '),
    needsPerson: true,
    next: [{ command: `funade approve ${id}` }, { command: `funade reject ${id} --comment "…"` }],
  };
}
