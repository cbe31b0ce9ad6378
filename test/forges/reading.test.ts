import { describe, expect, it } from 'vitest';
import { RIGS, failureOf, keyOf, subjectKey } from './rigs.ts';

const SHA = 'a'.repeat(40);

describe.each(RIGS)('reading from $name', ({ start }) => {
  it('knows the account that it acts as, and asks for it once', async () => {
    const { forge, login, server } = await start();
    expect(await forge.self()).toMatchObject({ login });
    await forge.self();
    expect(server.requests).toHaveLength(1);
    expect(server.faults).toEqual([]);
  });

  it('has the host of the web pages', async () => {
    const { forge, server } = await start();
    expect(forge.host).toBe(new URL(server.url).host);
  });

  it('reads a repository', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({
      fullName: 'octo/greeter',
      cloneUrl: 'https://git.test/octo/greeter.git',
    });
    expect(await forge.repository({ id: null, fullName: 'octo/greeter' })).toEqual({
      host: forge.host,
      id: String(repository.id),
      fullName: 'octo/greeter',
      defaultBranch: 'main',
      cloneUrls: ['https://git.test/octo/greeter.git', expect.stringContaining('octo/greeter.git')],
    });
    expect(server.faults).toEqual([]);
  });

  it('finds a renamed repository by its id, though another one has its old name', async () => {
    const { forge, server } = await start();
    const renamed = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(renamed, { title: 'The right one' });
    const before = await forge.repository(keyOf(renamed));
    expect(before.fullName).toBe('octo/greeter');
    server.renameRepository(renamed, 'octo/welcomer');
    const squatter = server.addRepository({ fullName: 'octo/greeter' });
    server.addIssue(squatter, { title: 'The wrong one' });
    const key = { id: String(renamed.id), fullName: 'octo/greeter' };
    expect((await forge.repository(key)).fullName).toBe('octo/welcomer');
    expect((await forge.gitRemote(key)).url).toBe(renamed.cloneUrl);
    expect(await forge.read({ ...subjectKey(issue), repository: key })).toMatchObject({ title: 'The right one' });
  });

  it('finds a renamed repository by its old name as long as nobody else has it', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.renameRepository(repository, 'octo/welcomer');
    const found = await forge.repository({ id: null, fullName: 'octo/greeter' });
    expect(found).toMatchObject({ id: String(repository.id), fullName: 'octo/welcomer' });
  });

  it('goes on in a repository that is renamed between two verbs', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(repository, { labels: ['coding agent'] });
    const key = subjectKey(issue);
    await forge.read(key);
    server.renameRepository(repository, 'octo/welcomer');
    expect(await forge.read(key)).toMatchObject({ number: issue.number });
    expect(await forge.swapLabel(key, { remove: 'coding agent', add: 'busy' })).toEqual({ removed: true });
    expect(issue.labels).toEqual(['busy']);
  });

  it.each([
    ['that is not there', 'octo/nothing'],
    ['with a name that leads elsewhere', '../user'],
  ])('tells of a repository %s', async (_what, fullName) => {
    const { forge } = await start();
    expect(await failureOf(forge.repository({ id: null, fullName }))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });

  it('reads an issue with its text, labels and people', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(repository, { title: 'Greet', body: 'In Japanese', labels: ['bug'], by: 'mona' });
    server.assign(issue, 'hubot');
    expect(await forge.read(subjectKey(issue))).toEqual({
      kind: 'issue',
      number: issue.number,
      title: 'Greet',
      body: 'In Japanese',
      url: expect.stringContaining(`${server.url}/octo/greeter/`),
      open: true,
      merged: false,
      author: { login: 'mona', id: String(server.user('mona').id), isBot: false },
      labels: ['bug'],
      assignees: [{ login: 'hubot', id: String(server.user('hubot').id), isBot: false }],
      updatedAt: expect.any(Number),
    });
  });

  it('reads a merged change as closed and merged', async () => {
    const { forge, server } = await start();
    const change = server.addChange(server.addRepository({ fullName: 'octo/greeter' }), { head: 'topic' });
    server.merge(change);
    expect(await forge.read(subjectKey(change))).toMatchObject({ kind: 'change', open: false, merged: true });
  });

  it('reads nothing where an issue was deleted, or never was', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(repository);
    server.deleteSubject(issue);
    expect(await forge.read(subjectKey(issue))).toBeNull();
    expect(await forge.read({ ...subjectKey(issue), number: 99 })).toBeNull();
  });

  it('reads no change in the place of an issue, and no issue in the place of a change', async () => {
    const { forge, server } = await start();
    const change = server.addChange(server.addRepository({ fullName: 'octo/one' }), { head: 'topic' });
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/two' }));
    expect(await forge.read({ ...subjectKey(change), kind: 'issue' })).toBeNull();
    expect(await forge.read({ ...subjectKey(issue), kind: 'change' })).toBeNull();
  });

  it('lists what has a label and is open: issues and changes', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(repository, { labels: ['coding agent', 'bug'] });
    const change = server.addChange(repository, { head: 'topic', labels: ['coding agent'] });
    server.addIssue(repository, { labels: ['bug'] });
    server.close(server.addIssue(repository, { labels: ['coding agent'] }));
    const listed = await forge.listLabelled(keyOf(repository), 'coding agent');
    const items = listed.kind === 'changed' ? listed.value.map(({ kind, number }) => ({ kind, number })) : [];
    expect(items).toEqual([
      { kind: 'issue', number: issue.number },
      { kind: 'change', number: change.number },
    ]);
    expect(server.faults).toEqual([]);
  });

  it('lists only what changed since a time', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const old = server.addIssue(repository, { labels: ['coding agent'] });
    old.updatedAt = Date.parse('2026-01-01T00:00:00Z');
    const recent = server.addIssue(repository, { labels: ['coding agent'] });
    const since = Date.parse('2026-01-02T00:00:00Z');
    const listed = await forge.listLabelled(keyOf(repository), 'coding agent', { since });
    expect(listed.kind === 'changed' ? listed.value.map(({ number }) => number) : []).toEqual([recent.number]);
  });

  it('lists all pages', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    for (let count = 0; count < 230; count += 1) server.addIssue(repository, { labels: ['coding agent'] });
    const listed = await forge.listLabelled(keyOf(repository), 'coding agent');
    expect(listed.kind === 'changed' ? listed.value.length : 0).toBe(230);
  });

  it('is told in 304s that a list of two pages is unchanged, and reads it again when its second page changes', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const issues = Array.from({ length: 130 }, () => server.addIssue(repository, { labels: ['coding agent'] }));
    const first = await forge.listLabelled(keyOf(repository), 'coding agent');
    const etag = first.kind === 'changed' ? first.etag : null;
    expect(etag).not.toBeNull();
    const asked = server.requests.length;
    expect(await forge.listLabelled(keyOf(repository), 'coding agent', { etag })).toEqual({ kind: 'unchanged' });
    const statuses = server.requests.slice(asked).map(({ status }) => status);
    expect(statuses.every((status) => status === 304)).toBe(true);
    server.removeLabel(issues[120]!, 'coding agent');
    const second = await forge.listLabelled(keyOf(repository), 'coding agent', { etag });
    expect(second.kind === 'changed' ? second.value.length : 0).toBe(129);
  });

  it('sees that an issue follows after a full page', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    for (let count = 0; count < 100; count += 1) server.addIssue(repository, { labels: ['coding agent'] });
    const first = await forge.listLabelled(keyOf(repository), 'coding agent');
    server.addIssue(repository, { labels: ['coding agent'] });
    const etag = first.kind === 'changed' ? first.etag : null;
    const second = await forge.listLabelled(keyOf(repository), 'coding agent', { etag });
    expect(second.kind === 'changed' ? second.value.length : 0).toBe(101);
  });

  it('takes a tag that is none of its own as no tag', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    expect((await forge.listLabelled(keyOf(repository), 'x', { etag: 'W/"of another version"' })).kind).toBe('changed');
  });

  it('tells who put a label on last, also when that is far back', async () => {
    const { forge, server } = await start();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }), {
      labels: ['coding agent'],
      by: 'eve',
    });
    server.removeLabel(issue, 'coding agent', 'mona');
    server.addLabel(issue, 'coding agent', 'mona');
    const event = issue.labelEvents.at(-1);
    for (let count = 0; count < 210; count += 1) server.addLabel(issue, `other ${count}`, 'eve');
    expect(await forge.labelling(subjectKey(issue), 'coding agent')).toEqual({
      id: String(event?.id),
      label: 'coding agent',
      actor: { login: 'mona', id: String(server.user('mona').id), isBot: false },
      at: expect.any(Number),
    });
    expect(await forge.labelling(subjectKey(issue), 'never there')).toBeNull();
    expect(server.faults).toEqual([]);
  });

  it.each(['read', 'write', 'maintain', 'admin'] as const)('knows the role %s', async (role) => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.setRole(repository, 'mona', role);
    const id = String(server.user('mona').id);
    expect(await forge.role(keyOf(repository), { login: 'mona', id })).toBe(role);
    expect(await forge.role(keyOf(repository), { login: 'mona', id: null })).toBe(role);
  });

  it('gives no role to somebody outside, to nobody, and to who took the login of a member', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.user('eve');
    server.setRole(repository, 'mona', 'admin');
    expect(await forge.role(keyOf(repository), { login: 'eve', id: null })).toBe('none');
    expect(await forge.role(keyOf(repository), { login: 'nobody', id: null })).toBe('none');
    expect(await forge.role(keyOf(repository), { login: 'mona', id: '999999' })).toBe('none');
  });

  it('knows the role of somebody whose login changed', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.setRole(repository, 'mona', 'write');
    const mona = server.user('mona');
    mona.login = 'lisa';
    expect(await forge.role(keyOf(repository), { login: 'mona', id: String(mona.id) })).toBe('write');
  });

  it('lists branches and tags, and is told when they are unchanged', async () => {
    const { forge, server } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.push(repository, 'refs/heads/main', SHA);
    server.push(repository, 'refs/heads/feature/a', 'b'.repeat(40));
    for (let count = 0; count < 120; count += 1) server.push(repository, `refs/tags/v${count}`, SHA);
    repository.refs.set('refs/heads/--upload-pack=x', SHA);
    const listed = await forge.listRefs(keyOf(repository));
    const refs = listed.kind === 'changed' ? listed.value : [];
    expect(refs).toHaveLength(122);
    expect(refs.slice(0, 2)).toEqual([
      { ref: 'refs/heads/main', sha: SHA },
      { ref: 'refs/heads/feature/a', sha: 'b'.repeat(40) },
    ]);
    const etag = listed.kind === 'changed' ? listed.etag : null;
    expect(await forge.listRefs(keyOf(repository), { etag })).toEqual({ kind: 'unchanged' });
    server.push(repository, 'refs/tags/v120', SHA);
    expect((await forge.listRefs(keyOf(repository), { etag })).kind).toBe('changed');
  });

  it('gives an address for git without credentials in it', async () => {
    const { forge, server, kind } = await start();
    const repository = server.addRepository({
      fullName: 'octo/greeter',
      cloneUrl: 'https://git.test/octo/greeter.git',
    });
    const remote = await forge.gitRemote(keyOf(repository));
    expect(remote).toMatchObject({
      url: 'https://git.test/octo/greeter.git',
      username: kind === 'github' ? 'x-access-token' : 'oauth2',
    });
    expect(remote.password).toMatch(/^(?:ghp_|ghs_|glpat-)/);
  });

  it('lists comments oldest first, all pages, and those after an id', async () => {
    const { forge, server } = await start();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    const comments = Array.from({ length: 105 }, (_, count) => server.comment(issue, `comment ${count}`, 'mona'));
    const all = await forge.listComments(subjectKey(issue));
    expect(all.map(({ body }) => body)).toEqual(comments.map(({ body }) => body));
    expect(all[0]).toMatchObject({ author: { login: 'mona' }, system: false, url: expect.stringContaining('#') });
    const since = await forge.listComments(subjectKey(issue), String(comments[102]?.id));
    expect(since.map(({ body }) => body)).toEqual(['comment 103', 'comment 104']);
  });
});
