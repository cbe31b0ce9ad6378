import { type EventView, type RolloutView, type RunView, rolloutView, runView } from '../api/contract/index.ts';
import { segment } from './client.ts';
import type { Context } from './context.ts';
import { type ExitCode, exitCodeOfRollout, exitCodeOfRun } from './exit-codes.ts';
import { type Followed, follow } from './follow.ts';
import { renderRolloutChanges, renderRunChanges } from './render/changes.ts';
import { renderRollout } from './render/rollout.ts';
import { renderRun } from './render/run.ts';

/** Follows a run of the pipeline until it ended. */
export async function followRun(context: Context, id: string): Promise<ExitCode> {
  const client = await context.client();
  const path = `/api/v1/runs/${segment(id)}`;
  const first = await client.get(path, runView);
  const followed: Followed<RunView> = {
    subject: first.release === null ? `${first.app} (${id})` : `${first.app} v${first.release.number}`,
    command: `funade watch ${id}`,
    read: () => client.get(path, runView),
    concerns: (event) => concerns(event, first.app),
    exitCode: exitCodeOfRun,
    waitsForPerson: waitsForPerson,
    render: renderRun,
    changes: renderRunChanges,
  };
  return follow(context, followed);
}

/** Follows a rollout that no run started (a rollback), or one that was named. */
export async function followRollout(
  context: Context,
  id: string,
  exitCode: (rollout: RolloutView) => ExitCode | null = exitCodeOfRollout,
): Promise<ExitCode> {
  const client = await context.client();
  const path = `/api/v1/rollouts/${segment(id)}`;
  const first = await client.get(path, rolloutView);
  const followed: Followed<RolloutView> = {
    subject: `${first.app} ${first.environment} v${first.release.number}`,
    command: `funade watch ${id}`,
    read: () => client.get(path, rolloutView),
    concerns: (event) => concerns(event, first.app),
    exitCode,
    waitsForPerson: (rollout) =>
      rollout.paused === null ? null : { cause: rollout.paused.reason, next: rollout.wait?.next ?? actsOn(rollout) },
    render: renderRollout,
    changes: renderRolloutChanges,
  };
  return follow(context, followed);
}

function concerns(event: EventView | null, app: string): boolean {
  return event === null || event.app === null || event.app === app;
}

function waitsForPerson(run: RunView): ReturnType<Followed<RunView>['waitsForPerson']> {
  for (const stage of run.stages) {
    if (stage.approval?.state === 'pending' && stage.state === 'waiting') {
      const { id } = stage.approval;
      const own = [{ command: `funade approve ${id}` }, { command: `funade reject ${id}` }];
      return { cause: stage.wait?.cause ?? stage.name, next: stage.wait?.next ?? own };
    }
    const rollout = stage.rollout;
    if (rollout !== null && rollout.paused !== null && stage.state !== 'succeeded') {
      return { cause: rollout.paused.reason, next: rollout.wait?.next ?? actsOn(rollout) };
    }
  }
  return null;
}

function actsOn(rollout: RolloutView): readonly { readonly command: string }[] {
  const place = `${rollout.app} ${rollout.environment}`;
  return [`funade resume ${place}`, `funade promote ${place}`, `funade abort ${place}`].map((command) => ({ command }));
}
