import { describe, expect, it } from 'vitest';
import { cloneWithWork, git, must, newFolder } from './git-client.ts';
import { SECRET, receive } from './listener.ts';
import { type ForgeRig, RIGS, keyOf } from './rigs.ts';

const FILES = { 'README.md': '# Greeter\n', 'bin/greet': { program: '#!/bin/sh\necho hello\n' }, 'a "b"\\ü.txt': 'x' };

/** Those that are the most unlike; every way to be connected clones. */
const UNLIKE = RIGS.filter(({ name }) => name === 'GitHub as an App' || name === 'GitLab below a path');

function prepare({ server }: ForgeRig) {
  const repository = server.addRepository({ fullName: 'octo/greeter', git: FILES });
  return { repository, key: keyOf(repository) };
}

describe.each(RIGS)('cloning from $name', ({ start }) => {
  it('takes what gitRemote answers', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    const folder = newFolder();
    const remote = await rig.forge.gitRemote(key);
    expect(remote.url).toBe(`${rig.server.url}/octo/greeter.git`);
    await must(git(folder, ['clone', '--quiet', remote.url, 'clone'], remote));
    expect(await must(git(`${folder}/clone`, ['log', '--format=%s %an']))).toBe('First commit mona');
    expect(repository.git?.files('main')).toEqual(['README.md', 'a "b"\\ü.txt', 'bin/greet']);
    expect(rig.server.faults).toEqual([]);
  });
});

describe.each(UNLIKE)('git of $name', ({ start }) => {
  it.each([
    ['no password', ''],
    ['a wrong one', 'ghp_wrong'],
  ])('refuses %s', async (_what, password) => {
    const rig = await start();
    const { key } = prepare(rig);
    const remote = { ...(await rig.forge.gitRemote(key)), password };
    expect(await git(newFolder(), ['ls-remote', remote.url], remote)).toMatchObject({
      ok: false,
      output: expect.stringMatching(/Authentication failed/),
    });
  });

  it('is not there for a repository that is not', async () => {
    const rig = await start();
    const { key } = prepare(rig);
    const remote = await rig.forge.gitRemote(key);
    const end = await git(newFolder(), ['ls-remote', remote.url.replace('greeter', 'nothing')], remote);
    expect(end).toMatchObject({ ok: false, output: expect.stringMatching(/not found/i) });
  });

  it('takes a push, shows it in the API and tells the hook', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    const { url, events } = await receive(rig.kind);
    rig.server.addHook(repository, url, { events: ['push', 'push_events'], secret: SECRET });
    const remote = await rig.forge.gitRemote(key);
    const clone = await cloneWithWork(remote, 'funade/issue-1', 'Greet in Japanese');
    const sha = await must(git(clone, ['rev-parse', 'HEAD']));
    await must(git(clone, ['push', '--quiet', 'origin', 'HEAD'], remote));
    const refs = await rig.forge.listRefs(key);
    expect(refs).toMatchObject({ value: expect.arrayContaining([{ ref: 'refs/heads/funade/issue-1', sha }]) });
    expect(repository.pushes).toMatchObject([
      { by: { login: rig.login }, ref: 'refs/heads/funade/issue-1', old: null, new: sha, forced: false, refused: null },
    ]);
    await rig.server.webhooksSent();
    expect(events).toMatchObject([
      { kind: 'push', branch: 'funade/issue-1', after: sha, headCommit: { sha, message: 'Greet in Japanese' } },
    ]);
    expect(rig.server.faults).toEqual([]);
  });

  it('notes a push by force as one', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    const remote = await rig.forge.gitRemote(key);
    const clone = await cloneWithWork(remote, 'topic', 'one');
    await must(git(clone, ['push', '--quiet', 'origin', 'HEAD'], remote));
    await must(git(clone, ['commit', '--quiet', '--amend', '--allow-empty', '-m', 'another']));
    expect(await git(clone, ['push', 'origin', 'HEAD'], remote)).toMatchObject({
      ok: false,
      output: expect.stringContaining('non-fast-forward'),
    });
    await must(git(clone, ['push', '--quiet', '--force', 'origin', 'HEAD'], remote));
    expect(repository.pushes.map(({ forced }) => forced)).toEqual([false, true]);
  });

  it('refuses a push to a protected branch as the forge does', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    repository.protect('main');
    const remote = await rig.forge.gitRemote(key);
    const before = repository.refs.get('refs/heads/main');
    const clone = await cloneWithWork(remote, 'main', 'straight to main');
    const { ok, output } = await git(clone, ['push', 'origin', 'HEAD'], remote);
    const words =
      rig.kind === 'github'
        ? [
            'remote: error: GH006: Protected branch update failed for refs/heads/main.',
            '(protected branch hook declined)',
          ]
        : ['remote: GitLab: You are not allowed to push code to protected branches', '(pre-receive hook declined)'];
    expect(ok).toBe(false);
    for (const word of words) expect(output).toContain(word);
    expect(repository.refs.get('refs/heads/main')).toBe(before);
    expect(repository.git?.shaOf('refs/heads/main')).toBe(before);
    expect(repository.pushes).toMatchObject([{ ref: 'refs/heads/main', refused: expect.any(String) }]);
  });

  it('refuses a push that a rule of the repository is against', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    repository.refusePush = (commands) =>
      commands.length > 0 ? 'error: GH013: Repository rule violations found' : null;
    const remote = await rig.forge.gitRemote(key);
    const clone = await cloneWithWork(remote, 'topic', 'x');
    const { ok, output } = await git(clone, ['push', 'origin', 'HEAD'], remote);
    expect({ ok, output }).toMatchObject({ ok: false, output: expect.stringContaining('GH013') });
    expect(output).toContain('pre-receive hook declined');
  });

  it('lets somebody without a write role read, and not push', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    rig.server.setRole(repository, 'eve', 'read');
    const remote = { ...(await rig.forge.gitRemote(key)), password: rig.server.gitTokenOf('eve') };
    const clone = await cloneWithWork(remote, 'topic', 'x');
    const { ok, output } = await git(clone, ['push', 'origin', 'HEAD'], remote);
    expect({ ok, output }).toMatchObject({ ok: false, output: expect.stringContaining('403') });
    expect(output).toMatch(/denied to eve|not allowed to push/);
    expect(repository.pushes).toEqual([]);
  });

  it('carries a push out though its answer is lost', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    const remote = await rig.forge.gitRemote(key);
    const clone = await cloneWithWork(remote, 'topic', 'x');
    rig.server.failNext({ match: /^POST .*git-receive-pack$/, how: 'drop after' });
    expect(await git(clone, ['push', 'origin', 'HEAD'], remote)).toMatchObject({ ok: false });
    expect(repository.refs.has('refs/heads/topic')).toBe(true);
    await must(git(clone, ['push', 'origin', 'HEAD'], remote));
  });

  it('is empty where it has no files', async () => {
    const rig = await start();
    const repository = rig.server.addRepository({ fullName: 'octo/empty', git: {} });
    const remote = await rig.forge.gitRemote(keyOf(repository));
    expect(await must(git(newFolder(), ['ls-remote', remote.url], remote))).toBe('');
    expect(await rig.forge.listRefs(keyOf(repository))).toMatchObject({ value: [] });
  });

  it('is a copy of another repository, with its branches', async () => {
    const rig = await start();
    const { repository } = prepare(rig);
    rig.server.commit(repository, { branch: 'topic', files: { 'x.txt': 'x' } });
    const copy = rig.server.addRepository({ fullName: 'octo/copy', git: repository.git!.directory });
    expect(copy.defaultBranch).toBe('main');
    expect([...copy.refs]).toEqual([...repository.refs]);
  });
});

describe.each(UNLIKE)('merging on $name', ({ start }) => {
  it('merges the branch, closes the issue and tells of both', async () => {
    const rig = await start();
    const { key, repository } = prepare(rig);
    const issue = rig.server.addIssue(repository);
    const other = rig.server.addIssue(repository);
    rig.server.commit(repository, { branch: 'funade/issue-1', files: { 'README.md': '# Greets all\n' } });
    const body = `Closes #${issue.number}`;
    const { number } = await rig.forge.createChange(key, {
      head: 'funade/issue-1',
      base: 'main',
      title: 'Greet all',
      body,
      draft: true,
    });
    const { url, events } = await receive(rig.kind);
    const all = ['*', 'push_events', 'issues_events', 'merge_requests_events'];
    rig.server.addHook(repository, url, { events: all, secret: SECRET });
    const change = repository.subjects.find((each) => each.kind === 'change' && each.number === number)!;
    const sha = rig.server.mergeChange(change, 'mona');
    expect(repository.refs.get('refs/heads/main')).toBe(sha);
    expect(repository.git?.read('main', 'README.md')).toBe('# Greets all\n');
    expect(repository.git?.log('main')[0]).toMatchObject({
      author: 'mona',
      message: expect.stringContaining('Greet all'),
    });
    expect(await rig.forge.readChange(key, number)).toMatchObject({ open: false, merged: true, draft: false });
    expect([issue.open, other.open]).toEqual([false, true]);
    await rig.server.webhooksSent();
    expect(events).toMatchObject([
      { kind: 'push', branch: 'main', after: sha, actor: 'mona' },
      { kind: 'closed', merged: true, subject: { kind: 'change', number } },
      { kind: 'closed', merged: false, subject: { kind: 'issue', number: issue.number } },
    ]);
    expect(rig.server.faults).toEqual([]);
  });

  it('does not merge what is in conflict', async () => {
    const rig = await start();
    const { repository } = prepare(rig);
    rig.server.commit(repository, { branch: 'topic', files: { 'README.md': 'one\n' } });
    rig.server.commit(repository, { files: { 'README.md': 'two\n' } });
    const change = rig.server.addChange(repository, { head: 'topic' });
    const before = repository.git?.shaOf('main');
    expect(() => rig.server.mergeChange(change)).toThrow(/merge-tree/);
    expect(repository.git?.shaOf('main')).toBe(before);
    expect(change.open).toBe(true);
  });
});
