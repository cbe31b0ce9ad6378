import { describe, expect, it } from 'vitest';
import { type ForgeRig, RIGS, failureOf, keyOf, subjectKey } from './rigs.ts';

const SHA = 'c'.repeat(40);

/** A repository with a branch that has something to propose. */
function prepare({ server }: ForgeRig) {
  const repository = server.addRepository({ fullName: 'octo/greeter' });
  server.push(repository, 'refs/heads/main', SHA);
  server.push(repository, 'refs/heads/funade/issue-1', SHA);
  const issue = server.addIssue(repository, { labels: ['coding agent', 'bug'] });
  return { repository, issue, key: keyOf(repository), subject: subjectKey(issue) };
}

const CHANGE = { head: 'funade/issue-1', base: 'main', title: 'Greet', body: 'Closes #1', draft: true } as const;

describe.each(RIGS)('labels on $name', ({ start }) => {
  it('swaps one label for another and leaves the others', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    expect(await rig.forge.swapLabel(subject, { remove: 'coding agent', add: 'busy' })).toEqual({ removed: true });
    expect(issue.labels).toEqual(['bug', 'busy']);
    expect(rig.server.faults).toEqual([]);
  });

  it('keeps a label that a person adds meanwhile', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.slowDown(50);
    const swapped = rig.forge.swapLabel(subject, { remove: 'coding agent', add: 'busy' });
    rig.server.addLabel(issue, 'urgent', 'mona');
    await swapped;
    expect(issue.labels.toSorted()).toEqual(['bug', 'busy', 'urgent']);
  });

  it('tells that the label was not there', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.removeLabel(issue, 'coding agent');
    expect(await rig.forge.swapLabel(subject, { remove: 'coding agent', add: null })).toEqual({ removed: false });
    expect(issue.labels).toEqual(['bug']);
  });

  it('fails where the issue is gone, not only its label', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.deleteSubject(issue);
    const failure = await failureOf(rig.forge.swapLabel(subject, { remove: 'coding agent', add: null }));
    expect(failure).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });

  it('moves the labels of a change', async () => {
    const rig = await start();
    const { repository } = prepare(rig);
    const change = rig.server.addChange(repository, { head: 'topic', labels: ['coding agent'] });
    await rig.forge.swapLabel(subjectKey(change), { remove: 'coding agent', add: 'busy' });
    expect(change.labels).toEqual(['busy']);
  });

  it('says it was us when only the answer to the removal was lost', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.failNext({ match: /^(?:DELETE|PUT) /, how: 'drop after' });
    expect(await rig.forge.swapLabel(subject, { remove: 'coding agent', add: 'busy' })).toEqual({ removed: true });
    expect(issue.labels).toEqual(['bug', 'busy']);
  });

  it('says so also when it is called again after all answers were lost', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.failNext({ match: /^(?:DELETE|PUT) /, how: 'drop after' });
    rig.server.failNext({ match: /^(?:DELETE|PUT) /, status: 502, times: 2 });
    const swap = () => rig.forge.swapLabel(subject, { remove: 'coding agent', add: 'busy' });
    expect(await failureOf(swap())).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    expect(await swap()).toEqual({ removed: true });
    expect(issue.labels).toEqual(['bug', 'busy']);
  });

  it('says it was not us when a person was faster and then an answer was lost', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.failNext({ match: /^(?:DELETE|PUT|GET) .*\/(?:labels\/.*|1)$/, how: 'drop' });
    rig.server.removeLabel(issue, 'coding agent', 'mona');
    expect(await rig.forge.swapLabel(subject, { remove: 'coding agent', add: null })).toEqual({ removed: false });
  });
});

describe.each(RIGS)('comments on $name', ({ start }) => {
  it('writes one comment for a marker and edits it from then on', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    const first = await rig.forge.upsertComment(subject, 'task:1', 'working');
    expect(first.created).toBe(true);
    for (let step = 0; step < 20; step += 1) await rig.forge.upsertComment(subject, 'task:1', `step ${step}`);
    expect(issue.comments.filter(({ system }) => !system)).toHaveLength(1);
    expect(issue.comments[0]).toMatchObject({ author: { login: rig.login }, body: '<!-- funade:task:1 -->\nstep 19' });
    expect(rig.server.faults).toEqual([]);
  });

  it('finds its comment again after a restart, among those of others', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    const { id } = await rig.forge.upsertComment(subject, 'task', 'before');
    for (let count = 0; count < 120; count += 1) rig.server.comment(issue, 'chatter', 'mona');
    expect(await rig.connect().upsertComment(subject, 'task', 'after')).toMatchObject({ id, created: false });
  });

  it("does not touch a person's comment that has the marker", async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    const theirs = rig.server.comment(issue, '<!-- funade:task -->\nmine!', 'mona');
    expect(await rig.forge.upsertComment(subject, 'task', 'ours')).toMatchObject({ created: true });
    expect(theirs.body).toContain('mine!');
  });

  it('writes it once more when a person deleted it', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    await rig.forge.upsertComment(subject, 'task', 'one');
    rig.server.deleteComment(issue, issue.comments[0]!);
    expect(await rig.forge.upsertComment(subject, 'task', 'two')).toMatchObject({ created: true });
    expect(await rig.forge.upsertComment(subject, 'task', 'three')).toMatchObject({ created: false });
    expect(issue.comments).toHaveLength(1);
  });

  it('writes one comment when two callers come at once', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    await Promise.all(['one', 'two', 'three'].map((body) => rig.forge.upsertComment(subject, 'task', body)));
    expect(issue.comments).toHaveLength(1);
  });

  it('finds the comment whose answer was lost, and writes no second one', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    rig.server.failNext({ match: /^POST .*\/(?:comments|notes)$/, how: 'drop after' });
    const write = () => rig.forge.upsertComment(subject, 'task', 'text');
    expect(await failureOf(write())).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    expect(await write()).toMatchObject({ created: false });
    expect(issue.comments).toHaveLength(1);
  });

  it('cuts what is longer than a forge takes', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    await rig.forge.upsertComment(subject, 'task', 'x'.repeat(600_000));
    expect(issue.comments[0]?.body.endsWith('…')).toBe(true);
  });

  it('keeps a marker with odd characters inside the comment', async () => {
    const rig = await start();
    const { issue, subject } = prepare(rig);
    await rig.forge.upsertComment(subject, 'a --> b', 'text');
    await rig.forge.upsertComment(subject, 'a --> b', 'text');
    expect(issue.comments).toHaveLength(1);
    expect(issue.comments[0]?.body.split('-->')).toHaveLength(2);
  });
});

describe.each(RIGS)('changes on $name', ({ start }) => {
  it('opens a draft, and answers the same one when it is asked again', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const made = await rig.forge.createChange(key, CHANGE);
    expect(made).toMatchObject({ open: true, draft: true, title: 'Greet', head: 'funade/issue-1', base: 'main' });
    expect(await rig.forge.createChange(key, CHANGE)).toEqual(made);
    expect(repository.subjects.filter(({ kind }) => kind === 'change')).toHaveLength(1);
    expect(rig.server.faults).toEqual([]);
  });

  it('opens one though the answer to the first try was lost', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    rig.server.failNext({ match: /^POST .*\/(?:pulls|merge_requests)$/, how: 'drop after' });
    expect(await rig.forge.createChange(key, CHANGE)).toMatchObject({ title: 'Greet' });
    expect(repository.subjects.filter(({ kind }) => kind === 'change')).toHaveLength(1);
  });

  it('tells why a change is refused', async () => {
    const rig = await start();
    const { key } = prepare(rig);
    const failure = await failureOf(rig.forge.createChange(key, { ...CHANGE, head: 'no-such-branch' }));
    expect(failure).toMatchObject({ code: 'FUN_FORGE_REJECTED' });
    expect(failure.message).toMatch(/head invalid|source_branch does not exist/);
  });

  it('finds the open change of a branch', async () => {
    const rig = await start();
    const { key } = prepare(rig);
    const { number } = await rig.forge.createChange(key, CHANGE);
    expect(await rig.forge.findChange(key, { head: 'funade/issue-1', closes: null })).toMatchObject({ number });
    expect(await rig.forge.findChange(key, { head: 'funade/issue-10', closes: null })).toBeNull();
  });

  it('finds the open change that closes an issue', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.addChange(repository, { head: 'a', body: `Closes #${issue.number}0` });
    rig.server.close(rig.server.addChange(repository, { head: 'b', body: `Closes #${issue.number}` }));
    const wanted = rig.server.addChange(repository, { head: 'c', body: `It closes #${issue.number}.` });
    const found = await rig.forge.findChange(key, { head: 'none', closes: issue.number });
    expect(found).toMatchObject({ number: wanted.number, head: 'c' });
  });

  it('takes no change from a fork for its own', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    const body = `Closes #${issue.number}`;
    rig.server.addChange(repository, { head: 'funade/issue-1', body, fork: true, by: 'outsider' });
    expect(await rig.forge.findChange(key, { head: 'funade/issue-1', closes: issue.number })).toBeNull();
    expect(await rig.forge.createChange(key, CHANGE)).toMatchObject({ draft: true });
  });

  it('edits title and text, makes it ready and a draft again', async () => {
    const rig = await start();
    const { key } = prepare(rig);
    const { number } = await rig.forge.createChange(key, CHANGE);
    const edit = (change: Parameters<typeof rig.forge.updateChange>[2]) => rig.forge.updateChange(key, number, change);
    expect(await edit({ title: 'Greet all', body: 'New text' })).toMatchObject({
      title: 'Greet all',
      body: 'New text',
      draft: true,
    });
    expect(await edit({ draft: false })).toMatchObject({ title: 'Greet all', draft: false });
    expect(await edit({ draft: false })).toMatchObject({ draft: false });
    expect(await edit({ draft: true, title: 'Once more' })).toMatchObject({ title: 'Once more', draft: true });
    expect(await rig.forge.findChange(key, { head: CHANGE.head, closes: null })).toMatchObject({ draft: true });
    expect(rig.server.faults).toEqual([]);
  });
});

describe.each(RIGS)('commit statuses and webhooks on $name', ({ start }) => {
  it.each([
    ['pending', 'pending', 'pending'],
    ['running', 'pending', 'running'],
    ['success', 'success', 'success'],
    ['failure', 'failure', 'failed'],
    ['cancelled', 'error', 'canceled'],
  ] as const)('sets the status %s, also twice', async (state, onGithub, onGitlab) => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const status = { state, context: 'funade/deploy', description: 'd'.repeat(400), url: 'https://funade.test/runs/1' };
    await rig.forge.setCommitStatus(key, SHA, status);
    await rig.forge.setCommitStatus(key, SHA, status);
    expect(repository.statuses.at(-1)).toMatchObject({
      sha: SHA,
      context: 'funade/deploy',
      state: rig.kind === 'github' ? onGithub : onGitlab,
      url: 'https://funade.test/runs/1',
    });
    expect(rig.server.faults).toEqual([]);
  });

  it('installs a webhook once, and sets right what is wrong with it', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const wanted = { url: 'https://funade.test/webhook', secret: 'a secret of the hook' };
    const made = await rig.forge.hooks.ensure(key, wanted);
    expect(made).toMatchObject({ done: 'created', hook: { url: wanted.url, active: true, troubles: [] } });
    const [hook] = repository.hooks;
    hook!.verifiesTls = false;
    hook!.events = [];
    expect((await rig.forge.hooks.list(key))[0]?.troubles).toEqual(
      expect.arrayContaining(['missing_event', 'tls_verification_off']),
    );
    const again = await rig.forge.hooks.ensure(key, { ...wanted, secret: 'another secret of it' });
    expect(again).toMatchObject({ done: 'updated', hook: { id: made.hook.id, troubles: [] } });
    expect(repository.hooks).toHaveLength(1);
    expect(hook).toMatchObject({ secret: 'another secret of it', verifiesTls: true });
    expect(rig.server.faults).toEqual([]);
  });

  it('installs one webhook though the answer to the first try was lost', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const ensure = () => rig.forge.hooks.ensure(key, { url: 'https://funade.test/webhook', secret: 'a secret' });
    rig.server.failNext({ match: /^POST .*\/hooks$/, how: 'drop after' });
    await ensure().catch(() => {});
    await ensure();
    expect(repository.hooks).toHaveLength(1);
  });
});
