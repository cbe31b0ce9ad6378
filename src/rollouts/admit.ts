import { formatDuration } from '../kernel/index.ts';

/** Who asked for a rollout. A person's own request, or an approval, opens a hold; automation never does. */
export interface Initiator {
  readonly kind: 'automation' | 'person';
  readonly user: string;
  readonly approvedBy: readonly string[];
}

/** A release that was taken back: automation does not bring it again. */
export interface Hold {
  readonly releaseId: string;
  readonly releaseNumber: number;
  /** `release`: only that one is held. `environment`: newer ones need an approval or a person, too. */
  readonly scope: 'release' | 'environment';
  readonly by: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface WaitingRollout {
  readonly id: string;
  readonly kind: 'deploy' | 'rollback';
  readonly releaseId: string;
  /** Rises with every release of the application. */
  readonly number: number;
  readonly initiator: Initiator;
  readonly createdAt: number;
  readonly concurrency: 'supersede' | 'queue';
  /** Whether its commit is an ancestor of the live one. */
  readonly older: boolean;
}

export interface EnvironmentFacts {
  readonly live: string | null;
  readonly hold: Hold | null;
  readonly drift: string | null;
  /** Id of the rollout that has the environment now. */
  readonly active: string | null;
}

/** What a waiting rollout waits for, in the words of `waitView`. */
export interface Wait {
  readonly cause: string;
  readonly since: number;
  readonly until: number | null;
  readonly endedBy: string;
}

export type Admission =
  | { readonly id: string; readonly kind: 'start' }
  | { readonly id: string; readonly kind: 'already_live' }
  | { readonly id: string; readonly kind: 'superseded'; readonly reason: string }
  | { readonly id: string; readonly kind: 'cancelled'; readonly reason: string }
  | {
      readonly id: string;
      readonly kind: 'wait';
      readonly phase: 'waiting_gate' | 'waiting_lock';
      readonly wait: Wait;
    };

export const GATE_LIMIT = 7 * 86_400_000;

/**
 * Decides what each waiting rollout of an environment does now, oldest first in and out. At most one starts. Rollbacks go
 * first; with `supersede` only the newest deployment keeps waiting, with `queue` all keep their order.
 */
export function admit(
  environment: EnvironmentFacts,
  waiting: readonly WaitingRollout[],
  now: number,
): readonly Admission[] {
  const rollback = waiting.find((rollout) => rollout.kind === 'rollback');
  const admissions: Admission[] = [];
  let busy = environment.active;
  for (const rollout of waiting.toSorted((a, b) => Number(b === rollback) - Number(a === rollback))) {
    const admission = admitOne(environment, rollout, { waiting, busy, now });
    if (admission.kind === 'start') busy = rollout.id;
    admissions.push(admission);
  }
  return admissions;
}

function admitOne(
  environment: EnvironmentFacts,
  rollout: WaitingRollout,
  context: { readonly waiting: readonly WaitingRollout[]; readonly busy: string | null; readonly now: number },
): Admission {
  const { id } = rollout;
  const { waiting, busy, now } = context;
  const isLive = rollout.releaseId === environment.live && environment.drift === null;
  if (isLive && busy === null) return { id, kind: 'already_live' };
  if (rollout.kind === 'deploy') {
    const obsolete = obsoleteBecause(environment, rollout, waiting);
    if (obsolete !== null) return { id, kind: 'superseded', reason: obsolete };
    const gate = gateOf(environment, rollout);
    if (gate !== null && now - rollout.createdAt > GATE_LIMIT) {
      return { id, kind: 'cancelled', reason: `${gate.cause}; nobody decided within ${formatDuration(GATE_LIMIT)}` };
    }
    if (gate !== null) return { id, kind: 'wait', phase: 'waiting_gate', wait: gate };
  }
  if (busy !== null) {
    const wait = {
      cause: `rollout ${busy} has the environment`,
      since: rollout.createdAt,
      until: null,
      endedBy: 'its end, or `funade abort`',
    };
    return { id, kind: 'wait', phase: 'waiting_lock', wait };
  }
  return { id, kind: 'start' };
}

function obsoleteBecause(
  environment: EnvironmentFacts,
  rollout: WaitingRollout,
  waiting: readonly WaitingRollout[],
): string | null {
  if (isOutdated(rollout)) return 'older than what is live';
  if (rollout.concurrency !== 'supersede') return null;
  const newest = newestOf(environment, rollout, waiting);
  return newest.id === rollout.id ? null : `superseded by ${newest.id}`;
}

function isOutdated(rollout: WaitingRollout): boolean {
  return rollout.kind === 'deploy' && rollout.older && rollout.initiator.kind === 'automation';
}

/**
 * The deployment that takes the place of the others, in the order of requests. Automation never puts an older release in the
 * place of a newer one, and one that waits at a gate takes no place from one that may go: it blocks nobody.
 */
function newestOf(
  environment: EnvironmentFacts,
  rollout: WaitingRollout,
  waiting: readonly WaitingRollout[],
): WaitingRollout {
  const isGated = gateOf(environment, rollout) !== null;
  return waiting
    .filter((other) => other.kind === 'deploy' && !isOutdated(other))
    .filter((other) => other.id === rollout.id || isGated || gateOf(environment, other) === null)
    .reduce((newest, other) => {
      const isOlder = other.initiator.kind === 'automation' && other.number < newest.number;
      return isOlder ? newest : other;
    });
}

/** A gate that only a person opens. Rollbacks have none. */
function gateOf(environment: EnvironmentFacts, rollout: WaitingRollout): Wait | null {
  const since = rollout.createdAt;
  const until = rollout.createdAt + GATE_LIMIT;
  if (environment.drift !== null && rollout.initiator.kind === 'automation') {
    return {
      cause: `drift: ${environment.drift}`,
      since,
      until,
      endedBy: 'the target agreeing with the ledger again, `funade rollback`, or `funade ship` by a person',
    };
  }
  const cause = heldBecause(environment.hold, rollout.releaseId, rollout.initiator);
  if (cause === null) return null;
  return { cause, since, until, endedBy: '`funade hold release`, or `funade ship` by a person' };
}

/** Why a hold keeps a release from an environment; null when it does not. */
export function heldBecause(hold: Hold | null, releaseId: string, initiator: Initiator): string | null {
  if (hold === null || initiator.kind === 'person') return null;
  const text = `v${hold.releaseNumber} was taken back by ${hold.by} (${hold.reason})`;
  if (hold.releaseId === releaseId) return `held: ${text}; automation does not bring it back`;
  if (hold.scope === 'release' || initiator.approvedBy.length > 0) return null;
  return `held: ${text}; the next release needs an approval or a person`;
}
