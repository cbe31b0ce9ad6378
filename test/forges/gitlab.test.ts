import { describe, expect, it } from 'vitest';
import { createForge } from '../../src/forges/index.ts';
import { isFunadeError, silentLogger, systemClock } from '../../src/kernel/index.ts';
import { failureOf, gitlab, keyOf, subjectKey } from './rigs.ts';

describe('GitLab', () => {
  it.each([
    ['https://gitlab.com/api/v4', 'gitlab.com'],
    ['https://git.example.com/gitlab/api/v4/', 'git.example.com'],
    ['https://git.example.com:8443/api/v4', 'git.example.com:8443'],
  ])('has, with the API at %s, its pages at %s', (apiUrl, host) => {
    const credentials = { kind: 'token', token: 'glpat-x' } as const;
    expect(createForge({ kind: 'gitlab', apiUrl, credentials, logger: silentLogger, clock: systemClock }).host).toBe(
      host,
    );
  });

  it('takes no credentials of a GitHub App', () => {
    const credentials = { kind: 'app', appId: '1', privateKey: '', installationId: null } as const;
    const apiUrl = 'https://gitlab.com/api/v4';
    let thrown: unknown;
    try {
      createForge({ kind: 'gitlab', apiUrl, credentials, logger: silentLogger, clock: systemClock });
    } catch (error) {
      thrown = error;
    }
    expect(isFunadeError(thrown) && thrown.code).toBe('FUN_FORGE_NO_CREDENTIALS');
  });

  it('works in projects of groups in groups, by path and by id', async () => {
    const { server, forge } = await gitlab();
    const project = server.addRepository({ fullName: 'group/sub/sub/greeter' });
    const issue = server.addIssue(project);
    const byPath = { ...subjectKey(issue), repository: { id: null, fullName: 'group/sub/sub/greeter' } };
    expect(await forge.read(byPath)).toMatchObject({
      url: expect.stringContaining('/group/sub/sub/greeter/-/issues/1'),
    });
    expect(await forge.upsertComment(byPath, 'm', 'text')).toMatchObject({
      url: expect.stringMatching(/\/-\/issues\/1#note_\d+$/),
    });
    expect(server.faults).toEqual([]);
  });

  it('tells a missing project from a missing issue', async () => {
    const { server, forge } = await gitlab();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    issue.repository.gone = true;
    expect(await failureOf(forge.read(subjectKey(issue)))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });

  it('takes labels for different in upper and lower case', async () => {
    const { server, forge } = await gitlab();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }), { labels: ['Coding Agent'] });
    expect(await forge.labelling(subjectKey(issue), 'coding agent')).toBeNull();
    expect(await forge.swapLabel(subjectKey(issue), { remove: 'coding agent', add: null })).toEqual({ removed: false });
  });

  it('leaves confidential issues alone', async () => {
    const { server, forge } = await gitlab();
    const project = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(project, { labels: ['coding agent'], confidential: true });
    expect(await forge.listLabelled(keyOf(project), 'coding agent')).toMatchObject({ value: [] });
    expect(await forge.read(subjectKey(issue))).toBeNull();
  });

  it('shows the notes of GitLab itself as such', async () => {
    const { server, forge } = await gitlab();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    server.assign(issue, 'mona');
    expect(await forge.listComments(subjectKey(issue))).toMatchObject([{ system: true, body: 'assigned to @mona' }]);
  });

  it('has no commands in what it writes, though the text has', async () => {
    const { server, forge } = await gitlab();
    const project = server.addRepository({ fullName: 'octo/greeter' });
    const issue = server.addIssue(project);
    server.push(project, 'refs/heads/topic', 'a'.repeat(40));
    await forge.upsertComment(subjectKey(issue), 'm', 'done\n/merge\n  /close\r/label ~x\n');
    await forge.upsertComment(subjectKey(issue), 'n', `nothing but line ends${'\r'.repeat(100_000)}.`);
    const change = { head: 'topic', base: 'main', title: 'T', body: '/approve', draft: false };
    const { number } = await forge.createChange(keyOf(project), change);
    await forge.updateChange(keyOf(project), number, { body: 'x\n/label ~urgent' });
    expect(server.faults).toEqual([]);
  });

  it('waits until the reset that a 429 names', async () => {
    const { server, forge } = await gitlab();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    const headers = { 'ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1), 'ratelimit-remaining': '0' };
    server.failNext({ status: 429, headers });
    expect(await forge.read(subjectKey(issue))).not.toBeNull();
  });

  it('does not take a refused status for done when it is another one', async () => {
    const { server, forge } = await gitlab();
    const project = server.addRepository({ fullName: 'octo/greeter' });
    const status = { context: 'c', description: '', url: null } as const;
    await forge.setCommitStatus(keyOf(project), 'a'.repeat(40), { ...status, state: 'success' });
    const message = 'Cannot transition status via :enqueue from :success';
    server.failNext({ match: /^POST .*statuses/, status: 400, body: { message } });
    const failure = await failureOf(
      forge.setCommitStatus(keyOf(project), 'a'.repeat(40), { ...status, state: 'pending' }),
    );
    expect(failure).toMatchObject({ code: 'FUN_FORGE_REJECTED', values: { status: 400 } });
  });

  it('sets the key of signatures, and tells when GitLab switched a hook off', async () => {
    const { server, forge } = await gitlab();
    const project = server.addRepository({ fullName: 'octo/greeter' });
    const signing = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    await forge.hooks.ensure(keyOf(project), { url: 'https://funade.test/webhook', secret: 's'.repeat(20), signing });
    expect(project.hooks[0]?.signing).toBe(signing);
    project.hooks[0]!.disabledUntil = Date.parse('2026-05-01T00:00:00Z');
    expect(await forge.hooks.list(keyOf(project))).toMatchObject([
      { active: false, troubles: ['alert_status=temporarily_disabled', 'disabled_until=2026-05-01T00:00:00.000Z'] },
    ]);
    expect(forge.hooks.failedDeliveries).toBeUndefined();
  });
});
