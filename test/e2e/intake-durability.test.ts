import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerProcess } from '../../tools/chaos/server-process.ts';
import type { FakeRepository, FakeSubject } from '../fakes/forge/world.ts';
import { startGitlab } from '../fakes/gitlab-server.ts';
import { HOOK_SECRET, type Processes, TRIGGER, createProcesses } from '../intake-processes.ts';
import { RABBITMQ_MISSING, type RabbitMq, startRabbitMq } from '../rabbitmq.ts';

const SEVERAL_MINUTES = 300_000;
/** Few enough to stay within what GitHub allows: one write a second. */
const MANY = 12;
const PATIENCE = { timeout: 60_000, interval: 100 };

/** Rows of the outbox: messages that the broker has not confirmed. */
async function outbox({ db }: Processes): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from outbox`.execute(db);
  return rows[0]?.count ?? -1;
}

async function statesOf(processes: Processes): Promise<readonly string[]> {
  return (await processes.tasks()).map(({ state }) => state);
}

function times<T>(count: number, value: T): readonly T[] {
  return Array.from({ length: count }, () => value);
}

async function hookDeliveries({ github }: Processes, repository: FakeRepository): Promise<readonly number[]> {
  await github.webhooksSent();
  return repository.hooks.flatMap(({ deliveries }) => deliveries.map(({ status }) => status));
}

describe('webhook and consumer are processes of their own on one database', { timeout: SEVERAL_MINUTES }, () => {
  let processes: Processes;
  let repository: FakeRepository;
  let receiver: ServerProcess;

  beforeAll(async () => {
    processes = await createProcesses({ FUNADE_GITHUB_REPOSITORIES: 'octo/greeter' });
    const { github } = processes;
    repository = github.addRepository({ fullName: 'octo/greeter' });
    github.setRole(repository, 'mona', 'write');
    receiver = await processes.start('webhook');
    github.addHook(repository, `${receiver.url}/webhook/github`, { events: ['*'], secret: HOOK_SECRET });
    await Promise.all([processes.start('consumer', { name: 'one' }), processes.start('consumer', { name: 'two' })]);
  }, SEVERAL_MINUTES);
  afterAll(() => processes.stop(), SEVERAL_MINUTES);

  test('an issue that is labelled becomes one task; its label moves, and everything else on it stays', async () => {
    const issue = processes.github.addIssue(repository, { labels: ['bug'] });
    processes.github.addLabel(issue, TRIGGER, 'mona');
    await expect.poll(() => statesOf(processes), PATIENCE).toEqual(['succeeded']);
    expect(issue.labels.toSorted()).toEqual(['bug', 'coding agent done']);
    expect(await hookDeliveries(processes, repository)).not.toContain(500);
    expect(processes.github.faults).toEqual([]);
  });

  test('an issue that is made with the label and two others at once becomes one task', async () => {
    const before = (await processes.tasks()).length;
    processes.github.addIssue(repository, { labels: [TRIGGER, 'bug', 'help wanted'] });
    await expect.poll(() => statesOf(processes), PATIENCE).toEqual(times(before + 1, 'succeeded'));
  });

  test('many issues at once are claimed once each by two consumers', async () => {
    const before = (await processes.tasks()).length;
    for (let count = 0; count < MANY; count += 1) {
      processes.github.addLabel(processes.github.addIssue(repository), TRIGGER, 'mona');
    }
    await expect
      .poll(() => statesOf(processes), { ...PATIENCE, timeout: 180_000 })
      .toEqual(times(before + MANY, 'succeeded'));
    const tasks = await processes.tasks();
    expect(tasks.map(({ attempts }) => attempts)).toEqual(times(before + MANY, 1));
    expect(processes.github.faults).toEqual([]);
  });

  test('what is told while the database is away is answered 503, and found by one look of the producer', async () => {
    const issue = processes.github.addIssue(repository);
    await processes.github.webhooksSent();
    processes.database.cut();
    processes.github.addLabel(issue, TRIGGER, 'mona');
    await processes.github.webhooksSent();
    expect(repository.hooks[0]?.deliveries.at(-1)?.status).toBe(503);
    processes.database.open();
    const found = await processes.run('serve', '--role', 'producer', '--json');
    expect([found.code, found.stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(found.stdout)).toMatchObject({ found: 1, failed: [] });
    const own = async () => (await processes.tasks()).filter(({ number }) => number === issue.number);
    await expect.poll(own, PATIENCE).toMatchObject([{ state: 'succeeded', via: 'poll', attempts: 1 }]);
    expect(issue.labels).toEqual(['coding agent done']);
  });
});

describe('the receiver is down', { timeout: SEVERAL_MINUTES }, () => {
  let processes: Processes;
  let repository: FakeRepository;
  beforeAll(async () => {
    processes = await createProcesses({ FUNADE_GITHUB_REPOSITORIES: 'octo/greeter' });
    repository = processes.github.addRepository({ fullName: 'octo/greeter' });
    processes.github.setRole(repository, 'mona', 'write');
  }, SEVERAL_MINUTES);
  afterAll(() => processes.stop(), SEVERAL_MINUTES);

  test('three labels that were set meanwhile are worked on once each, by webhook and poll together', async () => {
    const receiver = await processes.start('webhook');
    processes.github.addHook(repository, `${receiver.url}/webhook/github`, { events: ['*'], secret: HOOK_SECRET });
    const issues = [1, 2, 3].map(() => processes.github.addIssue(repository));
    await processes.github.webhooksSent();
    await receiver.kill();
    for (const issue of issues) processes.github.addLabel(issue, TRIGGER, 'mona');
    await processes.github.webhooksSent();
    expect(await processes.tasks()).toEqual([]);
    await processes.start('webhook');
    // Two looks at the same time, and GitHub sends again what failed.
    await Promise.all([
      processes.run('serve', '--role', 'producer'),
      processes.run('serve', '--role', 'producer'),
      processes.start('consumer'),
    ]);
    await expect.poll(() => statesOf(processes), PATIENCE).toEqual(times(3, 'succeeded'));
    await processes.run('serve', '--role', 'producer');
    const tasks = (await processes.tasks()).toSorted((left, right) => left.number - right.number);
    expect(tasks.map(({ number, attempts }) => [number, attempts])).toEqual(issues.map(({ number }) => [number, 1]));
    expect(issues.map(({ labels }) => labels)).toEqual(times(3, ['coding agent done']));
    expect(processes.github.faults).toEqual([]);
  });
});

describe('GitLab', { timeout: SEVERAL_MINUTES }, () => {
  test('a label that is put on is told by hook and by poll, and is one task whose labels move', async () => {
    const gitlab = await startGitlab();
    const processes = await createProcesses({
      GITLAB_WEBHOOK_TOKEN: HOOK_SECRET,
      GITLAB_API_URL: gitlab.apiUrl,
      GITLAB_PERSONAL_ACCESS_TOKEN: gitlab.token,
      FUNADE_GITLAB_REPOSITORIES: 'group/greeter',
    });
    try {
      const repository = gitlab.addRepository({ fullName: 'group/greeter' });
      gitlab.setRole(repository, 'mona', 'write');
      const [receiver] = await Promise.all([processes.start('webhook'), processes.start('consumer')]);
      const address = `${receiver.url}/webhook/gitlab`;
      // A hook of the project and one of its group.
      gitlab.addHook(repository, address, { events: ['issues_events'], secret: HOOK_SECRET });
      gitlab.addHook(repository, `${address}/`, { events: ['issues_events'], secret: HOOK_SECRET });
      const issue = gitlab.addIssue(repository, { labels: ['bug'] });
      gitlab.addLabel(issue, TRIGGER, 'mona');
      const looked = await processes.run('serve', '--role', 'producer');
      expect([looked.code, looked.stderr]).toEqual([0, expect.any(String)]);
      await expect.poll(() => statesOf(processes), PATIENCE).toEqual(['succeeded']);
      expect(issue.labels.toSorted()).toEqual(['bug', 'coding agent done']);
      await gitlab.webhooksSent();
      expect(repository.hooks.flatMap(({ deliveries }) => deliveries.map(({ status }) => status))).not.toContain(401);
      expect(gitlab.faults).toEqual([]);
    } finally {
      await processes.stop();
      await gitlab.stop();
    }
  });
});

describe.skipIf(RABBITMQ_MISSING !== null)('with RabbitMQ', { timeout: SEVERAL_MINUTES }, () => {
  let broker: RabbitMq;
  let processes: Processes;
  let repository: FakeRepository;
  let receiver: ServerProcess;

  beforeAll(async () => {
    broker = await startRabbitMq();
    processes = await createProcesses({
      USE_RABBITMQ: 'true',
      RABBITMQ_HOST: broker.host,
      RABBITMQ_PORT: String(broker.port),
      RABBITMQ_USER: broker.user,
      RABBITMQ_PASSWORD: broker.password,
      RABBITMQ_QUEUE: 'funade-test',
    });
    repository = processes.github.addRepository({ fullName: 'octo/greeter' });
    processes.github.setRole(repository, 'mona', 'write');
    receiver = await processes.start('webhook');
    processes.github.addHook(repository, `${receiver.url}/webhook/github`, { events: ['*'], secret: HOOK_SECRET });
  }, SEVERAL_MINUTES);
  afterAll(async () => {
    await processes.stop();
    await broker.close();
  }, SEVERAL_MINUTES);

  async function labelled(): Promise<FakeSubject> {
    const issue = processes.github.addIssue(repository);
    processes.github.addLabel(issue, TRIGGER, 'mona');
    await processes.github.webhooksSent();
    return issue;
  }
  const waiting = () => broker.count('funade-test.drive-task');

  test('a task is announced by a message, and a broker that is down is a delay: 200, published once when it is back', async () => {
    await labelled();
    await expect.poll(waiting, PATIENCE).toBe(1);
    await broker.stop();
    await labelled();
    expect(repository.hooks[0]?.deliveries.at(-1)?.status).toBe(200);
    expect(await outbox(processes)).toBe(1);
    await broker.start();
    await expect.poll(() => outbox(processes), PATIENCE).toBe(0);
    expect(await waiting()).toBe(2);
  });

  test('a process that is killed after its commit and before it could publish has its message published after its restart', async () => {
    await broker.kill();
    await labelled();
    expect(await outbox(processes)).toBe(1);
    await receiver.kill();
    await broker.start();
    expect(await outbox(processes)).toBe(1);
    await processes.start('webhook');
    await expect.poll(() => outbox(processes), PATIENCE).toBe(0);
    expect(await waiting()).toBe(3);
  });

  test('each of them is worked on once', async () => {
    expect(await statesOf(processes)).toEqual(times(3, 'queued'));
    await processes.start('consumer');
    await expect.poll(() => statesOf(processes), PATIENCE).toEqual(times(3, 'succeeded'));
    expect((await processes.tasks()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    await expect.poll(waiting, PATIENCE).toBe(0);
    expect(processes.github.faults).toEqual([]);
  });
});
