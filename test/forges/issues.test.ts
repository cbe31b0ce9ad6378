import { describe, expect, it } from 'vitest';
import { type ForgeRig, RIGS, failureOf, keyOf } from './rigs.ts';

const MARKER = 'loop:rollout:7';

function prepare({ server }: ForgeRig) {
  const repository = server.addRepository({ fullName: 'octo/greeter' });
  const issue = {
    title: 'Release 7 was rolled back',
    body: 'error-rate was 12 %',
    labels: ['coding agent', 'release'],
    marker: MARKER,
    since: Date.now(),
  };
  return { repository, key: keyOf(repository), issue };
}

describe.each(RIGS)('own issues on $name', ({ start }) => {
  it('opens an issue with its labels, as our account', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    const opened = await rig.forge.openIssue(key, issue);
    expect(opened).toMatchObject({ number: 1, created: true, url: expect.stringContaining('/octo/greeter/') });
    expect(repository.subjects).toMatchObject([
      {
        kind: 'issue',
        title: issue.title,
        body: `<!-- funade:${MARKER} -->\nerror-rate was 12 %`,
        labels: issue.labels,
        author: { login: rig.login },
      },
    ]);
    const subject = { repository: key, kind: 'issue', number: 1 } as const;
    expect(await rig.forge.labelling(subject, 'coding agent')).toMatchObject({ actor: { login: rig.login } });
    expect(rig.server.faults).toEqual([]);
  });

  it('answers the same issue when it is asked again, by another process too, and also when it was closed', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    for (let count = 0; count < 120; count += 1) rig.server.addIssue(repository);
    const { number, url } = await rig.forge.openIssue(key, issue);
    for (let count = 0; count < 120; count += 1) rig.server.addIssue(repository);
    expect(await rig.forge.openIssue(key, issue)).toEqual({ number, url, created: false });
    rig.server.close(repository.subjects.find((each) => each.number === number)!);
    expect(await rig.connect().openIssue(key, issue)).toEqual({ number, url, created: false });
    expect(repository.subjects).toHaveLength(241);
    expect(rig.server.faults).toEqual([]);
  });

  it('opens one issue when two callers come at once, and one for each marker', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    await Promise.all(Array.from({ length: 3 }, () => rig.forge.openIssue(key, issue)));
    await rig.forge.openIssue(key, { ...issue, marker: 'loop:rollout:8' });
    expect(repository.subjects).toHaveLength(2);
  });

  it('finds the issue whose answer was lost, and opens no second one', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.failNext({ match: /^POST .*\/issues$/, how: 'drop after' });
    expect(await failureOf(rig.forge.openIssue(key, issue))).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    expect(await rig.forge.openIssue(key, issue)).toMatchObject({ number: 1, created: false });
    expect(repository.subjects).toHaveLength(1);
  });

  it("takes no person's issue with the marker for its own", async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.addIssue(repository, { body: `<!-- funade:${MARKER} -->\nmine!`, by: 'mona' });
    expect(await rig.forge.openIssue(key, issue)).toMatchObject({ number: 2, created: true });
  });

  it('takes no change with the marker for the issue', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.addChange(repository, { head: 'topic', body: `<!-- funade:${MARKER} -->\n`, by: rig.login });
    expect(await rig.forge.openIssue(key, issue)).toMatchObject({ created: true });
  });

  it('cuts title and text that are longer than a forge takes', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    await rig.forge.openIssue(key, { ...issue, title: 't'.repeat(400), body: 'x'.repeat(600_000) });
    expect(repository.subjects[0]?.title.endsWith('…')).toBe(true);
    expect(repository.subjects[0]?.body.endsWith('…')).toBe(true);
  });

  it('has no commands of the forge in its text', async () => {
    const rig = await start();
    const { key, issue } = prepare(rig);
    await rig.forge.openIssue(key, { ...issue, body: 'the log:\n/close\n  /label ~urgent\n' });
    expect(rig.server.faults).toEqual([]);
  });

  it('tells of a repository that is not there', async () => {
    const rig = await start();
    const { issue } = prepare(rig);
    const failure = await failureOf(rig.forge.openIssue({ id: null, fullName: 'octo/nothing' }, issue));
    expect(failure).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });

  it.each([
    [403, 'FUN_FORGE_REFUSED'],
    [410, 'FUN_FORGE_NOT_FOUND'],
    [422, 'FUN_FORGE_REJECTED'],
    [502, 'FUN_FORGE_UNREACHABLE'],
  ])('fails where opening is answered with %s', async (status, code) => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.failNext({ match: /^POST .*\/issues$/, status });
    expect(await failureOf(rig.forge.openIssue(key, issue))).toMatchObject({ code });
    expect(repository.subjects).toEqual([]);
  });

  it('closes an issue, once', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    const { number } = await rig.forge.openIssue(key, issue);
    await rig.forge.closeIssue(key, number);
    const writes = () => rig.server.requests.filter(({ method }) => method !== 'GET').length;
    const before = writes();
    await rig.forge.closeIssue(key, number);
    expect(writes()).toBe(before);
    expect(repository.subjects).toMatchObject([{ open: false }]);
    expect(rig.server.faults).toEqual([]);
  });

  it('closes it though the answer is lost', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    const { number } = await rig.forge.openIssue(key, issue);
    rig.server.failNext({ match: /^(?:PATCH|PUT) /, how: 'drop after' });
    await rig.forge.closeIssue(key, number);
    expect(repository.subjects).toMatchObject([{ open: false }]);
  });

  it('closes no change, and tells of an issue that is gone', async () => {
    const rig = await start();
    const { repository, key } = prepare(rig);
    const change = rig.server.addChange(repository, { head: 'topic' });
    expect(await failureOf(rig.forge.closeIssue(key, change.number))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
    expect(change.open).toBe(true);
    const gone = rig.server.addIssue(repository);
    rig.server.deleteSubject(gone);
    expect(await failureOf(rig.forge.closeIssue(key, gone.number))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });
});

describe.each(RIGS.filter(({ name }) => name.startsWith('GitHub')))('labels of own issues on $name', ({ start }) => {
  it('tells that the account may not label, where the forge drops labels without a word', async () => {
    const rig = await start();
    const { repository, key, issue } = prepare(rig);
    rig.server.setRole(repository, rig.login, 'read');
    expect(await failureOf(rig.forge.openIssue(key, issue))).toMatchObject({ code: 'FUN_FORGE_REFUSED' });
  });
});
