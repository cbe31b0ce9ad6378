import { z } from 'zod';
import {
  type EnvironmentView,
  type RunView,
  approvalView,
  environmentView,
  pageOf,
  rollbackAnswer,
  rolloutView,
  runView,
} from '../../src/api/contract/index.ts';
import { isRunOver } from '../../src/cli/index.ts';
import { broken, careless, friendlier } from './changes.ts';
import { until } from './client.ts';
import { type Load, startLoad } from './load.ts';
import type { Change, Commit } from './repository.ts';
import { REPOSITORY, type Stage, register } from './stage.ts';
import { deliverPush } from './webhook.ts';

const REQUESTS_PER_SECOND = 100;

/** What happened to one release, as it was seen from outside. */
export interface Act {
  readonly letter: string;
  readonly run: RunView;
}

export interface Story {
  readonly acts: readonly Act[];
  readonly load: Load;
  /** Environment after the rollback, and after B was pushed once more. */
  readonly afterRollback: EnvironmentView;
  readonly returning: RunView;
  readonly atEnd: EnvironmentView;
  readonly rollbackTook: number;
  readonly rollbackAt: number;
}

export interface Narrator {
  /** A sentence that stays. */
  say(text: string): void;
  /** The run as it is now. */
  show(run: RunView): void;
}

/** Pushes A to D, rolls back, and tries to bring B back by automation. */
export async function tell(stage: Stage, narrator: Narrator): Promise<Story> {
  const load = startLoad(() => `${stage.server.address}/fn/production/greeter/hello?name=demo`, REQUESTS_PER_SECOND);
  const acts: Act[] = [];
  async function play(letter: string, commit: Commit): Promise<Commit> {
    narrator.say(`${letter}: ${commit.message} (${commit.sha.slice(0, 7)}) → signed push webhook`);
    const run = await follow(stage, await push(stage, commit), narrator);
    acts.push({ letter, run });
    return commit;
  }
  const change = (next: Change | null) => stage.repository.commit(next);
  const a = await change(null);
  await register(stage);
  await play('A', a);
  const b = await play('B', await change(friendlier));
  await play('C', await change(broken));
  await play('D', await change(careless));

  await rollBack(stage, narrator, { environment: 'staging', reason: 'C is not wanted there either' });
  const rollbackAt = Date.now();
  await rollBack(stage, narrator, { environment: 'production', reason: 'the greeting is too casual' });
  const rollbackTook = Date.now() - rollbackAt;
  const afterRollback = await production(stage);

  narrator.say('B is pushed once more, by automation: its hold keeps it out');
  const returning = await whileHeld(stage, await push(stage, b), narrator);
  const atEnd = await production(stage);
  await load.stop();
  return { acts, load, afterRollback, returning, atEnd, rollbackTook, rollbackAt };
}

interface Rollback {
  readonly environment: string;
  readonly reason: string;
}

async function rollBack(stage: Stage, narrator: Narrator, { environment, reason }: Rollback): Promise<void> {
  narrator.say(`funade rollback greeter ${environment} --reason "${reason}"`);
  const begun = Date.now();
  const path = `/environments/greeter/${environment}/rollback`;
  const { rolloutId } = await stage.owner.post(path, { reason }, rollbackAnswer);
  const read = () => stage.owner.get(`/rollouts/${rolloutId}`, rolloutView);
  const ended = await until('the rollback', read, (view) => view.finishedAt !== null);
  narrator.say(`  ${ended.phase} after ${Date.now() - begun} ms: v${ended.release.number} has all traffic`);
}

const queued = z.object({ status: z.literal('success'), task_queued: z.boolean(), delivery_id: z.string() });

/** Delivers the push and answers the id of the run that it made. */
async function push(stage: Stage, commit: Commit): Promise<string> {
  const known = await runIds(stage);
  const answer = await deliverPush(stage.server.address, stage.secret, {
    repository: REPOSITORY,
    cloneUrl: `https://github.com/${REPOSITORY}.git`,
    commit,
    pushedAt: Date.now(),
  });
  if (answer.status !== 200) throw new Error(`the webhook answered ${answer.status}: ${answer.body}`);
  queued.parse(JSON.parse(answer.body));
  const fresh = await until(
    'the run',
    () => runIds(stage),
    (ids) => ids.some((id) => !known.includes(id)),
  );
  return fresh.find((id) => !known.includes(id)) ?? '';
}

async function runIds(stage: Stage): Promise<readonly string[]> {
  const { items } = await stage.owner.get('/runs?limit=100', pageOf(runView));
  return items.map((run) => run.id);
}

/** Watches a run to its end, approving what waits for the second user. */
async function follow(stage: Stage, runId: string, narrator: Narrator): Promise<RunView> {
  return until(
    `the end of run ${runId}`,
    async () => {
      const run = await stage.owner.get(`/runs/${runId}`, runView);
      narrator.show(run);
      const open = run.stages.find(
        (entry) => entry.approval?.state === 'pending' && entry.approval.decisions.length === 0,
      )?.approval;
      if (open !== undefined && open !== null) {
        await stage.approver.post(
          `/approvals/${open.id}`,
          { decision: 'approve', comment: 'looks good' },
          approvalView,
        );
      }
      return run;
    },
    (run) => isRunOver(run.state),
    120_000,
  );
}

/** A run that the hold must stop before anybody is asked. */
async function whileHeld(stage: Stage, runId: string, narrator: Narrator): Promise<RunView> {
  return until(
    'the hold',
    async () => {
      const run = await stage.owner.get(`/runs/${runId}`, runView);
      narrator.show(run);
      return run;
    },
    (run) => isRunOver(run.state) || (run.wait?.cause.startsWith('held') ?? false),
  );
}

function production(stage: Stage): Promise<EnvironmentView> {
  return stage.owner.get('/environments/greeter/production', environmentView);
}
