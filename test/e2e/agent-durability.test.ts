import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTaskEnded } from '../../src/agent/index.ts';
import { sleep } from '../../src/kernel/index.ts';
import { type Seen, isRunning } from '../../tools/chaos/processes.ts';
import type { ServerProcess } from '../../tools/chaos/server-process.ts';
import {
  type AgentProcesses,
  type RepositoryOfTest,
  SEVERAL_MINUTES,
  type TaskOfTest,
  commentOf,
  createAgentProcesses,
  poll,
  processesWith,
} from '../agent-processes.ts';
import type { FakeSubject } from '../fakes/forge/world.ts';
import { type FakeModelServer, startModelServer } from '../fakes/model-server.ts';
import { PLACES } from './agent-places.ts';
import { RABBITMQ_MISSING, type RabbitMq, startRabbitMq } from '../rabbitmq.ts';

const WRITE = { write: ['greet.txt', 'こんにちは\n'] };
const STOP_WITHIN = 60_000;

/** What has to be so of a task that has ended, whatever happened to the processes. */
function expectSound({ repository, changes }: RepositoryOfTest, subject: FakeSubject, { state }: TaskOfTest): void {
  expect(subject.labels).toEqual([state === 'succeeded' ? 'coding agent done' : 'coding agent failed']);
  expect(changes().length).toBeLessThanOrEqual(1);
  if (state === 'succeeded') expect(changes()).toHaveLength(1);
  expect(commentOf(subject).body).toContain(state === 'succeeded' ? '✔' : '✖');
  expect(repository.pushes.filter(({ forced, refused }) => forced || refused !== null)).toEqual([]);
}

async function allGone(left: readonly Seen[]): Promise<void> {
  await poll(
    () => !left.some(isRunning),
    () =>
      `still there: ${left
        .filter(isRunning)
        .map(({ command }) => command)
        .join('\n')}`,
  );
}

async function attemptsOf({ db }: AgentProcesses, { id }: TaskOfTest) {
  const { rows } = await sql<{
    readonly outcome: string | null;
    readonly reason: string | null;
    readonly worker: string;
  }>`
    select outcome, reason, worker from task_attempts where task = ${id} order by number`.execute(db);
  return rows;
}

/** Kinds of the runs of a task so far, from its log. */
async function runsOf({ db }: AgentProcesses, { id }: TaskOfTest): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly text: string }>`
    select text from task_logs where task = ${id} order by position`.execute(db);
  const log = rows.map(({ text }) => text).join('');
  return [...log.matchAll(/^PROMPT \{"kind":"(\w+)"/gm)].map(([, kind = '']) => kind);
}

async function sureTask(processes: AgentProcesses, subject: FakeSubject): Promise<TaskOfTest> {
  const found = await processes.task(subject);
  if (found === undefined) throw new Error(`no task of ${subject.repository.fullName}`);
  return found;
}

describe('webhook and consumer are processes of their own', { timeout: SEVERAL_MINUTES }, () => {
  let processes: AgentProcesses;
  let model: FakeModelServer;
  let consumer: ServerProcess;
  let leftBehind: FakeSubject;
  let leftBehindIn: RepositoryOfTest;
  let modelHangs = true;

  beforeAll(async () => {
    const calls = [
      { name: 'update_plan', arguments: { items: [{ text: 'Greet', done: false }] } },
      { name: 'write_file', arguments: { path: 'greet.txt', content: 'hi\n' } },
    ] as const;
    model = await startModelServer((_, number) => {
      const call = calls[number];
      if (call !== undefined) return { calls: [call] };
      const finish = { calls: [{ name: 'finish', arguments: { summary: 'It greets.' } }] };
      return modelHangs ? { how: 'hang' } : finish;
    });
    processes = await createAgentProcesses({
      FUNADE_AGENT_SLOTS: '16',
      FUNADE_AGENT_LIMITS_MEMORY: '400',
      FUNADE_AGENT_LIMITS_PROCESSES: '150',
      FUNADE_AGENT_LIMITS_OUTPUT: '2',
      FUNADE_AGENT_MODEL_URL: model.url,
      FUNADE_AGENT_MODEL_NAME: model.model,
      FUNADE_AGENT_MODEL_KEY: model.key,
    });
    await processes.start('webhook');
  }, SEVERAL_MINUTES);
  afterAll(async () => {
    expect(processes.gitlab.faults).toEqual([]);
    await processes.stop();
    await model.close();
  }, SEVERAL_MINUTES);

  const project = (name: string, files?: Parameters<AgentProcesses['repository']>[1]) =>
    processes.repository(`group/${name}`, files, 'gitlab');
  const restart = async () => {
    consumer = await processes.start('consumer', { name: 'one' });
  };

  test('of a consumer that is killed no agent stays behind, even when nothing starts again', async () => {
    const gone = await processes.start('consumer', { name: 'gone' });
    leftBehindIn = project('left-behind');
    leftBehind = leftBehindIn.issue({ work: [{ hang: 'ever' }] });
    await processes.waiting(leftBehind, 'ever');
    const { id } = await processes.until(leftBehind, 'running');
    const left = await gone.kill();
    expect(left.length).toBeGreaterThan(0);
    await allGone(left);
    expect(await processesWith(id)).toEqual([]);
    // Whoever takes it over, when the lease has run out, reads it again.
    leftBehind.body = JSON.stringify({ work: [WRITE] });
    await restart();
  });

  // Requests without an answer take the places that a client has for requests: not all of them at once.
  test.each([0, 1])(
    'killed at its requests, before and after their effect, the next process ends each task once (half %i)',
    async (half) => {
      const here = PLACES.filter((_, index) => index % 2 === half).map((place) => {
        const there = project(place.name);
        const { skip = 0 } = place;
        const match = place.at(there.repository);
        const heal = processes.gitlab.failNext({ match, how: place.how, skip, times: 100 });
        return { ...there, place, match, heal };
      });
      const running = project(`at-work-${half}`);
      const atWork = running.issue({ work: [WRITE, { wait: 'never' }] });
      const subjects = here.map(({ issue }) => issue({ work: [WRITE] }));
      const isReached = ({ match }: (typeof here)[number]) =>
        processes.gitlab.requests.some(({ method, path, status }) => status === 0 && match.test(`${method} ${path}`));
      await processes.waiting(atWork, 'never');
      await poll(
        () => here.every(isReached),
        () =>
          `not reached: ${here
            .filter((each) => !isReached(each))
            .map(({ place }) => place.name)
            .join(', ')}`,
      );
      const left = await consumer.kill();
      atWork.body = JSON.stringify({ work: [WRITE], resume: [{ write: ['more.txt', 'more\n'] }] });
      for (const { heal } of here) heal();
      await restart();
      await allGone(left);
      for (const [index, each] of here.entries()) {
        const subject = subjects[index];
        if (subject === undefined) throw new Error('no subject');
        const task = await processes.until(subject, 'succeeded');
        expectSound(each, subject, task);
        expect([each.place.name, each.git.read('funade/issue-1', 'greet.txt')]).toEqual([
          each.place.name,
          'こんにちは\n',
        ]);
        expect((await attemptsOf(processes, task)).length).toBeLessThanOrEqual(2);
      }
      const task = await processes.until(atWork, 'succeeded');
      expectSound(running, atWork, task);
      expect(await attemptsOf(processes, task)).toMatchObject([
        { outcome: 'lost', reason: 'process_lost' },
        { outcome: 'succeeded' },
      ]);
      expect(await runsOf(processes, task)).toEqual(['work', 'resume']);
      expect(running.git.files('funade/issue-1')).toEqual(['README.md', 'greet.txt', 'more.txt']);
    },
  );

  /** Moments by what is done, however fast the machine is: a whole task asks the forge some thirty times. */
  async function afterRequests(count: number): Promise<void> {
    const { requests } = processes.gitlab;
    const wanted = requests.length + count;
    const deadline = performance.now() + 10_000;
    while (requests.length < wanted && performance.now() < deadline) await sleep(5);
  }

  test('killed at ten moments of chance, no task is done twice and none is without an end', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = chance(seed);
    const work = { work: [{ shell: 'sleep 0.2' }, WRITE, { shell: 'sleep 0.2' }], resume: [WRITE] };
    const handed: { readonly there: RepositoryOfTest; readonly subject: FakeSubject }[] = [];
    for (let kill = 0; kill < 10; kill += 1) {
      const there = project(`chance-${kill}`);
      handed.push({ there, subject: there.issue(work) });
      await afterRequests(1 + Math.floor(random() * 30));
      const left = await consumer.kill();
      await restart();
      await allGone(left);
    }
    for (const { there, subject } of handed) {
      const state = async () => (await sureTask(processes, subject)).state;
      await poll(
        async () => hasTaskEnded(await state()),
        async () => `seed ${seed}: ${there.repository.fullName} is ${await state()}`,
      );
      const task = await sureTask(processes, subject);
      // Three processes that vanish with it are too many for a task.
      expect([`seed ${seed}`, 'succeeded', 'dead']).toContain(task.state);
      if (task.state === 'dead') expect([task.reason, task.failures]).toEqual(['too_many_attempts', 3]);
      expectSound(there, subject, task);
      expect(await processesWith(task.id)).toEqual([]);
    }
  });

  test('told to end, a consumer leaves its tasks paused, and the next one goes on with branch, files and conversation', async () => {
    const byCommand = project('drained');
    const subject = byCommand.issue({ work: [WRITE, { wait: 'never' }], resume: [{ write: ['more.txt', 'more\n'] }] });
    const byModel = project('drained-model', { 'funade.yaml': 'agent:\n  runner: builtin\n' });
    const asked = byModel.issue({});
    await processes.waiting(subject, 'never');
    await poll(
      () => model.requests.length > 2,
      () => 'the model was not asked again',
    );
    expect(await consumer.stop(STOP_WITHIN)).toBe(0);
    for (const each of [subject, asked]) {
      const task = await sureTask(processes, each);
      expect(task).toMatchObject({ state: 'paused', reason: 'drain', failures: 0 });
      expect(each.labels).toEqual(['coding agent processing']);
      expect(await processesWith(task.id)).toEqual([]);
    }
    modelHangs = false;
    await restart();
    const task = await processes.until(subject, 'succeeded');
    expectSound(byCommand, subject, task);
    expect(await runsOf(processes, task)).toEqual(['work', 'resume']);
    expect(await attemptsOf(processes, task)).toMatchObject([
      { outcome: 'cancelled', reason: 'drain' },
      { outcome: 'succeeded' },
    ]);
    expect(byCommand.git.files('funade/issue-1')).toEqual(['README.md', 'greet.txt', 'more.txt']);
    expectSound(byModel, asked, await processes.until(asked, 'succeeded'));
    expect(byModel.git.read('funade/issue-1', 'greet.txt')).toBe('hi\n');
    // The conversation of before: the call of the tool and its result are in what the model is asked next.
    expect(model.requests.at(-1)?.text).toContain('Wrote greet.txt');
    expect(model.faults).toEqual([]);
  });

  test('without any webhook a comment, an unassignment and a close are seen all the same', async () => {
    const heard = project('unheard-comment');
    const unassigned = project('unheard-unassigned');
    const closed = project('unheard-close');
    const mine = unassigned.draft({ work: [{ hang: 'ever' }] });
    processes.gitlab.assign(mine, 'funade-bot');
    processes.gitlab.addLabel(mine, 'coding agent', 'mona');
    const subjects = [
      heard.issue({ work: [{ hang: 'ever' }] }),
      mine,
      closed.issue({ work: [{ hang: 'ever' }] }),
    ] as const;
    for (const subject of subjects) await processes.waiting(subject, 'ever');
    for (const { repository } of [heard, unassigned, closed]) for (const hook of repository.hooks) hook.active = false;
    processes.gitlab.comment(subjects[0], '/funade stop it is not wanted any more');
    processes.gitlab.unassign(subjects[1], 'funade-bot');
    processes.gitlab.close(subjects[2]);
    const tasks = [];
    for (const subject of subjects) tasks.push(await processes.until(subject, 'stopped'));
    expect(tasks.map(({ reason }) => reason)).toEqual(['stopped_by_person', 'unassigned', 'subject_closed']);
    expect(subjects.map(({ labels }) => labels)).toEqual([
      ['coding agent stopped'],
      ['coding agent stopped'],
      ['coding agent stopped'],
    ]);
    for (const { id } of tasks) expect(await processesWith(id)).toEqual([]);
  });

  test('an agent works on while the database is away for some seconds, and nothing is done twice', async () => {
    const there = project('database-away');
    const subject = there.issue({ work: [WRITE, { wait: 'go' }] });
    await processes.waiting(subject, 'go');
    processes.database.cut();
    await sleep(3000);
    await processes.letGo(subject, 'go');
    await sleep(2000);
    processes.database.open();
    const task = await processes.until(subject, 'succeeded');
    expectSound(there, subject, task);
    expect(task.failures).toBe(0);
    expect(await processesWith(task.id)).toEqual([]);
  });

  test('of eight tasks at the same time one floods, one forks, one allocates: the others see nothing of it', async () => {
    const shared = project('shared');
    const places = [shared, shared, shared, project('alone-1'), project('alone-2')];
    const good = places.map(({ issue }, index) => {
      const own = `own-${index}.txt`;
      return issue({ work: [{ write: [own, `${index}\n`] }, { wait: 'go' }, { shell: 'ls own-*' }] });
    });
    for (const subject of good) await processes.waiting(subject, 'go');
    const bad = (['flood', 'fork', 'allocate'] as const).map((name) => shared.issue({ work: [{ become: name }] }));
    const firstEnd = async (subject: FakeSubject) => {
      const task = await processes.task(subject);
      return task === undefined ? undefined : (await attemptsOf(processes, task))[0];
    };
    const ends = [];
    for (const subject of bad) {
      await poll(
        async () => ((await firstEnd(subject))?.outcome ?? null) !== null,
        () => `the agent of ${subject.number} goes on`,
      );
      ends.push(await firstEnd(subject));
      expect(await processesWith((await sureTask(processes, subject)).id)).toEqual([]);
    }
    expect(ends.map((end) => end?.reason)).toEqual(['command_flooded', 'no_change', 'command_out_of_memory']);
    for (const subject of bad) processes.gitlab.close(subject);
    for (const subject of good) await processes.letGo(subject, 'go');
    for (const [index, subject] of good.entries()) {
      const task = await processes.until(subject, 'succeeded');
      expect([task.attempts, subject.labels]).toEqual([1, ['coding agent done']]);
      const branch = `funade/issue-${subject.number}`;
      expect(places[index]?.git.files(branch)).toEqual(['README.md', `own-${index}.txt`]);
      const { rows } = await sql<{ readonly text: string }>`
        select text from task_logs where task = ${task.id}`.execute(processes.db);
      expect(rows.map(({ text }) => text).join('')).toContain(`SHELL "own-${index}.txt\\n"`);
      expect(places[index]?.changes().filter(({ change }) => change?.head === branch)).toHaveLength(1);
    }
  });

  test('what a consumer left that never came back is taken over by another one after its lease, and told so', async () => {
    const task = await processes.until(leftBehind, 'succeeded');
    expectSound(leftBehindIn, leftBehind, task);
    const attempts = await attemptsOf(processes, task);
    expect(attempts).toMatchObject([{ outcome: 'lost', reason: 'process_lost' }, { outcome: 'succeeded' }]);
    expect(attempts[0]?.worker).not.toBe(attempts[1]?.worker);
  });
});

describe.skipIf(RABBITMQ_MISSING !== null)('with RabbitMQ', { timeout: SEVERAL_MINUTES }, () => {
  let broker: RabbitMq;
  let processes: AgentProcesses;

  beforeAll(async () => {
    broker = await startRabbitMq();
    processes = await createAgentProcesses({
      USE_RABBITMQ: 'true',
      RABBITMQ_HOST: broker.host,
      RABBITMQ_PORT: String(broker.port),
      RABBITMQ_USER: broker.user,
      RABBITMQ_PASSWORD: broker.password,
      RABBITMQ_QUEUE: 'funade-agents',
    });
    await processes.start('webhook');
  }, SEVERAL_MINUTES);
  afterAll(async () => {
    await processes.stop();
    await broker.close();
  }, SEVERAL_MINUTES);

  test('a task goes on in the next process when its own is killed, and when the broker is away', async () => {
    const consumer = await processes.start('consumer', { name: 'one' });
    const there = processes.repository('group/broker', undefined, 'gitlab');
    const subject = there.issue({ work: [WRITE, { wait: 'never' }], resume: [{ wait: 'go' }] });
    await processes.waiting(subject, 'never');
    await allGone(await consumer.kill());
    await processes.start('consumer', { name: 'one' });
    await processes.waiting(subject, 'go');
    await broker.stop();
    processes.gitlab.comment(subject, '/funade pause');
    await processes.until(subject, 'paused');
    await broker.start();
    processes.gitlab.comment(subject, '/funade resume');
    await processes.until(subject, 'running');
    await processes.letGo(subject, 'go');
    expectSound(there, subject, await processes.until(subject, 'succeeded'));
  });
});

/** Numbers from 0 to 1 that a seed gives again (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.trunc(state + 0x6d2b79f5);
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = Math.trunc(mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
