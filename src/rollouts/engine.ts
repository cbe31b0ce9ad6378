import { type FunadeError, isFunadeError } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { type Trx, transaction } from '../store/index.ts';
import { deploymentOf, environmentAfter } from './aftermath.ts';
import { decide } from './decide.ts';
import { AUTOMATION, type Command, type Decision, type Facts } from './decide/decision.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import { type Acting, observe, perform } from './effects.ts';
import { tell } from './events.ts';
import { tidy } from './housekeeping.ts';
import type { MetricResult } from './judge/index.ts';
import { admitWaiting } from './line.ts';
import { measure } from './measure.ts';
import type { CatalogRelease } from './port.ts';
import { isActive, isTerminal, isWaiting } from './state.ts';
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
    const line = { environment, active, waiting };
    const started = waiting.length > 0 && (await admitWaiting(dependencies, lease, line));
    if (started) return dependencies.clock.now();
    if (active !== undefined) return advance(dependencies, lease, { row: active, environment });
    return tidy(dependencies, lease, environment, waiting);
  };
}

function parseId(id: string): store.EnvironmentKey {
  const [app = '', environment = ''] = id.split('/');
  return { app, environment };
}

/** One round of the rollout that has the environment: observe, decide, commit, act. */
async function advance(
  dependencies: EngineDependencies,
  lease: Lease,
  { row, environment }: { readonly row: store.RolloutRow; readonly environment: store.EnvironmentRow },
): Promise<number | null> {
  const { db, clock } = dependencies;
  const target = targetOf(dependencies, environment.target);
  const { candidate, stable, missing } = await releasesOf(dependencies, row);
  const stored = await store.readCommands(db, row.id);
  const observed = await observe(target, row, lease.signal);
  const metrics = await measure(dependencies, row, lease.signal);
  const sent = await store.readSent(db, row.id);
  const facts: Facts = { rolloutId: row.id, plan: row.plan, candidate: row.release_id, stable: row.stable_id };
  const commands = [...stored, ...withdrawn(row, missing)];
  const now = clock.now();
  const decision = decide(facts, row.state, { target: observed, metrics, commands, sent }, now);
  const acting: Acting = { row, lease, target, observed, candidate, stable };
  const saved = await transaction(db, (trx) =>
    record(dependencies, trx, { ...acting, decision, metrics, commands: stored }),
  );
  if (!saved) return now; // somebody else wrote meanwhile: read again
  for (const effect of decision.effects) await perform(dependencies, acting, effect);
  return decision.wakeAt;
}

interface Releases {
  readonly candidate: CatalogRelease | null;
  readonly stable: CatalogRelease | null;
  readonly missing: FunadeError | null;
}

/** Both releases. One that is gone for good must not stop the rollout: without it there is only the way back. */
async function releasesOf({ catalog }: EngineDependencies, row: store.RolloutRow): Promise<Releases> {
  let missing: FunadeError | null = null;
  async function find(id: string | null): Promise<CatalogRelease | null> {
    if (id === null) return null;
    try {
      return await catalog.get(id, row.environment);
    } catch (thrown) {
      if (!isFunadeError(thrown) || thrown.code !== 'FUN_NOT_FOUND') throw thrown;
      missing = thrown;
      return null;
    }
  }
  return { candidate: await find(row.release_id), stable: await find(row.stable_id), missing };
}

function withdrawn(row: store.RolloutRow, missing: FunadeError | null): readonly Command[] {
  if (missing === null || row.state.back !== null) return [];
  return [{ kind: 'abort', by: AUTOMATION, reason: missing.message }];
}

interface Result extends Acting {
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
  for (const event of decision.events) await tell(trx, row, event);
  if (finished) await finish(dependencies, trx, result);
  return true;
}

async function finish(dependencies: EngineDependencies, trx: Trx, result: Result): Promise<void> {
  const { row, decision, candidate, stable } = result;
  const { state } = decision;
  const environment = await store.readEnvironment(trx, row);
  await store.updateDeployment(trx, row.id, { ...deploymentOf(state), finished: true });
  const hold = environment?.hold ?? null;
  const now = dependencies.clock.now();
  await store.updateEnvironment(trx, row, environmentAfter({ row, state, candidate, stable, hold, now }));
  const taken = row.stable_id === row.release_id ? null : row.stable_id;
  if (row.kind === 'rollback' && state.phase === 'rolled_back' && taken !== null)
    await store.markTakenBack(trx, row, taken);
  await dependencies.listener.ended(trx, { id: row.id, runId: row.run_id, phase: state.phase });
}
