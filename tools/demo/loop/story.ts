import { hasTaskEnded } from '../../../src/agent/index.ts';
import {
  type EnvironmentView,
  type RunView,
  type TaskView,
  environmentView,
  pageOf,
  runView,
  shipAnswer,
  taskLogView,
  taskView,
} from '../../../src/api/contract/index.ts';
import { isRunOver } from '../../../src/cli/index.ts';
import { broken } from '../changes.ts';
import { until } from '../client.ts';
import { type Load, startLoad } from '../load.ts';
import type { Narrator } from '../story.ts';
import { type DemoRepository, type LoopStage, PERSON, register } from './stage.ts';

const REQUESTS_PER_SECOND = 60;
/** For what takes some seconds on a machine that has nothing else to do. */
const PATIENCE = 300_000;
/** Comments and labels of the task, and the end of the issue, follow the end of the run. */
const SOON = 120_000;

export type DemoSubject = DemoRepository['subjects'][number];

/** What was seen from outside, in the order of the story. */
export interface LoopStory {
  readonly load: Load;
  readonly good: RunView;
  readonly bad: RunView;
  readonly fixed: RunView;
  readonly issue: DemoSubject;
  /** Labels of the issue, each list as it was seen when it had changed. */
  readonly labels: readonly (readonly string[])[];
  readonly task: TaskView;
  readonly taskLog: string;
  readonly change: DemoSubject;
  /** As the agent left it, before a person merged it. */
  readonly wasDraft: boolean;
  /** Whether the merge had left the issue open. */
  readonly wasOpen: boolean;
  readonly atEnd: EnvironmentView;
}

/** A is good, B fails, the agent repairs it, a person merges, C bakes: each step is waited for until it is seen. */
export async function tellLoop(stage: LoopStage, narrator: Narrator): Promise<LoopStory> {
  const { github, repository, server, owner } = stage;
  const load = startLoad(() => `${server.address}/fn/production/greeter/hello?name=demo`, REQUESTS_PER_SECOND);
  try {
    await register(stage);
    narrator.say('A: funade ship greeter');
    const { runId } = await owner.post('/releases', { app: 'greeter' }, shipAnswer);
    const good = await follow(stage, runId, narrator);

    narrator.say(`B: ${PERSON} pushes "${broken.message}" to main; it passes every test, and fails in production only`);
    const bad = await follow(stage, await runOfNext(stage, () => pushBroken(stage)), narrator);

    const issue = await seen('the issue', () => repository.subjects.find(({ kind }) => kind === 'issue'));
    narrator.say(`   Funade opened issue #${issue.number}: ${issue.title}`);
    const labels = watchLabels(issue, narrator);
    await until(
      'the label',
      () => Promise.resolve(issue.labels),
      (all) => all.length > 0,
      SOON,
    );

    const task = await followTask(stage, narrator);
    const change = await seen('the pull request', () => repository.subjects.find(({ kind }) => kind === 'change'));
    const wasDraft = change.change?.draft === true;
    narrator.say(`   pull request #${change.number} (${wasDraft ? 'draft' : 'ready'}): ${change.title}`);
    const { text: taskLog } = await owner.get(`/tasks/${task.id}/log?after=0`, taskLogView);
    const label = (await until('the last label', () => Promise.resolve(issue.labels), isDone, SOON)).join(', ');
    narrator.say(`   the issue is labelled ${label}`);

    narrator.say(`C: ${PERSON} reads the pull request and merges it; the push releases it by the ordinary path`);
    const merge = () => Promise.resolve(github.mergeChange(change, PERSON));
    const runOfMerge = await runOfNext(stage, merge);
    const wasOpen = issue.open;
    const fixed = await follow(stage, runOfMerge, narrator);
    await until(
      'the end of the issue',
      () => Promise.resolve(issue.open),
      (open) => !open,
      SOON,
    );
    narrator.say(`   issue #${issue.number} is closed: ${lastComment(issue)}`);
    const atEnd = await owner.get('/environments/greeter/production', environmentView);
    await github.webhooksSent();
    return { load, good, bad, fixed, issue, labels: labels(), task, taskLog, change, wasDraft, wasOpen, atEnd };
  } finally {
    await load.stop();
  }
}

function pushBroken({ github, repository }: LoopStage): Promise<string> {
  const before = repository.git?.read('refs/heads/main', broken.file) ?? '';
  const after = broken.edit(before);
  if (after === before) throw new Error(`the change finds nothing to change in ${broken.file}`);
  const files = { [broken.file]: after };
  return Promise.resolve(github.commit(repository, { files, message: broken.message, by: PERSON }));
}

/** The run that an act leads to. */
async function runOfNext(stage: LoopStage, act: () => Promise<unknown>): Promise<string> {
  const known = await runIds(stage);
  await act();
  const fresh = await until(
    'the run',
    () => runIds(stage),
    (ids) => ids.some((id) => !known.includes(id)),
  );
  return fresh.find((id) => !known.includes(id)) ?? '';
}

async function runIds({ owner }: LoopStage): Promise<readonly string[]> {
  const { items } = await owner.get('/runs?limit=100', pageOf(runView));
  return items.map((run) => run.id);
}

function follow({ owner }: LoopStage, runId: string, narrator: Narrator): Promise<RunView> {
  return until(
    `the end of run ${runId}`,
    async () => {
      const run = await owner.get(`/runs/${runId}`, runView);
      narrator.show(run);
      return run;
    },
    (run) => isRunOver(run.state),
    PATIENCE,
  );
}

/** The task of the issue, to its end; what the agent says is told once. */
async function followTask({ owner }: LoopStage, narrator: Narrator): Promise<TaskView> {
  const told = new Set<string>();
  const tell = (text: string) => {
    if (!told.has(text)) narrator.say(`   ${text}`);
    told.add(text);
  };
  const task = await until(
    'the end of the task',
    async () => {
      const { items } = await owner.get('/tasks', pageOf(taskView));
      const found = items[0];
      if (found !== undefined)
        tell(`task ${found.id}: ${found.state}${found.reason === null ? '' : ` (${found.reason})`}`);
      if (found?.note != null) tell(`   agent: ${found.note}`);
      return found;
    },
    (found) => found !== undefined && hasTaskEnded(found.state),
    PATIENCE,
  );
  if (task === undefined) throw new Error('there is no task');
  return task;
}

/** Every list of labels that the issue is seen with, until it is asked for. */
function watchLabels(issue: DemoSubject, narrator: Narrator): () => readonly (readonly string[])[] {
  const lists: (readonly string[])[] = [];
  const look = () => {
    const labels = [...issue.labels];
    if (JSON.stringify(labels) === JSON.stringify(lists.at(-1) ?? [])) return;
    lists.push(labels);
    if (labels.length > 0) narrator.say(`   labels of #${issue.number}: ${labels.join(', ')}`);
  };
  look();
  const timer = setInterval(look, 20);
  return () => {
    look();
    clearInterval(timer);
    return lists;
  };
}

function isDone(labels: readonly string[]): boolean {
  return labels.some((label) => /done|failed/.test(label));
}

export function lastComment({ comments }: DemoSubject): string {
  return (comments.at(-1)?.body ?? '').replaceAll(/<!--.*?-->/g, '').trim();
}

async function seen<T>(what: string, find: () => T | undefined): Promise<T> {
  const found = await until(
    what,
    () => Promise.resolve(find()),
    (value) => value !== undefined,
    SOON,
  );
  if (found === undefined) throw new Error(`${what} is not there`);
  return found;
}
