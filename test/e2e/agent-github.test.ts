import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AgentProcesses,
  SEVERAL_MINUTES,
  TRIGGER,
  commentOf,
  createAgentProcesses,
  poll,
} from '../agent-processes.ts';

const WRITE = { write: ['greet.txt', 'こんにちは\n'] };

let processes: AgentProcesses;

beforeAll(async () => {
  processes = await createAgentProcesses();
  await processes.start('all');
}, SEVERAL_MINUTES);
afterAll(() => processes.stop(), SEVERAL_MINUTES);

describe.concurrent('an issue that is labelled', { timeout: SEVERAL_MINUTES }, () => {
  test('becomes a branch with what the agent wrote, a draft that closes it, one comment and the label "done"', async () => {
    const { repository, git, issue, changes } = processes.repository('octo/success');
    const subject = issue({ work: [{ wait: 'go' }, WRITE, { summary: ['It greets **now**.'] }] }, { labels: ['bug'] });
    await processes.waiting(subject, 'go');
    expect(subject.labels.toSorted()).toEqual(['bug', 'coding agent processing']);
    await poll(
      () => subject.comments.length === 1,
      () => 'there is no comment',
    );
    expect(commentOf(subject).body).toContain('Funade is working on this');
    await processes.letGo(subject, 'go');
    const task = await processes.until(subject, 'succeeded');
    expect(subject.labels.toSorted()).toEqual(['bug', 'coding agent done']);
    expect(git.files('funade/issue-1')).toEqual(['README.md', 'greet.txt']);
    expect(git.read('funade/issue-1', 'greet.txt')).toBe('こんにちは\n');
    expect(git.read('main', 'greet.txt')).toBeNull();
    const [change, ...more] = changes();
    expect(more).toEqual([]);
    expect(change?.change).toMatchObject({ head: 'funade/issue-1', base: 'main', draft: true, fork: false });
    expect(change?.author.login).toBe('funade-bot');
    expect(change?.body).toContain('Closes #1');
    expect(change?.body).toContain(`<!-- funade:task ${task.id} -->`);
    expect(change?.body).toContain('It greets **now**.');
    const comment = commentOf(subject).body;
    expect(comment).toContain('✔ **Done.**');
    expect(comment).toContain(`#${change?.number}`);
    const commits = git.log('funade/issue-1', 'main');
    expect(commits.map(({ author }) => author)).toEqual(['funade-bot']);
    expect(repository.pushes).toMatchObject([
      { ref: 'refs/heads/funade/issue-1', forced: false, refused: null, by: { login: 'funade-bot' } },
    ]);
  });

  test('without anything to change is done, has no pull request, and its comment says so', async () => {
    const { repository, issue, changes } = processes.repository('octo/unchanged');
    const subject = issue({ work: [{ say: ['Nothing to do here.'] }] });
    const task = await processes.until(subject, 'succeeded');
    expect(task.reason).toBe('no_change');
    expect(subject.labels).toEqual(['coding agent done']);
    expect(commentOf(subject).body).toContain('nothing changed');
    expect(changes()).toEqual([]);
    expect(repository.pushes).toEqual([]);
  });

  test('keeps the labels that people put on while the agent works; the trigger put on again is answered by the same task', async () => {
    const { issue, changes } = processes.repository('octo/labels');
    const subject = issue({ work: [{ wait: 'go' }, WRITE] }, { labels: ['bug'] });
    await processes.waiting(subject, 'go');
    processes.github.addLabel(subject, 'urgent', 'mona');
    processes.github.addLabel(subject, TRIGGER, 'mona');
    await processes.github.webhooksSent();
    await processes.letGo(subject, 'go');
    const { generation } = await processes.until(subject, 'succeeded');
    expect(generation).toBe(1);
    expect(subject.labels.toSorted()).toEqual(['bug', 'coding agent done', 'urgent']);
    expect(changes()).toHaveLength(1);
  });

  test('whose label may not be moved fails for "permission", once', async () => {
    const { repository, issue } = processes.repository('octo/label-403');
    processes.github.failNext({ match: /^DELETE \/repos\/octo\/label-403\/issues\/1\/labels/, status: 403, times: 99 });
    const subject = issue({ work: [WRITE] });
    const task = await processes.until(subject, 'failed');
    expect(task).toMatchObject({ reason: 'permission', attempts: 1 });
    expect(commentOf(subject).body).toContain('✖');
    const asked = processes.github.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes('/label-403/'),
    );
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(repository.pushes).toEqual([]);
  });

  test('twice uses the branch and the pull request of the first time', async () => {
    const { git, issue, changes } = processes.repository('octo/again');
    const subject = issue({ work: [{ shell: 'echo once more >> greet.txt' }] });
    await processes.until(subject, 'succeeded');
    const [first] = changes();
    processes.github.addLabel(subject, TRIGGER, 'mona');
    await poll(
      async () => (await processes.task(subject))?.generation === 2,
      () => 'there is no second task',
    );
    const second = await processes.until(subject, 'succeeded');
    expect(second.change_number).toBe(first?.number);
    expect(changes()).toEqual([first]);
    expect(git.read('funade/issue-1', 'greet.txt')).toBe('once more\nonce more\n');
    expect(subject.labels).toEqual(['coding agent done']);
    commentOf(subject);
  });

  test('that a pull request of somebody closes already gets no second one; the comment names that one and the branch', async () => {
    const { repository, git, draft, changes } = processes.repository('octo/closes');
    const subject = draft({ work: [WRITE] });
    processes.github.commit(repository, { branch: 'by-hand', files: { 'other.txt': 'x' } });
    const theirs = processes.github.addChange(repository, { head: 'by-hand', body: 'Fixes #1', by: 'mona' });
    processes.github.addLabel(subject, TRIGGER, 'mona');
    const task = await processes.until(subject, 'succeeded');
    expect(task.change_number).toBe(theirs.number);
    expect(changes()).toEqual([theirs]);
    expect(theirs.body).toBe('Fixes #1');
    expect(git.files('funade/issue-1')).toContain('greet.txt');
    expect(git.files('by-hand')).not.toContain('greet.txt');
    expect(commentOf(subject).body).toContain('`funade/issue-1`');
  });

  test('whose branch is protected fails with that reason, a comment, and no pull request', async () => {
    const { repository, issue, changes } = processes.repository('octo/protected');
    repository.protect('funade/issue-1');
    const subject = issue({ work: [WRITE] });
    const task = await processes.until(subject, 'failed');
    expect(task.reason).toBe('branch_protected');
    expect(subject.labels).toEqual(['coding agent failed']);
    expect(commentOf(subject).body).toContain('protected');
    expect(changes()).toEqual([]);
  });

  test('together with another one of its repository is worked on in a tree of its own', async () => {
    const { git, issue, changes } = processes.repository('octo/both');
    const seen = { shell: 'ls' };
    const first = issue({ work: [{ write: ['first.txt', '1'] }, { wait: 'go' }, seen] });
    const second = issue({ work: [{ write: ['second.txt', '2'] }, { wait: 'go' }, seen] });
    await Promise.all([first, second].map((subject) => processes.waiting(subject, 'go')));
    await Promise.all([first, second].map((subject) => processes.letGo(subject, 'go')));
    await Promise.all([first, second].map((subject) => processes.until(subject, 'succeeded')));
    expect(git.files('funade/issue-1')).toEqual(['README.md', 'first.txt']);
    expect(git.files('funade/issue-2')).toEqual(['README.md', 'second.txt']);
    expect(await processes.log(first)).not.toContain('second.txt');
    expect(changes()).toHaveLength(2);
  });
});

test('nothing that was sent to the forge was wrong, and all that was pushed is ours, below the prefix and not forced', () => {
  processes.check();
});
