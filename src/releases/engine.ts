import { FunadeError, assertNever, isFunadeError } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { type Trx, appendEvent, transaction } from '../store/index.ts';
import type { RunDependencies } from './dependencies.ts';
import { type RunState, hasRunEnded, nextStep } from './pipeline.ts';
import { planOf } from './planning.ts';
import type { StageFailure } from './port.ts';
import { createStageLog } from './stage-log.ts';
import { approveStage } from './stages/approve.ts';
import { deployStage } from './stages/deploy.ts';
import { runStage } from './stages/run.ts';
import { type StageContext, type StageResult, failureOf } from './stages/stage.ts';
import { verifyStage } from './stages/verify.ts';
import * as store from './store.ts';
import { removeWorkspace } from './workspace.ts';

/** How long trouble that may pass (a forge that is away) is tried again before the run fails, in milliseconds. */
const RETRY_LIMIT = 600_000;

/** One round of a run: stage after stage until it has to wait or has ended. */
export function createRunRound(dependencies: RunDependencies): (lease: Lease) => Promise<number | null> {
  const { db, clock } = dependencies;
  return async (lease) => {
    for (;;) {
      const run = await store.readRun(db, lease.id);
      if (run === undefined || hasRunEnded(run.state)) return null;
      if (lease.signal.aborted) return clock.now();
      if (run.config === null) await plan(dependencies, run, lease.signal);
      else {
        const wakeAt = await advance(dependencies, run, lease.signal);
        if (wakeAt !== undefined) return wakeAt;
      }
    }
  };
}

/** Finds the commit and reads its `funade.yaml`; what can't be planned ends here, with every fault named. */
async function plan(dependencies: RunDependencies, run: store.RunRow, signal: AbortSignal): Promise<void> {
  const { db } = dependencies;
  await transaction(db, async (trx) => {
    if (await store.beginRun(trx, run.id)) await tell(trx, run, 'run.started', {});
  });
  try {
    const { commit, config } = await planOf(dependencies, run, signal);
    await transaction(db, async (trx) => {
      await store.planRun(trx, run.id, { commit, config });
      await store.updateTriggers(trx, run.app, config.on);
      await tell(trx, run, 'run.planned', { sha: commit.sha, stages: config.pipeline.map((stage) => stage.name) });
    });
  } catch (thrown) {
    const failure = terminalFailureOf(dependencies, run, thrown);
    await end(dependencies, run, 'failed', failure);
  }
}

/** Moves the run by one stage; `undefined` = go on at once, otherwise when to look again. */
async function advance(
  dependencies: RunDependencies,
  run: store.RunRow,
  signal: AbortSignal,
): Promise<number | null | undefined> {
  const { db } = dependencies;
  const stages = await store.readStages(db, [run.id]);
  const next = nextStep(stages.map((stage) => ({ index: stage.index, state: stage.state, when: stage.config.when })));
  switch (next.kind) {
    case 'end': {
      const failure = stages.find((stage) => stage.failure !== null)?.failure ?? null;
      await end(dependencies, run, next.state, failure);
      return undefined;
    }
    case 'skip': {
      const stage = stageAt(stages, next.index);
      await transaction(db, async (trx) => {
        await store.endStage(trx, stage, 'skipped', null);
        await tell(trx, run, 'stage.skipped', { stage: stage.name });
      });
      return undefined;
    }
    case 'work':
      return work({ dependencies, run, stages, stage: stageAt(stages, next.index), signal });
    default:
      return assertNever(next);
  }
}

function stageAt(stages: readonly store.StageRow[], index: number): store.StageRow {
  const stage = stages.find((entry) => entry.index === index);
  if (stage === undefined) throw new Error(`stage ${index} vanished`);
  return stage;
}

async function work(
  place: Pick<StageContext, 'dependencies' | 'run' | 'stages' | 'stage' | 'signal'>,
): Promise<number | null | undefined> {
  const { dependencies, run, stage } = place;
  const { db, logger } = dependencies;
  const log = createStageLog(db, stage, logger);
  if (stage.state !== 'waiting') await begin(place);
  if (stage.state === 'running') log.line(`-- the server was restarted; attempt ${stage.attempt + 1} --`);
  try {
    const result = await act({ ...place, app: await appOf(dependencies, run), config: stage.config, log });
    await log.close();
    return await settle(place, result);
  } catch (thrown) {
    const failure = terminalFailureOf(dependencies, run, thrown);
    log.line(failure.message);
    await log.close();
    return settle(place, { kind: 'failed', as: 'failed', failure });
  }
}

async function appOf(dependencies: RunDependencies, run: store.RunRow): Promise<store.AppRow> {
  const app = await store.readApp(dependencies.db, run.app);
  if (app === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: run.app, list: 'funade app list' });
  return app;
}

async function begin({
  dependencies,
  run,
  stage,
}: Pick<StageContext, 'dependencies' | 'run' | 'stage'>): Promise<void> {
  await transaction(dependencies.db, async (trx) => {
    await store.beginStage(trx, stage);
    await store.setRunState(trx, run.id, 'running');
    await tell(trx, run, 'stage.started', { stage: stage.name, attempt: stage.attempt + 1 });
  });
}

function act(context: StageContext): Promise<StageResult> {
  const { config } = context;
  switch (config.kind) {
    case 'run':
      return runStage({ ...context, config });
    case 'deploy':
      return deployStage({ ...context, config });
    case 'verify':
      return verifyStage({ ...context, config });
    case 'approve':
      return approveStage({ ...context, config });
    default:
      return assertNever(config as never);
  }
}

/** Writes the stage's new state together with whatever the stage wants to commit with it. */
async function settle(
  { dependencies, run, stage }: Pick<StageContext, 'dependencies' | 'run' | 'stage'>,
  result: StageResult,
): Promise<number | null | undefined> {
  await transaction(dependencies.db, async (trx) => {
    await result.commit?.(trx);
    if (result.kind === 'waiting') {
      const isNew = stage.wait?.cause !== result.wait.cause;
      await store.setStageWaiting(trx, stage, result.wait);
      await store.setRunState(trx, run.id, 'waiting');
      if (isNew) await tell(trx, run, 'stage.waiting', { stage: stage.name, cause: result.wait.cause });
      return;
    }
    const state = result.kind === 'succeeded' ? 'succeeded' : result.as;
    const failure = result.kind === 'succeeded' ? null : result.failure;
    await store.endStage(trx, stage, state, failure);
    await tell(trx, run, 'stage.ended', { stage: stage.name, state, failure });
  });
  return result.kind === 'waiting' ? result.wakeAt : undefined;
}

async function end(
  dependencies: RunDependencies,
  run: store.RunRow,
  state: RunState,
  failure: StageFailure | null,
): Promise<void> {
  await transaction(dependencies.db, async (trx) => {
    await store.endRun(trx, run.id, state, failure);
    await tell(trx, run, 'run.ended', { state, failure });
  });
  await removeWorkspace({ dependencies, run });
}

/** The failure to keep; trouble that may pass is thrown on, so that the same is tried again later. */
function terminalFailureOf(dependencies: RunDependencies, run: store.RunRow, thrown: unknown): StageFailure {
  if (!isFunadeError(thrown)) throw thrown;
  if (thrown.code === 'FUN_LEASE_LOST') throw thrown;
  const isFresh = dependencies.clock.now() - run.created_at.getTime() < RETRY_LIMIT;
  if (thrown.retryable && isFresh) throw thrown;
  return failureOf(thrown);
}

function tell(trx: Trx, run: store.RunRow, kind: string, data: Readonly<Record<string, unknown>>): Promise<void> {
  return appendEvent(trx, { kind, app: run.app, subject: run.id, actor: run.trigger.actor, data });
}
