import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentProcesses, SEVERAL_MINUTES, TRIGGER, commentOf, createAgentProcesses } from '../agent-processes.ts';

const WRITE = { write: ['greet.txt', 'hello\n'] };
const README = '# Greeter\n';

let processes: AgentProcesses;

beforeAll(async () => {
  processes = await createAgentProcesses();
  await processes.start('all');
}, SEVERAL_MINUTES);
afterAll(() => processes.stop(), SEVERAL_MINUTES);

describe.concurrent('a repository', { timeout: SEVERAL_MINUTES }, () => {
  test('without a commit lets the task fail with that reason, on the subject', async () => {
    const { issue } = processes.repository('octo/empty', {});
    const subject = issue({ work: [WRITE] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'repository_empty', attempts: 1 });
    expect(subject.labels).toEqual(['coding agent failed']);
    expect(commentOf(subject).body).toContain('no commit yet');
  });

  test('whose default branch is not there lets the task fail with that reason, on the subject', async () => {
    const { repository, issue } = processes.repository('octo/no-default');
    repository.defaultBranch = 'gone';
    const subject = issue({ work: [WRITE] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'default_branch_missing', attempts: 1 });
    expect(subject.labels).toEqual(['coding agent failed']);
    commentOf(subject);
  });

  test('with a submodule is worked on; the agent is told of it, and it stays as it was', async () => {
    const submodule = { submodule: 'ab'.repeat(20) };
    const gitmodules = '[submodule "sub"]\n\tpath = sub\n\turl = https://git.invalid/sub.git\n';
    const { git, issue } = processes.repository('octo/submodule', { '.gitmodules': gitmodules, sub: submodule });
    const subject = issue({ work: [{ shell: 'ls -A sub' }, WRITE] });
    await processes.until(subject, 'succeeded');
    expect(git.files('funade/issue-1')).toEqual(['.gitmodules', 'greet.txt', 'sub']);
    const [prompt] = await processes.prompts(subject);
    expect(prompt?.prompt).toContain('Submodules are empty directories here');
  });

  test('with files in Git LFS gets no change of those: the task fails and names the file', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
    const { repository, issue } = processes.repository('octo/lfs', {
      '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      'logo.bin': pointer,
    });
    const subject = issue({ work: [{ write: ['logo.bin', 'not a pointer'] }] });
    expect((await processes.until(subject, 'failed')).reason).toBe('lfs_file');
    expect(commentOf(subject).body).toContain('`logo.bin`');
    expect(repository.pushes).toEqual([]);
    const prompts = await processes.prompts(subject);
    expect(prompts.map(({ kind }) => kind)).toEqual(['work', 'feedback', 'feedback', 'feedback']);
    expect(prompts[0]?.prompt).toContain('Git LFS');
  });

  test('takes files of any name that the agent makes', async () => {
    const names = [
      '-rf',
      ' a  b ',
      'tab\there',
      'line\nbreak',
      '"quoted" \'too\'',
      'ünï/日本語.txt',
      '*?[x]',
      ':(top)x',
      'HEAD',
    ];
    const { git, issue } = processes.repository('octo/names', { 'README.md': README });
    const subject = issue({ work: names.map((name) => ({ write: [name, name] })) });
    await processes.until(subject, 'succeeded');
    expect([...git.files('funade/issue-1')].toSorted()).toEqual(['README.md', ...names].toSorted());
    for (const name of names) expect(git.read('funade/issue-1', name)).toBe(name);
  });

  test('with hooks, and an agent that sets more of them, runs none of them outside of the box', async () => {
    const marker = join(processes.folder, 'hooked');
    const hook = `#!/bin/sh\necho hooked > '${marker}'\necho hooked >&2\nexit 1\n`;
    const { git, issue } = processes.repository('octo/hooks', {
      'README.md': README,
      '.githooks/pre-commit': { program: hook },
      '.githooks/pre-push': { program: hook },
    });
    const names = [
      'pre-commit',
      'pre-push',
      'post-commit',
      'post-checkout',
      'reference-transaction',
      'post-index-change',
    ];
    const set = [
      `for name in ${names.join(' ')}; do mkdir -p .git/hooks; cp .githooks/pre-commit .git/hooks/$name; chmod +x .git/hooks/$name; done`,
      'git config core.hooksPath .githooks',
      'git config core.fsmonitor "$PWD/.githooks/pre-commit"',
      'git config filter.evil.clean "$PWD/.githooks/pre-commit"',
      'git config filter.evil.required true',
      'echo "*.txt filter=evil" > .gitattributes',
      'git config --global core.hooksPath "$PWD/.githooks"',
    ];
    const subject = issue({ work: [{ shell: set.join('; ') }, WRITE] });
    await processes.until(subject, 'succeeded');
    expect(git.read('funade/issue-1', 'greet.txt')).toBe('hello\n');
    expect(existsSync(marker)).toBe(false);
    const [prompt] = await processes.prompts(subject);
    expect(prompt?.prompt).toContain('has hooks of git');
  });

  test('whose allowed paths the agent leaves gets nothing of it: the task fails and names the files', async () => {
    const { repository, issue, changes } = processes.repository('octo/forbidden', {
      'funade.yaml': 'agent:\n  allowedPaths: [src/**]\n',
    });
    const subject = issue({ work: [{ write: ['src/a.txt', 'a'] }, { write: ['deploy/b.sh', 'b'] }] });
    expect((await processes.until(subject, 'failed')).reason).toBe('forbidden_path');
    const { body } = commentOf(subject);
    expect(body).toContain('`deploy/b.sh`');
    expect(body).not.toContain('src/a.txt');
    expect(repository.pushes).toEqual([]);
    expect(changes()).toEqual([]);
  });

  test('whose allowed paths the agent leaves takes its work when it has mended that', async () => {
    const { git, issue } = processes.repository('octo/mended', { 'funade.yaml': 'agent:\n  allowedPaths: [src/**]\n' });
    const subject = issue({
      work: [{ write: ['src/a.txt', 'a'] }, { write: ['deploy/b.sh', 'b'] }],
      feedback: [{ remove: 'deploy' }],
    });
    await processes.until(subject, 'succeeded');
    expect(git.files('funade/issue-1')).toEqual(['funade.yaml', 'src/a.txt']);
    expect((await processes.prompts(subject))[1]?.prompt).toContain('deploy/b.sh');
  });

  test('with checks that fail at first gets a pull request when they pass; the agent reads what they said', async () => {
    const { git, issue, changes } = processes.repository('octo/checks', {
      'funade.yaml': 'agent:\n  checks: ["echo it needs ok.txt; test -f ok.txt"]\n',
    });
    const subject = issue({ work: [WRITE], feedback: [{ write: ['ok.txt', ''] }] });
    await processes.until(subject, 'succeeded');
    const prompts = await processes.prompts(subject);
    expect(prompts.map(({ kind }) => kind)).toEqual(['work', 'feedback']);
    expect(prompts[1]?.prompt).toContain('it needs ok.txt\n');
    expect(git.files('funade/issue-1')).toEqual(['funade.yaml', 'greet.txt', 'ok.txt']);
    expect(changes()).toHaveLength(1);
  });

  test('with checks that never pass gets no pull request; the work stays on its branch, and the comment names the check', async () => {
    const { git, issue, changes } = processes.repository('octo/never', {
      'funade.yaml': 'agent:\n  checks: [test -f never.txt]\n',
    });
    const subject = issue({ work: [WRITE] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'checks_failed', attempts: 1 });
    expect(changes()).toEqual([]);
    expect(git.files('funade/issue-1')).toContain('greet.txt');
    const { body } = commentOf(subject);
    expect(body).toContain('`test -f never.txt`');
    expect(body).toContain('`funade/issue-1`');
  });

  test('with a faulty funade.yaml lets the task fail, with the line of the fault', async () => {
    const { issue } = processes.repository('octo/faulty', {
      'funade.yaml': 'agent:\n  checks: []\n  alowedPaths: [src]\n',
    });
    const subject = issue({ work: [WRITE] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'config_invalid', attempts: 1 });
    const { body } = commentOf(subject);
    expect(body).toContain('funade.yaml:3');
    expect(body).toContain('alowedPaths');
  });
});

describe.concurrent('a pull request that is labelled', { timeout: SEVERAL_MINUTES }, () => {
  const body = JSON.stringify({ work: [WRITE] });

  test('from the branch of a person gets a pull request to that branch, which itself stays as it is', async () => {
    const { repository, git, changes } = processes.repository('octo/theirs');
    const sha = processes.github.commit(repository, { branch: 'by-hand', files: { 'other.txt': 'x' } });
    const theirs = processes.github.addChange(repository, { head: 'by-hand', body, by: 'mona' });
    processes.github.addLabel(theirs, TRIGGER, 'mona');
    await processes.until(theirs, 'succeeded');
    expect(git.shaOf('refs/heads/by-hand')).toBe(sha);
    expect(changes().map(({ change }) => [change?.head, change?.base])).toEqual([
      ['by-hand', 'main'],
      [`funade/change-${theirs.number}`, 'by-hand'],
    ]);
    expect(git.files(`funade/change-${theirs.number}`)).toEqual(['README.md', 'greet.txt', 'other.txt']);
    expect(theirs.labels).toEqual(['coding agent done']);
  });

  test('from a branch of ours gets the work itself', async () => {
    const { repository, git, changes } = processes.repository('octo/ours');
    const branch = 'funade/issue-7';
    processes.github.commit(repository, { branch, files: { 'other.txt': 'x' } });
    const ours = processes.github.addChange(repository, { head: branch, body, by: 'funade-bot' });
    processes.github.addLabel(ours, TRIGGER, 'mona');
    await processes.until(ours, 'succeeded');
    expect(changes()).toEqual([ours]);
    expect(git.files(branch)).toEqual(['README.md', 'greet.txt', 'other.txt']);
    expect(repository.pushes).toMatchObject([{ ref: `refs/heads/${branch}`, forced: false, refused: null }]);
  });

  test('from a fork fails with that reason', async () => {
    const { repository } = processes.repository('octo/fork');
    const fork = processes.github.addChange(repository, { head: 'main', body, by: 'mona', fork: true });
    processes.github.addLabel(fork, TRIGGER, 'mona');
    expect((await processes.until(fork, 'failed')).reason).toBe('fork_change');
    expect(fork.labels).toEqual(['coding agent failed']);
    expect(repository.pushes).toEqual([]);
  });
});

test('nothing that was sent to the forge was wrong, and all that was pushed is ours, below the prefix and not forced', () => {
  processes.check();
});
