import { FunadeError, assertNever, isFunadeError, messageOf } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { type Trx, transaction } from '../store/index.ts';
import { type Admission, GATE_LIMIT, type WaitingRollout, admit } from './admit.ts';
import { deploymentOf } from './aftermath.ts';
import { AUTOMATION } from './decide/decision.ts';
import type { EngineDependencies } from './dependencies.ts';
import { tell } from './events.ts';
import { driftNow } from './housekeeping.ts';
import { type RolloutPlan, withoutSteps } from './plan.ts';
import { type RolloutState, initialState } from './state.ts';
import * as store from './store.ts';

export interface Line {
  readonly environment: store.EnvironmentRow;
  readonly active: store.RolloutRow | undefined;
  readonly waiting: readonly store.RolloutRow[];
}

/** Lets the line move up; true when somebody was given the environment or left the line. */
export async function admitWaiting(dependencies: EngineDependencies, lease: Lease, line: Line): Promise<boolean> {
  const { db, clock } = dependencies;
  const { environment, active } = line;
  // What is live is what the target shows, so nobody starts on the ledger's word alone.
  const drift = active === undefined ? await driftNow(dependencies, lease, environment) : environment.drift;
  const facts = { live: environment.live_release, hold: environment.hold, drift, active: active?.id ?? null };
  const looks = await Promise.all(line.waiting.map((row) => lookAt(dependencies, environment, row)));
  const settled = looks.flatMap((look) => ('admission' in look ? [look.admission] : []));
  const waiting = looks.flatMap((look) => ('waiting' in look ? [look.waiting] : []));
  const admissions = [...settled, ...admit(facts, waiting, clock.now())];
  return transaction(db, async (trx) => {
    let moved = false;
    for (const admission of admissions) {
      const row = line.waiting.find((entry) => entry.id === admission.id);
      if (row !== undefined) moved = (await apply(dependencies, trx, row, admission)) || moved;
    }
    return moved;
  });
}

type Look = { readonly admission: Admission } | { readonly waiting: WaitingRollout };

/** What the line needs to know of one rollout. Trouble with its release is its own and holds up nobody else. */
async function lookAt(
  dependencies: EngineDependencies,
  environment: store.EnvironmentRow,
  row: store.RolloutRow,
): Promise<Look> {
  const { id } = row;
  const abort = (await store.readCommands(dependencies.db, id)).find((command) => command.kind === 'abort');
  if (abort !== undefined) {
    const reason = abort.reason === '' ? `aborted by ${abort.by}` : abort.reason;
    return { admission: { id, kind: 'cancelled', reason } };
  }
  try {
    return { waiting: await waitingOf(dependencies, environment, row) };
  } catch (thrown) {
    if (isFunadeError(thrown) && thrown.code === 'FUN_NOT_FOUND')
      return { admission: { id, kind: 'cancelled', reason: thrown.message } };
    const since = row.created_at.getTime();
    const cause = `its release can't be read: ${messageOf(thrown)}`;
    const wait = { cause, since, until: since + GATE_LIMIT, endedBy: 'the next look, or `funade abort`' };
    return { admission: { id, kind: 'wait', phase: 'waiting_gate', wait } };
  }
}

async function waitingOf(
  { catalog }: EngineDependencies,
  environment: store.EnvironmentRow,
  row: store.RolloutRow,
): Promise<WaitingRollout> {
  const { config, number } = await catalog.get(row.release_id, row.environment);
  const older =
    row.kind === 'deploy' &&
    environment.live_release !== null &&
    (await catalog.isOlder(row.release_id, environment.live_release));
  return {
    id: row.id,
    kind: row.kind,
    releaseId: row.release_id,
    number,
    initiator: row.initiator,
    createdAt: row.created_at.getTime(),
    concurrency: config.concurrency,
    older,
  };
}

async function apply(
  dependencies: EngineDependencies,
  trx: Trx,
  row: store.RolloutRow,
  admission: Admission,
): Promise<boolean> {
  switch (admission.kind) {
    case 'start':
      await start(dependencies, trx, row);
      return true;
    case 'wait':
      await stayInLine(trx, row, admission);
      return false;
    case 'already_live':
      await arrive(dependencies, trx, row);
      return true;
    case 'superseded':
    case 'cancelled':
      await leave(dependencies, trx, row, { phase: admission.kind, reason: admission.reason, weight: 0 });
      return true;
    default:
      return assertNever(admission);
  }
}

async function stayInLine(
  trx: Trx,
  row: store.RolloutRow,
  admission: Extract<Admission, { kind: 'wait' }>,
): Promise<void> {
  const { phase, wait } = admission;
  if (row.phase === phase && row.wait?.cause === wait.cause) return;
  if (!(await store.saveWait(trx, row, phase, wait))) throw overtaken(row);
  await tell(trx, row, { kind: 'rollout.waiting', actor: AUTOMATION, data: { phase, cause: wait.cause } });
}

/** What it was to bring is there: a deployment has nothing to do, a rollback found that the abort before it did the work. */
async function arrive(dependencies: EngineDependencies, trx: Trx, row: store.RolloutRow): Promise<void> {
  if (row.kind === 'deploy')
    return leave(dependencies, trx, row, { phase: 'succeeded', reason: 'the release is live already', weight: 100 });
  const hold = (await store.readEnvironment(trx, row))?.hold ?? null;
  if (hold !== null)
    await store.updateEnvironment(trx, row, { hold: { ...hold, scope: 'environment', by: row.initiator.user } });
  const reason = 'the rollout in progress was aborted, so the release has all traffic again';
  return leave(dependencies, trx, row, { phase: 'rolled_back', reason, weight: 100 });
}

async function leave(
  dependencies: EngineDependencies,
  trx: Trx,
  row: store.RolloutRow,
  end: {
    readonly phase: 'succeeded' | 'rolled_back' | 'superseded' | 'cancelled';
    readonly reason: string;
    readonly weight: number;
  },
): Promise<void> {
  const { phase, reason, weight } = end;
  const state: RolloutState = { ...row.state, phase, weight, outcome: { by: AUTOMATION, reason, evidence: [] } };
  if (!(await store.endWaiting(trx, row, state))) throw overtaken(row);
  await store.updateDeployment(trx, row.id, { ...deploymentOf(state), finished: true });
  await tell(trx, row, { kind: 'rollout.ended', actor: AUTOMATION, data: { phase, reason } });
  await dependencies.listener.ended(trx, { id: row.id, runId: row.run_id, phase });
}

async function start(dependencies: EngineDependencies, trx: Trx, row: store.RolloutRow): Promise<void> {
  const environment = await store.readEnvironment(trx, row);
  const live = environment?.live_release ?? null;
  const { plan, notes } = planFrom(row, live);
  const state: RolloutState = { ...initialState(dependencies.clock.now()), phase: 'preparing', notes };
  if (!(await store.startRollout(trx, row, { stable: live, plan, state }))) throw overtaken(row);
  const previous = live === row.release_id ? null : live;
  await store.updateDeployment(trx, row.id, { status: 'in_progress', previous });
  const hold = environment?.hold ?? null;
  if (hold?.scope === 'environment' && row.kind === 'deploy')
    await store.updateEnvironment(trx, row, { hold: { ...hold, scope: 'release' } });
  const data = { kind: row.kind, stable: live, notes };
  await tell(trx, row, { kind: 'rollout.started', actor: row.initiator.user, data });
}

/** Without another version to share the traffic with there are no steps to take, and that is said. */
function planFrom(
  row: store.RolloutRow,
  live: string | null,
): { readonly plan: RolloutPlan; readonly notes: readonly string[] } {
  const { plan } = row;
  if (row.kind === 'rollback' || (live !== null && live !== row.release_id)) return { plan, notes: [] };
  if (plan.steps.length <= 1) return { plan, notes: [] };
  const why =
    live === null
      ? 'first release of this environment: there is no stable version, so the steps are skipped'
      : 'the live release is put in place again: there is no other version, so the steps are skipped';
  return { plan: withoutSteps(plan), notes: [why] };
}

/** Somebody else wrote since the row was read: this process does not hold the environment any more. */
function overtaken(row: store.RolloutRow): FunadeError {
  return new FunadeError('FUN_LEASE_LOST', { what: `${row.app}/${row.environment}` });
}
