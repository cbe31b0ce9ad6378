import type {
  ApprovalView,
  Role,
  RolloutPhase,
  RolloutView,
  SessionView,
  SteeringAct,
  TaskView,
} from '../src/api/contract/index.ts';
import type { RolloutCommand } from './client.ts';

const RANK: Readonly<Record<Role, number>> = { viewer: 0, deployer: 1, approver: 2, owner: 3 };

export function isRole(name: string): name is Role {
  return Object.hasOwn(RANK, name);
}

function reaches(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

export function mayCommand(session: SessionView): boolean {
  return reaches(session.role, 'deployer');
}

/** Whether the page offers the decision. The server has the last word: it also knows who asked for the release. */
export function mayDecide(session: SessionView, approval: ApprovalView): boolean {
  if (approval.state !== 'pending') return false;
  if (approval.decisions.some((made) => made.user === session.user)) return false;
  return approval.by.some((name) => name === session.user || (isRole(name) && reaches(session.role, name)));
}

const WORKING: readonly RolloutPhase[] = ['preparing', 'shifting', 'holding', 'baking'];
/** Baking is the last step: only `funade promote --full` with a reason ends it. */
const PROMOTABLE: readonly RolloutPhase[] = ['shifting', 'holding'];
const QUEUED: readonly RolloutPhase[] = ['queued', 'waiting_gate', 'waiting_lock'];

/** What a person can do to a rollout now, in the order of the buttons. */
export function rolloutCommands(rollout: Pick<RolloutView, 'phase' | 'paused' | 'kind'>): readonly RolloutCommand[] {
  if (QUEUED.includes(rollout.phase)) return ['abort'];
  if (!WORKING.includes(rollout.phase)) return [];
  if (rollout.kind === 'rollback') return ['abort'];
  const commands: RolloutCommand[] = PROMOTABLE.includes(rollout.phase) ? ['promote'] : [];
  commands.push(rollout.paused === null ? 'pause' : 'resume', 'abort');
  return commands;
}

/** A body may hold what only people who deploy should read, so the server shows one delivery to them alone. */
export function mayReadDelivery(session: SessionView): boolean {
  return reaches(session.role, 'deployer');
}

/** A task whose process was stopped goes on by itself. */
export function isDrained({ state, reason }: Pick<TaskView, 'state' | 'reason'>): boolean {
  return state === 'paused' && reason === 'drain';
}

export function maySteer(session: SessionView, act: SteeringAct): boolean {
  return reaches(session.role, act === 'approve' ? 'approver' : 'deployer');
}
