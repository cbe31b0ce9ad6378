import { FunadeError, messageOf } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { type Trx, appendEvent, transaction } from '../store/index.ts';
import { type Admission, type WaitingRollout, admit } from './admit.ts';
import { decide } from './decide.ts';
import type { Decision, Effect, Facts } from './decide/decision.ts';
import { deploymentOf, environmentAfter } from './aftermath.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import { type MetricResult, judge } from './judge/index.ts';
import { tidy } from './housekeeping.ts';
import { withoutSteps } from './plan.ts';
import type { CatalogRelease, MetricsProvider, Reading, ReleaseCatalog, Target, TargetContext } from './port.ts';
import { type RolloutState, initialState, isActive, isTerminal, isWaiting } from './state.ts';
import * as store from './store.ts';

export function environmentId(key: store.EnvironmentKey): string {
  return `${key.app}/${key.environment}`;
}

/** One round of an environment: whoever has it moves on; when nobody has, the next one in line gets it. */
export function createRound(dependencies: EngineDependencies): (lease: Lease) => Promise<number | null> {
  const { db } = dependencies;
  return async (lease) => {
    const key = parseId(lease.id);
    const environment = await store.readEnvironment(db, key);
    if (environment === undefined) return null;
    const open = await store.readOpenRollouts(db, key);
    const active = open.find((rollout) => isActive(rollout.phase));
    const waiting = open.filter((rollout) => isWaiting(rollout.phase));
    const started = waiting.length > 0 && (await admitWaiting(dependencies, environment, { active, waiting }));
    if (started) return dependencies.clock.now();
    if (active !== undefined) return advance(dependencies, lease, active);
    return tidy(dependencies, lease, environment, waiting);
  };
}

function parseId(id: string): store.EnvironmentKey {
  const [app = '', environment = ''] = id.split('/');
  return { app, environment };
}

/** One round of the rollout that has the environment: observe, decide, commit, act. */
async function advance(dependencies: EngineDependencies, lease: Lease, row: store.RolloutRow): Promise<number | null> {
  const { db, clock, catalog } = dependencies;
  const target = targetOf(dependencies, (await store.readEnvironment(db, row))?.target ?? '');
  const candidate = await catalog.get(row.release_id, row.environment);
  const stable = row.stable_id === null ? null : await catalog.get(row.stable_id, row.environment);
  const facts: Facts = { rolloutId: row.id, plan: row.plan, candidate: row.release_id, stable: row.stable_id };
  const now = clock.now();
  const commands = await store.readCommands(db, row.id);
  const observed = await target.observe(row);
  const metrics = await measure(dependencies, row, now);
  const sent = await store.readSent(db, row.id);
  const decision = decide(facts, row.state, { target: observed, metrics, commands, sent }, now);
  const saved = await transaction(db, (trx) =>
    record(dependencies, trx, { lease, row, candidate, decision, metrics, commands }),
  );
  if (!saved) return now; // somebody else wrote meanwhile: read again
  const context = contextOf(row, lease, candidate, stable);
  for (const effect of decision.effects) await perform(dependencies, target, context, effect);
  return decision.wakeAt;
}

interface Result {
  readonly lease: Lease;
  readonly row: store.RolloutRow;
  readonly candidate: CatalogRelease;
  readonly decision: Decision;
  readonly metrics: readonly MetricResult[];
  readonly commands: readonly store.StoredCommand[];
}

/** Everything that a round decided, in one transaction: state, intents, events, ledger, and what an end means for others. */
async function record(dependencies: EngineDependencies, trx: Trx, result: Result): Promise<boolean> {
  const { row, decision, lease } = result;
  const { state } = decision;
  const finished = isTerminal(state.phase);
  const metrics = result.metrics.length > 0 ? result.metrics : row.metrics;
  if (!(await store.saveRound(trx, row, { state, metrics, finished }))) return false;
  await store.markApplied(trx, result.commands);
  for (const effect of decision.effects) {
    const detail = effect.kind === 'shift' ? { weight: effect.weight } : {};
    await store.intend(trx, {
      app: row.app,
      environment: row.environment,
      key: effect.key,
      rolloutId: row.id,
      kind: effect.kind,
      detail,
      fence: lease.fence,
    });
  }
  for (const event of decision.events) {
    await appendEvent(trx, {
      ...event,
      app: row.app,
      environment: row.environment,
      subject: row.id,
      data: { ...event.data, runId: row.run_id, releaseId: row.release_id },
    });
  }
  if (!finished) return true;
  await finish(dependencies, trx, result);
  return true;
}

async function finish(dependencies: EngineDependencies, trx: Trx, { row, candidate, decision }: Result): Promise<void> {
  const environment = await store.readEnvironment(trx, row);
  const live = environment?.live_release ?? null;
  const stable = live === null ? null : await dependencies.catalog.get(live, row.environment);
  await store.updateDeployment(trx, row.id, { ...deploymentOf(decision.state), finished: true });
  await store.updateEnvironment(
    trx,
    row,
    environmentAfter({
      row,
      state: decision.state,
      candidate,
      stable,
      hold: environment?.hold ?? null,
      now: dependencies.clock.now(),
    }),
  );
  if (row.kind === 'rollback' && decision.state.phase === 'rolled_back' && live !== null)
    await store.markTakenBack(trx, row, live);
  await dependencies.listener.ended(trx, { id: row.id, runId: row.run_id, phase: decision.state.phase });
}

async function perform(
  dependencies: EngineDependencies,
  target: Target,
  context: Omit<TargetContext, 'key'>,
  effect: Effect,
): Promise<void> {
  if (context.signal.aborted)
    throw new FunadeError('FUN_LEASE_LOST', { what: `${context.app}/${context.environment}` });
  if (effect.kind === 'prepare') await target.prepare({ ...context, key: effect.key });
  else await target.shift({ ...context, key: effect.key }, effect.weight);
  await store.markSent(dependencies.db, effect.key);
}

/** Reads and judges every metric of a rollout that holds a weight; trouble of a provider is a verdict, not an exception. */
async function measure(
  dependencies: EngineDependencies,
  row: store.RolloutRow,
  now: number,
): Promise<readonly MetricResult[]> {
  const { state, plan } = row;
  if (state.phase !== 'holding' && state.phase !== 'baking') return [];
  const comparedFrom = state.comparedFrom ?? state.freshFrom;
  const context = { from: state.freshFrom, comparedFrom, hasStable: row.stable_id !== null };
  const query = {
    app: row.app,
    environment: row.environment,
    candidate: row.release_id,
    stable: row.stable_id,
    since: Math.min(comparedFrom, state.freshFrom),
    until: now,
  };
  return Promise.all(
    plan.analysis.metrics.map(async (metric) =>
      judge(metric, await read(dependencies, metric.provider, { ...query, metric: metric.metric }), context),
    ),
  );
}

async function read(
  dependencies: EngineDependencies,
  provider: string,
  query: Parameters<MetricsProvider['read']>[0],
): Promise<Reading> {
  const source = dependencies.metrics.get(provider);
  if (source === undefined) return { kind: 'provider_error', reason: `there is no metrics provider ${provider}` };
  try {
    return await source.read(query);
  } catch (thrown) {
    return { kind: 'provider_error', reason: messageOf(thrown) };
  }
}

/** Lets the line move up; true when somebody was given the environment or left the line. */
async function admitWaiting(
  dependencies: EngineDependencies,
  environment: store.EnvironmentRow,
  open: { readonly active: store.RolloutRow | undefined; readonly waiting: readonly store.RolloutRow[] },
): Promise<boolean> {
  const { db, clock, catalog } = dependencies;
  const facts = {
    live: environment.live_release,
    hold: environment.hold,
    drift: environment.drift,
    active: open.active?.id ?? null,
  };
  const cancelled = await Promise.all(open.waiting.map((row) => cancellationOf(dependencies, row)));
  const staying = open.waiting.filter((row) => !cancelled.some((admission) => admission?.id === row.id));
  const waiting = await Promise.all(staying.map((row) => waitingOf(catalog, environment, row)));
  const admissions = [...cancelled.filter((admission) => admission !== null), ...admit(facts, waiting, clock.now())];
  let moved = false;
  await transaction(db, async (trx) => {
    for (const admission of admissions) {
      const row = open.waiting.find((entry) => entry.id === admission.id);
      if (row !== undefined)
        moved = (await applyAdmission(dependencies, trx, { environment, row, admission })) || moved;
    }
  });
  return moved;
}

/** A rollout that is aborted before it was given the environment leaves the line; nothing was touched. */
async function cancellationOf({ db }: EngineDependencies, row: store.RolloutRow): Promise<Admission | null> {
  const abort = (await store.readCommands(db, row.id)).find((command) => command.kind === 'abort');
  return abort === undefined
    ? null
    : { id: row.id, kind: 'cancelled', reason: abort.reason === '' ? `aborted by ${abort.by}` : abort.reason };
}

async function waitingOf(
  catalog: ReleaseCatalog,
  environment: store.EnvironmentRow,
  row: store.RolloutRow,
): Promise<WaitingRollout> {
  const { config } = await catalog.get(row.release_id, row.environment);
  const older =
    row.kind === 'deploy' &&
    environment.live_release !== null &&
    (await catalog.isOlder(row.release_id, environment.live_release));
  return {
    id: row.id,
    kind: row.kind,
    releaseId: row.release_id,
    initiator: row.initiator,
    createdAt: row.created_at.getTime(),
    concurrency: config.concurrency,
    older,
  };
}

async function applyAdmission(
  dependencies: EngineDependencies,
  trx: Trx,
  {
    environment,
    row,
    admission,
  }: { readonly environment: store.EnvironmentRow; readonly row: store.RolloutRow; readonly admission: Admission },
): Promise<boolean> {
  if (admission.kind === 'start') {
    await start(dependencies, trx, environment, row);
    return true;
  }
  if (admission.kind === 'wait') {
    const { phase, wait } = admission;
    if (row.phase === phase && row.wait?.cause === wait.cause) return false;
    await store.saveWait(trx, row.id, phase, wait);
    await tell(trx, row, { kind: 'rollout.waiting', actor: 'automation', data: { phase, cause: wait.cause } });
    return false;
  }
  const phase = admission.kind === 'already_live' ? 'succeeded' : admission.kind;
  const reason = admission.kind === 'already_live' ? 'the release is live already' : admission.reason;
  const outcome = { by: 'automation', reason, evidence: [] };
  const state: RolloutState = { ...row.state, phase, outcome, weight: admission.kind === 'already_live' ? 100 : 0 };
  await store.endWaiting(trx, row.id, state);
  await store.updateDeployment(trx, row.id, { ...deploymentOf(state), finished: true });
  await tell(trx, row, { kind: 'rollout.ended', actor: 'automation', data: { phase, reason } });
  await dependencies.listener.ended(trx, { id: row.id, runId: row.run_id, phase });
  return true;
}

async function start(
  dependencies: EngineDependencies,
  trx: Trx,
  environment: store.EnvironmentRow,
  row: store.RolloutRow,
): Promise<void> {
  const stable = environment.live_release === row.release_id ? null : environment.live_release;
  const isFirst = stable === null && row.kind === 'deploy';
  const skips = isFirst && row.plan.steps.length > 1;
  const notes = skips
    ? ['first release of this environment: there is no stable version, so the steps are skipped']
    : [];
  const now = dependencies.clock.now();
  const state: RolloutState = { ...initialState(now), phase: 'preparing', notes };
  await store.startRollout(trx, row.id, { stable, plan: isFirst ? withoutSteps(row.plan) : row.plan, state });
  await store.updateDeployment(trx, row.id, { status: 'in_progress', previous: stable });
  const opened = environment.hold !== null && row.kind === 'deploy';
  if (opened && environment.hold?.scope === 'environment')
    await store.updateEnvironment(trx, row, { hold: { ...environment.hold, scope: 'release' } });
  await tell(trx, row, { kind: 'rollout.started', actor: row.initiator.user, data: { kind: row.kind, stable, notes } });
}

async function tell(
  trx: Trx,
  row: store.RolloutRow,
  event: { readonly kind: string; readonly actor: string; readonly data: Readonly<Record<string, unknown>> },
): Promise<void> {
  await appendEvent(trx, {
    ...event,
    app: row.app,
    environment: row.environment,
    subject: row.id,
    data: { ...event.data, runId: row.run_id, releaseId: row.release_id },
  });
}

function contextOf(
  row: store.RolloutRow,
  lease: Lease,
  candidate: CatalogRelease,
  stable: CatalogRelease | null,
): Omit<TargetContext, 'key'> {
  return {
    app: row.app,
    environment: row.environment,
    rolloutId: row.id,
    fence: lease.fence,
    candidate: candidate.release,
    stable: stable?.release ?? null,
    sticky: row.plan.sticky,
    signal: lease.signal,
  };
}
