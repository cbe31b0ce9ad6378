import { describe, expect, it } from 'vitest';
import { type ForgeRig, RIGS, failureOf, keyOf, subjectKey } from './rigs.ts';

const SHA = 'c'.repeat(40);

function prepare({ server }: ForgeRig) {
  const repository = server.addRepository({ fullName: 'octo/greeter' });
  server.push(repository, 'refs/heads/main', 'a'.repeat(40));
  server.push(repository, 'refs/heads/topic', SHA);
  return { repository, key: keyOf(repository) };
}

describe.each(RIGS)('reading a change of $name', ({ start }) => {
  it('shows branch, commit and text', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const title = rig.kind === 'github' ? 'Greet' : 'Draft: Greet';
    const change = rig.server.addChange(repository, { head: 'topic', title, body: 'Closes #1', draft: true });
    expect(await rig.forge.readChange(key, change.number)).toEqual({
      number: change.number,
      url: expect.stringContaining(`${rig.server.url}/octo/greeter/`),
      open: true,
      draft: true,
      merged: false,
      title: 'Greet',
      body: 'Closes #1',
      head: 'topic',
      base: 'main',
      headSha: SHA,
      headRepository: 'octo/greeter',
    });
    expect(rig.server.faults).toEqual([]);
  });

  it('follows the branch, and keeps the commit when that is deleted', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const { number } = rig.server.addChange(repository, { head: 'topic' });
    rig.server.push(repository, 'refs/heads/topic', 'd'.repeat(40));
    expect(await rig.forge.readChange(key, number)).toMatchObject({ headSha: 'd'.repeat(40) });
    rig.server.push(repository, 'refs/heads/topic', null);
    expect(await rig.forge.readChange(key, number)).toMatchObject({ headSha: 'd'.repeat(40) });
  });

  it('tells closed from merged', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const closed = rig.server.addChange(repository, { head: 'topic' });
    rig.server.close(closed);
    const merged = rig.server.addChange(repository, { head: 'topic' });
    rig.server.merge(merged);
    expect(await rig.forge.readChange(key, closed.number)).toMatchObject({ open: false, merged: false });
    expect(await rig.forge.readChange(key, merged.number)).toMatchObject({ open: false, merged: true });
  });

  it.each([
    [true, 'outsider/greeter'],
    ['deleted', null],
  ] as const)('names the repository of a fork: %s', async (fork, headRepository) => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const change = rig.server.addChange(repository, { head: 'topic', fork: true, headSha: SHA, by: 'outsider' });
    change.change!.fork = fork;
    expect(await rig.forge.readChange(key, change.number)).toMatchObject({ headSha: SHA, headRepository });
    expect(rig.server.faults).toEqual([]);
  });

  it('names a renamed repository as the caller does', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const { number } = rig.server.addChange(repository, { head: 'topic' });
    await rig.forge.readChange(key, number);
    rig.server.renameRepository(repository, 'octo/welcomer');
    rig.server.addChange(rig.server.addRepository({ fullName: 'octo/greeter' }), { head: 'wrong' });
    expect(await rig.forge.readChange(key, number)).toMatchObject({ head: 'topic', headRepository: 'octo/greeter' });
  });

  it('answers nothing where there is no such change', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const issue = rig.server.addIssue(repository);
    expect(await rig.forge.readChange(key, issue.number)).toBeNull();
    expect(await rig.forge.readChange(key, 99)).toBeNull();
    repository.gone = true;
    if (rig.kind === 'gitlab') {
      expect(await failureOf(rig.forge.readChange(key, 1))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
    }
  });
});

describe.each(RIGS)('the change that closes an issue on $name', ({ start }) => {
  it.each(['Closes #1', 'Fixes: #1', 'resolved #1 at last', 'closes #2\nfixes #1'])(
    'is known by "%s"',
    async (body) => {
      const rig = await start();
      const { repository, key } = prepare(rig);
      rig.server.addIssue(repository);
      const { number } = rig.server.addChange(repository, { head: 'topic', body });
      expect(await rig.forge.findChange(key, { head: 'none', closes: 1 })).toMatchObject({ number, head: 'topic' });
      expect(rig.server.faults).toEqual([]);
    },
  );

  it.each(['See #1', 'Closes #12', 'Closes other/place#1', '`Closes #1`', '<!-- Closes #1 -->'])(
    'is none that says "%s"',
    async (body) => {
      const rig = await start();
      const { repository, key } = prepare(rig);
      rig.server.addIssue(repository);
      rig.server.addChange(repository, { head: 'topic', body });
      expect(await rig.forge.findChange(key, { head: 'none', closes: 1 })).toBeNull();
    },
  );
});

describe.each(RIGS)('comments of others on $name', ({ start }) => {
  it('show an edit by its time and text', async () => {
    const rig = await start();
    const issue = rig.server.addIssue(rig.server.addRepository({ fullName: 'octo/greeter' }));
    const comment = rig.server.comment(issue, 'before', 'mona');
    Object.assign(comment, { createdAt: Date.now() - 60_000, updatedAt: Date.now() - 60_000 });
    const [first] = await rig.forge.listComments(subjectKey(issue));
    const { updatedAt: read = 0 } = (await rig.forge.read(subjectKey(issue))) ?? {};
    issue.updatedAt -= 60_000;
    rig.server.editComment(issue, comment, 'after', 'mona');
    const [second] = await rig.forge.listComments(subjectKey(issue));
    expect(second).toMatchObject({ id: first?.id, body: 'after', createdAt: first?.createdAt });
    expect(second?.updatedAt).toBeGreaterThan(first?.updatedAt ?? Infinity);
    expect((await rig.forge.read(subjectKey(issue)))?.updatedAt).toBeGreaterThanOrEqual(read);
  });

  it('tell machines, and accounts that were deleted, from people', async () => {
    const rig = await start();
    const issue = rig.server.addIssue(rig.server.addRepository({ fullName: 'octo/greeter' }));
    const machine = rig.kind === 'github' ? 'dependabot[bot]' : 'project_42_bot_0123456789abcdef0123456789abcdef';
    for (const login of ['mona', machine, 'ghost']) rig.server.comment(issue, `I am ${login}`, login);
    const comments = await rig.forge.listComments(subjectKey(issue));
    expect(comments.map(({ author }) => [author.login, author.isBot])).toEqual([
      ['mona', false],
      [machine, true],
      ['ghost', false],
    ]);
    expect(await rig.forge.role(subjectKey(issue).repository, comments[2]!.author)).toBe('none');
  });

  it('are gone when they were deleted', async () => {
    const rig = await start();
    const issue = rig.server.addIssue(rig.server.addRepository({ fullName: 'octo/greeter' }));
    rig.server.deleteComment(issue, rig.server.comment(issue, 'oops', 'mona'), 'mona');
    expect(await rig.forge.listComments(subjectKey(issue))).toEqual([]);
  });
});

describe.each(RIGS.filter(({ name }) => name.startsWith('GitLab')))('internal notes on $name', ({ start }) => {
  it('are left alone', async () => {
    const rig = await start();
    const issue = rig.server.addIssue(rig.server.addRepository({ fullName: 'octo/greeter' }));
    rig.server.comment(issue, 'between us', 'mona', { internal: true });
    rig.server.comment(issue, 'for all', 'mona');
    expect(await rig.forge.listComments(subjectKey(issue))).toMatchObject([{ body: 'for all' }]);
  });
});

describe.each(RIGS.filter(({ name }) => name.startsWith('GitHub')))('a change that is linked on $name', ({ start }) => {
  it('is found though its text does not say so', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    rig.server.addIssue(repository);
    rig.server.addChange(repository, { head: 'a', fork: true, linked: [1], by: 'outsider' });
    expect(await rig.forge.findChange(key, { head: 'none', closes: 1 })).toBeNull();
    const { number } = rig.server.addChange(repository, { head: 'topic', linked: [1] });
    expect(await rig.forge.findChange(key, { head: 'none', closes: 1 })).toMatchObject({ number });
    expect(await rig.forge.findChange(key, { head: 'none', closes: 2 })).toBeNull();
    expect(rig.server.faults).toEqual([]);
  });

  it('is none where the server does not know of links, and a failure where it does not answer', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    rig.server.addChange(repository, { head: 'topic', linked: [1] });
    const message = "Field 'closedByPullRequestsReferences' doesn't exist on type 'Issue'";
    rig.server.failNext({ match: /graphql$/, status: 200, body: { errors: [{ type: 'undefinedField', message }] } });
    expect(await rig.forge.findChange(key, { head: 'none', closes: 1 })).toBeNull();
    const busy = { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] };
    for (const trouble of [
      { status: 502, times: 3 },
      { status: 200, body: busy },
    ]) {
      rig.server.failNext({ match: /graphql$/, ...trouble });
      const failure = await failureOf(rig.forge.findChange(key, { head: 'none', closes: 1 }));
      expect(failure).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    }
  });
});
