import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FakeSubject } from '../fakes/forge/world.ts';
import {
  type AgentProcesses,
  SEVERAL_MINUTES,
  commentOf,
  createAgentProcesses,
  poll,
  processesWith,
} from '../agent-processes.ts';

const WRITE = { write: ['greet.txt', 'hello\n'] };
const TOKEN = ['ghp_', 'Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2'];
/** Milliseconds between two edits of a comment. */
const BETWEEN_EDITS = 15_000;

let processes: AgentProcesses;

beforeAll(async () => {
  processes = await createAgentProcesses({
    FUNADE_AGENT_LIMITS_MEMORY: '400',
    FUNADE_AGENT_LIMITS_OUTPUT: '4',
    FUNADE_AGENT_LIMITS_PROCESSES: '100',
  });
  await processes.start('all');
}, SEVERAL_MINUTES);
afterAll(() => processes.stop(), SEVERAL_MINUTES);

async function untilAttempt(subject: FakeSubject, failures: number): Promise<void> {
  await poll(
    async () => ((await processes.task(subject))?.failures ?? 0) >= failures,
    async () => `no ${failures} failures, but ${JSON.stringify(await processes.task(subject))}`,
  );
}

/** Why each of its attempts ended, by the API. */
async function reasonsOf(subject: FakeSubject): Promise<readonly (string | null)[]> {
  const { body } = await processes.api('GET', `/tasks/${(await processes.task(subject))?.id}`);
  return (body as { readonly attempts: readonly { readonly reason: string | null }[] }).attempts.map(
    ({ reason }) => reason,
  );
}

/** Writes of comments below an issue. */
function commentWrites(repository: string) {
  return processes.github.requests.filter(
    ({ method, path, status }) =>
      ['POST', 'PATCH'].includes(method) &&
      path.includes(`/${repository}/issues/`) &&
      path.includes('comments') &&
      status < 300,
  );
}

describe.concurrent('an agent that', { timeout: SEVERAL_MINUTES }, () => {
  test('floods its output is ended, its log is capped, and after three attempts the task is dead', async () => {
    const { issue, changes } = processes.repository('octo/flood');
    const subject = issue({ work: [WRITE, { become: 'flood' }] });
    await untilAttempt(subject, 1);
    expect((await reasonsOf(subject))[0]).toBe('command_flooded');
    await processes.hasten(subject);
    await untilAttempt(subject, 2);
    await processes.hasten(subject);
    const task = await processes.until(subject, 'dead');
    expect(task.attempts).toBe(3);
    expect((await processes.log(subject)).length).toBeLessThan(2.2 * 1024 * 1024);
    expect(await processesWith(task.id)).toEqual([]);
    expect(subject.labels).toEqual(['coding agent failed']);
    expect(commentOf(subject).body).toContain('wrote more than it may');
    expect(changes()).toEqual([]);
  });

  test('allocates without end is ended for that, and its attempt counts', async () => {
    const { issue } = processes.repository('octo/allocate');
    const subject = issue({ work: [{ become: 'allocate' }, { hang: 'ever' }] });
    await untilAttempt(subject, 1);
    expect((await reasonsOf(subject))[0]).toBe('command_out_of_memory');
    processes.github.comment(subject, '/funade stop', 'mona');
    await processes.until(subject, 'stopped');
  });

  test('forks without end gets no more processes than it may, and none is left', async () => {
    const { issue } = processes.repository('octo/fork');
    const subject = issue({ work: [{ become: 'fork' }, { hang: 'ever' }] });
    const task = await (async () => {
      await poll(
        async () =>
          (await processes.task(subject))?.failures === 1 || (await processes.task(subject))?.state === 'succeeded',
        async () => `the agent is still at it: ${JSON.stringify(await processes.task(subject))}`,
      );
      return processes.task(subject);
    })();
    const started = /started (\d+)/.exec(await processes.log(subject))?.[1];
    // One that is ended at the limit does not come to tell how many they were.
    if (started === undefined) expect(task?.failures).toBe(1);
    else expect(Number(started)).toBeLessThanOrEqual(100);
    expect(await processesWith(task?.id ?? '')).toEqual([]);
    if (task?.state === 'queued') processes.github.comment(subject, '/funade stop', 'mona');
  });

  test('hangs is ended when its time is over, with everything that it started; its work stays on the branch', async () => {
    const { git, issue } = processes.repository('octo/hang', { 'funade.yaml': 'agent:\n  budget: { time: 15s }\n' });
    const subject = issue({ work: [WRITE, { hang: 'ever' }] });
    const task = await processes.until(subject, 'failed');
    expect(task).toMatchObject({ reason: 'budget_time', attempts: 1 });
    expect(await processesWith(task.id)).toEqual([]);
    expect(subject.labels).toEqual(['coding agent failed']);
    expect(git.files('funade/issue-1')).toContain('greet.txt');
  });

  test('ends with an error code is tried again, and the code is told when it is dead', async () => {
    const { issue } = processes.repository('octo/exit');
    const subject = issue({ work: [{ exit: 3 }] });
    for (const failures of [1, 2]) {
      await untilAttempt(subject, failures);
      await processes.hasten(subject);
    }
    await processes.until(subject, 'dead');
    expect(commentOf(subject).body).toContain('`exit code 3`');
  });

  test('prints a token has it masked in comment, pull request and log', async () => {
    const { git, issue, changes } = processes.repository('octo/token');
    const token = TOKEN.join('');
    const said = { say: [`it is `, ...TOKEN] };
    const progress = { progress: { note: 'found it', plan: [{ text: 'Look', done: true }] } };
    const subject = issue({ work: [WRITE, said, { wait: 'go' }, progress, { summary: ['Used ', ...TOKEN, '.'] }] });
    await processes.waiting(subject, 'go');
    await poll(
      () => subject.comments.length === 1,
      () => 'there is no comment',
    );
    await processes.letGo(subject, 'go');
    await processes.until(subject, 'succeeded');
    const [change] = changes();
    expect(change?.body).toContain('Used ***.');
    expect(commentOf(subject).body).toContain('Used ***.');
    const log = await processes.log(subject);
    expect(log).toContain('it is ***\n');
    const { body } = await processes.api('GET', '/tasks?project=octo/token');
    const everything = [
      log,
      change?.body,
      change?.title,
      JSON.stringify(body),
      JSON.stringify(git.log('funade/issue-1')),
    ];
    for (const text of everything) expect(text).not.toContain(token);
    const sent = processes.github.requests.filter(({ path }) => path.includes('/octo/token'));
    expect(JSON.stringify(sent.map(({ body: written }) => written ?? ''))).not.toContain(token);
  });

  test('writes a secret of the server into a file gets nothing of it pushed', async () => {
    const { repository, issue } = processes.repository('octo/leak');
    // The agent can't know it; a person told it.
    const subject = issue({ work: [{ write: ['config.txt', `token = ${processes.github.token}\n`] }] });
    expect((await processes.until(subject, 'failed')).reason).toBe('secret_in_diff');
    expect(repository.pushes).toEqual([]);
    expect(commentOf(subject).body).not.toContain(processes.github.token);
    expect(await processes.log(subject)).not.toContain(processes.github.token);
  });

  test('looks for credentials, data and network of the server finds nothing', async () => {
    const { issue } = processes.repository('octo/spy');
    const data = join(processes.folder, 'all');
    const places = [data, join(data, 'secrets/owner-token'), join(data, 'secrets'), join(homedir(), '.ssh/id_rsa')];
    expect(existsSync(join(data, 'secrets/owner-token'))).toBe(true);
    const { github, database } = processes;
    const ports = [github.apiUrl, database.url].map((url) => ['127.0.0.1', Number(new URL(url).port)]);
    const half = (text: string) => [text.slice(0, 10), text.slice(10)];
    const written = [join(data, 'written'), join(processes.folder, 'written'), '/etc/written'];
    const spy = {
      read: places,
      write: written,
      connectTo: [...ports, ['1.1.1.1', 53]],
      words: [half(github.token), half('the secret of the hooks of this test'), half('GITHUB_PERSONAL_ACCESS_TOKEN')],
    };
    const subject = issue({ work: [{ spy }] });
    await processes.until(subject, 'succeeded');
    const line = (await processes.log(subject)).split('\n').find((each) => each.startsWith('SPY ')) ?? 'SPY {}';
    const told = JSON.parse(line.slice(4)) as {
      readonly environment: Readonly<Record<string, string>>;
      readonly read: readonly string[];
      readonly written: readonly string[];
      readonly reached: readonly string[];
      readonly found: readonly (readonly string[])[];
    };
    expect(told.read.slice(1)).toEqual(['nothing', 'nothing', 'nothing']);
    // The box has a /tmp of its own, where the second one is.
    expect(written.filter((path) => existsSync(path))).toEqual([]);
    expect([told.written[0], told.written[2]]).not.toContain('written');
    expect(told.reached).toEqual(['refused', 'refused', 'refused']);
    expect(told.found).toEqual([]);
    expect(Object.keys(told.environment).filter((name) => /TOKEN|SECRET|KEY|DATABASE/.test(name))).toEqual([]);
  });

  test('reports progress 500 times leads to one comment, whose edits are 15 seconds apart', async () => {
    const { issue } = processes.repository('octo/chatty');
    const subject = issue({ work: [WRITE, { chat: [500, 40] }] });
    await processes.until(subject, 'succeeded');
    commentOf(subject);
    const writes = commentWrites('chatty');
    expect(writes.filter(({ method }) => method === 'POST')).toHaveLength(1);
    // The end does not wait for its turn.
    const times = writes.slice(0, -1).map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps.length).toBeGreaterThanOrEqual(1);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(BETWEEN_EDITS - 1000);
  });

  test('works on an issue whose comment a person deletes gets it back once, and then not again', async () => {
    const { issue } = processes.repository('octo/deleted');
    const subject = issue({ work: [WRITE, { wait: 'go' }, { say: ['moving on'] }, { wait: 'on' }] });
    await processes.waiting(subject, 'go');
    await poll(
      () => subject.comments.length === 1,
      () => 'there is no comment',
    );
    processes.github.deleteComment(subject, commentOf(subject), 'mona');
    await processes.letGo(subject, 'go');
    await poll(
      () => subject.comments.length === 1,
      () => 'the comment did not come back',
    );
    processes.github.deleteComment(subject, commentOf(subject), 'mona');
    await processes.letGo(subject, 'on');
    await processes.until(subject, 'succeeded');
    expect(subject.comments).toEqual([]);
    expect(subject.labels).toEqual(['coding agent done']);
  });
});

test('nothing that was sent to the forge was wrong, and all that was pushed is ours, below the prefix and not forced', () => {
  processes.check();
});
