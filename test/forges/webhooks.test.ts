import { describe, expect, it } from 'vitest';
import { SECRET, SIGNING, receive } from './listener.ts';
import { github, gitlab } from './rigs.ts';

const GITLAB_EVENTS = ['push_events', 'tag_push_events', 'issues_events', 'merge_requests_events', 'note_events'];

describe.each([
  { name: 'GitHub', source: 'github', start: github, settings: { events: ['*'], secret: SECRET }, label: 'secret' },
  {
    name: 'GitLab',
    source: 'gitlab',
    start: gitlab,
    settings: { events: GITLAB_EVENTS, secret: SECRET, signing: SIGNING },
    label: 'signing',
  },
])('webhooks of the fake $name', ({ source, start, settings, label }) => {
  async function prepare() {
    const target = await receive(source);
    const { server, forge, login } = await start();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.addHook(repository, target.url, settings);
    return { ...target, server, forge, login, repository };
  }

  it('are signed and read as the events that happened', async () => {
    const { server, repository, events, verified } = await prepare();
    const issue = server.addIssue(repository, { by: 'mona' });
    server.addLabel(issue, 'coding agent', 'mona');
    server.assign(issue, 'hubot', 'mona');
    server.unassign(issue, 'hubot', 'mona');
    const comment = server.comment(issue, 'please', 'mona');
    server.editComment(issue, comment, 'please do', 'mona');
    server.close(issue, 'mona');
    server.reopen(issue, 'mona');
    await server.webhooksSent();
    expect(new Set(verified)).toEqual(new Set([label]));
    expect(events.map(({ kind }) => kind)).toEqual([
      'opened',
      'label_added',
      'assigned',
      'unassigned',
      'comment',
      'comment',
      'closed',
      'opened',
    ]);
    expect(events[1]).toMatchObject({
      added: ['coding agent'],
      actor: { login: 'mona', id: String(server.user('mona').id) },
      subject: { kind: 'issue', number: issue.number, labels: ['coding agent'] },
      repository: { id: String(repository.id), fullName: 'octo/greeter', host: new URL(server.url).host },
    });
  });

  it('tell of changes too', async () => {
    const { server, repository, events } = await prepare();
    const change = server.addChange(repository, { head: 'topic', by: 'mona' });
    server.addLabel(change, 'coding agent', 'mona');
    server.merge(change, 'mona');
    await server.webhooksSent();
    expect(events).toMatchObject([
      { kind: 'opened', subject: { kind: 'change' } },
      { kind: 'label_added', subject: { kind: 'change', number: change.number } },
      { kind: 'closed', merged: true },
    ]);
  });

  it('tell of pushes and tags', async () => {
    const { server, repository, events } = await prepare();
    server.push(repository, 'refs/heads/main', 'a'.repeat(40));
    server.push(repository, 'refs/tags/v1', 'a'.repeat(40));
    await server.webhooksSent();
    const told = events.filter(({ kind }) => kind !== 'ignored');
    expect(told[0]).toMatchObject({ kind: 'push', branch: 'main', after: 'a'.repeat(40), before: null });
    expect(told[1]).toMatchObject({ kind: 'tag', tag: 'v1' });
  });

  it('tell of what comes through the API, under the name of the account', async () => {
    const { server, forge, login, repository, events } = await prepare();
    const issue = server.addIssue(repository, { labels: ['coding agent'] });
    const key = { id: String(repository.id), fullName: 'octo/greeter' };
    await forge.swapLabel(
      { repository: key, kind: 'issue', number: issue.number },
      { remove: 'coding agent', add: 'busy' },
    );
    await server.webhooksSent();
    expect(events.findLast(({ kind }) => kind === 'label_added')).toMatchObject({ added: ['busy'], actor: { login } });
  });
});
