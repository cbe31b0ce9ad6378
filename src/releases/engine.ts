import { FunadeError, assertNever } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { transaction } from '../store/index.ts';
import { voidApprovalsOf } from './approvals/store.ts';
import type { RunDependencies } from './dependencies.ts';
import { tell } from './events.ts';
import { failureOf } from './failure.ts';
import { type RunState, hasRunEnded, nextStep } from './pipeline.ts';
import { planOf } from './planning.ts';
import type { StageFailure } from './port.ts';
import { type StagePlace, workOn } from './stages/work.ts';
import * as store from './store.ts';
import { faceTrouble } from './trouble.ts';
import { removeWorkspace } from './workspace.ts';

/** One round of a run: stage after stage until it has to wait or has ended. */
export function createRunRound(dependencies: RunDependencies): (lease: Lease) => Promise<number | null> {
  const { db, clock } = dependencies;
  return async ({ id, signal }) => {
    for (;;) {
      const run = await store.readRun(db, id);
      if (run === undefined) return null;
      if (hasRunEnded(run.state)) {
        await removeWorkspace({ dependencies, run });
        return null;
      }
      if (signal.aborted) return clock.now();
      const app = await store.readApp(db, run.app);
      if (app === undefined) await cancel(dependencies, run);
      else if (run.config === null) await plan({ dependencies, app, run, signal });
      else {
        const wakeAt = await advance({ dependencies, app, run, signal });
        if (wakeAt !== undefined) return wakeAt;
      }
    }
  };
}

type RunPlace = Pick<StagePlace, 'dependencies' | 'app' | 'run' | 'signal'>;

/** Finds the commit and reads its `funade.yaml`; what can't be planned ends here, with every fault named. */
async function plan(place: RunPlace): Promise<void> {
  const { dependencies, run } = place;
  await transaction(dependencies.db, async (trx) => {
    if (await store.beginRun(trx, run.id)) await tell(trx, run, 'run.started', {});
  });
  try {
    const { commit, config, triggers } = await planOf(place);
    await transaction(dependencies.db, async (trx) => {
      if (!(await store.planRun(trx, run.id, { commit, config })))
        throw new FunadeError('FUN_LEASE_LOST', { what: run.id });
      if (triggers !== null) await store.updateTriggers(trx, run.app, triggers);
      await tell(trx, run, 'run.planned', { sha: commit.sha, stages: config.pipeline.map((stage) => stage.name) });
    });
  } catch (thrown) {
    await end(dependencies, run, 'failed', await faceTrouble(place, thrown));
  }
}

/** Moves the run by one stage; `undefined` = go on at once, otherwise when to look again. */
async function advance(place: RunPlace): Promise<number | null | undefined> {
  const { dependencies, run } = place;
  const stages = await store.readStages(dependencies.db, [run.id]);
  const next = nextStep(stages.map(({ index, state, config }) => ({ index, state, when: config.when })));
  switch (next.kind) {
    case 'end': {
      const failure = stages.find((stage) => stage.failure !== null)?.failure ?? null;
      await end(dependencies, run, next.state, failure);
      return undefined;
    }
    case 'skip':
      await skip(dependencies, run, stageAt(stages, next.index));
      return undefined;
    case 'work':
      return workOn({ ...place, stages, stage: stageAt(stages, next.index) });
    default:
      return assertNever(next);
  }
}

function stageAt(stages: readonly store.StageRow[], index: number): store.StageRow {
  const stage = stages.find((entry) => entry.index === index);
  if (stage === undefined) throw new Error(`stage ${index} vanished`);
  return stage;
}

async function skip({ db }: RunDependencies, run: store.RunRow, stage: store.StageRow): Promise<void> {
  await transaction(db, async (trx) => {
    if (!(await store.endStage(trx, stage, 'skipped', null))) throw new FunadeError('FUN_LEASE_LOST', { what: run.id });
    await tell(trx, run, 'stage.skipped', { stage: stage.name });
  });
}

/** Its workspace goes in the next round, which comes whether or not this process lives to see it. */
async function end(
  { db }: RunDependencies,
  run: store.RunRow,
  state: RunState,
  failure: StageFailure | null,
): Promise<void> {
  await transaction(db, async (trx) => {
    if (await store.endRun(trx, run.id, state, failure)) await tell(trx, run, 'run.ended', { state, failure });
  });
}

/** Its application was removed. What it has deployed stays, and a rollout on its way goes on to its end. */
async function cancel({ db }: RunDependencies, run: store.RunRow): Promise<void> {
  const failure = failureOf(new FunadeError('FUN_APP_REMOVED', { app: run.app, run: run.id }));
  await transaction(db, async (trx) => {
    if (!(await store.endRun(trx, run.id, 'cancelled', failure))) return;
    await store.endOpenStages(trx, run.id);
    await voidApprovalsOf(trx, run.id, failure.message);
    await tell(trx, run, 'run.ended', { state: 'cancelled', failure });
  });
}
