import { FunadeError, assertNever, isFunadeError, messageOf } from '../../kernel/index.ts';
import { type Trx, together, transaction } from '../../store/index.ts';
import { tell } from '../events.ts';
import { type StageLog, createStageLog } from '../logs/stage-log.ts';
import * as store from '../store.ts';
import { faceTrouble } from '../trouble.ts';
import { approveStage } from './approve.ts';
import { deployStage } from './deploy.ts';
import { runStage } from './run.ts';
import type { StageContext, StageResult } from './stage.ts';
import { verifyStage } from './verify.ts';

export type StagePlace = Pick<StageContext, 'dependencies' | 'app' | 'run' | 'stages' | 'stage' | 'signal'>;

/** Works on a stage until it has ended or has to wait; `undefined` = go on at once, otherwise when to look again. */
export async function workOn(given: StagePlace): Promise<number | null | undefined> {
  const { dependencies, run } = given;
  const stage = given.stage.state === 'waiting' ? given.stage : await begin(given);
  const place = { ...given, stage };
  const log = createStageLog(dependencies.db, stage, dependencies.logger);
  if (given.stage.state === 'running') {
    const why = run.trouble === null ? 'the server was restarted' : 'trying again';
    log.line(`-- ${why}; attempt ${stage.attempt} --`);
  }
  try {
    const result = await act({ ...place, config: stage.config, log });
    await log.flush();
    return await settle(place, result);
  } catch (thrown) {
    return await settle(place, await failedBy(place, log, thrown));
  } finally {
    await log.flush();
  }
}

/** What was thrown, as the end of the stage; thrown on when it may pass. */
async function failedBy(place: StagePlace, log: StageLog, thrown: unknown): Promise<StageResult> {
  try {
    const failure = await faceTrouble(place, thrown);
    log.line(failure.message);
    await log.flush();
    return { kind: 'failed', as: 'failed', failure };
  } catch (passing) {
    const isOurs = !place.signal.aborted && !(isFunadeError(passing) && passing.code === 'FUN_LEASE_LOST');
    if (isOurs) log.line(isFunadeError(passing) ? messageOf(passing) : 'Failed inside Funade.');
    throw passing;
  }
}

async function begin({ dependencies, run, stage }: StagePlace): Promise<store.StageRow> {
  return transaction(dependencies.db, async (trx) => {
    const begun = await store.beginStage(trx, stage);
    if (begun === undefined) throw new FunadeError('FUN_LEASE_LOST', { what: run.id });
    await together(
      store.setRunState(trx, run.id, 'running'),
      tell(trx, run, 'stage.started', { stage: stage.name, attempt: begun.attempt }),
    );
    return begun;
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
      return assertNever(config);
  }
}

/** Writes the stage's new state together with whatever the stage wants to commit with it. */
async function settle(
  { dependencies, run, stage }: StagePlace,
  result: StageResult,
): Promise<number | null | undefined> {
  await transaction(dependencies.db, async (trx) => {
    if (!(await write(trx, stage, result))) throw new FunadeError('FUN_LEASE_LOST', { what: run.id });
    await result.commit?.(trx);
    if (run.trouble !== null) await store.setRunTrouble(trx, run.id, null);
    if (result.kind !== 'waiting') {
      const state = result.kind === 'succeeded' ? 'succeeded' : result.as;
      const failure = result.kind === 'succeeded' ? null : result.failure;
      await tell(trx, run, 'stage.ended', { stage: stage.name, state, failure });
      return;
    }
    await store.setRunState(trx, run.id, 'waiting');
    const { cause } = result.wait;
    if (stage.wait?.cause !== cause) await tell(trx, run, 'stage.waiting', { stage: stage.name, cause });
  });
  if (result.kind !== 'waiting') return undefined;
  const isDue = result.wakeAt !== null && result.wakeAt <= dependencies.clock.now();
  return isDue ? undefined : result.wakeAt;
}

function write(trx: Trx, stage: store.StageRow, result: StageResult): Promise<boolean> {
  switch (result.kind) {
    case 'waiting':
      return store.setStageWaiting(trx, stage, { wait: result.wait, failure: result.failure ?? null });
    case 'succeeded':
      return store.endStage(trx, stage, 'succeeded', null);
    case 'failed':
      return store.endStage(trx, stage, result.as, result.failure);
    default:
      return assertNever(result);
  }
}
