import type { RunView } from '../../../src/api/contract/index.ts';
import type { Check } from '../findings.ts';
import { type LoopStory, lastComment } from './story.ts';
import type { LoopStage } from './stage.ts';

/** Judges the story by what was observed from outside, not by what was asked for. */
export function checksOf(story: LoopStory, { github, repository, secrets }: LoopStage): readonly Check[] {
  const { good, bad, fixed, issue, task, change, atEnd } = story;
  const failed = story.load.samples.filter(({ status, version }) => status >= 400 && version !== null);
  const lost = story.load.samples.filter(
    ({ status, version, at }) => at > firstAnswer(story) && (status === 0 || version === null),
  );
  const issues = repository.subjects.filter(({ kind }) => kind === 'issue');
  const changes = repository.subjects.filter(({ kind }) => kind === 'change');
  const byFunade = repository.pushes.filter(({ by }) => by.login === github.account.login);
  const written = [
    story.taskLog,
    issue.body,
    change.body,
    ...[issue, change].flatMap(({ comments }) => comments.map(({ body }) => body)),
  ].join('\n');
  return [
    { text: 'A went through every stage and is live', ok: good.state === 'succeeded' },
    { text: 'B failed requests as a canary, and the analysis took it back', ok: isTakenBack(bad) && failed.length > 0 },
    {
      text: 'only B failed requests, and none was lost',
      ok: lost.length === 0 && failed.every(({ version }) => version === bad.release?.id),
    },
    {
      text: 'one issue was opened, with metric, commit and lines of the function as evidence',
      ok:
        issues.length === 1 &&
        ['error-rate', bad.commit?.sha.slice(0, 12) ?? '?', 'the counter is full'].every((part) =>
          issue.body.includes(part),
        ),
    },
    {
      text: 'its label went from "coding agent" to "processing" to "done"',
      ok:
        ['coding agent', 'coding agent processing', 'coding agent done'].every((label) =>
          story.labels.some((labels) => labels.includes(label)),
        ) && issue.labels.join() === 'coding agent done',
    },
    {
      text: 'the agent worked on it once, and succeeded',
      ok:
        task.state === 'succeeded' &&
        task.attempts.length === 1 &&
        task.plan.length > 0 &&
        task.plan.every(({ done }) => done),
    },
    {
      text: 'Funade pushed one branch below its prefix, without force, and nothing else',
      ok:
        byFunade.length > 0 &&
        byFunade.every(
          ({ ref, forced, refused }) =>
            ref === `refs/heads/funade/issue-${issue.number}` && !forced && refused === null,
        ),
    },
    {
      text: 'one draft pull request was proposed, and a person merged it',
      ok: changes.length === 1 && story.wasDraft && change.merged,
    },
    {
      text: 'no secret is in the issue, the comments, the pull request or the log of the task',
      ok: secrets.every((secret) => !written.includes(secret)),
    },
    {
      text: 'C came by the push of the merge, and baked',
      ok: fixed.state === 'succeeded' && fixed.trigger.kind === 'push' && fixed.release?.id !== bad.release?.id,
    },
    { text: 'C is live', ok: atEnd.live?.id === fixed.release?.id && fixed.release !== null },
    {
      text: 'the merge left the issue open, and the release that baked closed it',
      ok: story.wasOpen && !issue.open && lastComment(issue).includes(`v${fixed.release?.number}`),
    },
    { text: 'everything that was sent to the forge was right', ok: github.faults.length === 0 },
  ];
}

function isTakenBack(run: RunView): boolean {
  const rollout = run.stages.find((stage) => stage.rollout?.environment === 'production')?.rollout;
  return run.state === 'aborted' && rollout?.weightsSeen.at(-1) === 0 && (rollout.outcome?.evidence.length ?? 0) > 0;
}

function firstAnswer({ load }: LoopStory): number {
  return Math.min(...load.samples.filter(({ version }) => version !== null).map(({ at }) => at));
}
