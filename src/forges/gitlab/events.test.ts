import { describe, expect, test } from 'vitest';
import { gitlabDelivery, readAll, readSituation as parse } from '../../../test/gitlab-deliveries.ts';
import { gitlabWebhook } from '../index.ts';

type Json = Readonly<Record<string, unknown>>;

const mona = { login: 'mona', id: '11', isBot: false };
const taro = { login: 'taro', id: '12', isBot: false };
const bot = { login: 'project_42_bot_5f0e2d1c9b8a7f6e5d4c3b2a19080706', id: '77', isBot: true };
const repository = {
  host: 'gitlab.example.com',
  id: '42',
  fullName: 'harbour/tools/greeter',
  cloneUrls: [
    'https://gitlab.example.com/harbour/tools/greeter.git',
    'git@gitlab.example.com:harbour/tools/greeter.git',
  ],
};
const issue = {
  kind: 'issue',
  number: 7,
  title: 'Greeting is not translated',
  url: 'https://gitlab.example.com/harbour/tools/greeter/-/issues/7',
  open: true,
  author: { login: 'unknown', id: '12', isBot: false },
  labels: ['coding agent'],
  assignees: [],
};
const change = {
  ...issue,
  kind: 'change',
  number: 3,
  title: 'Translate the greeting',
  url: 'https://gitlab.example.com/harbour/tools/greeter/-/merge_requests/3',
};
const openedAt = Date.parse('2026-01-02T03:04:05Z');
const at = Date.parse('2026-01-02T03:14:05Z');
const about = { repository, actor: mona, at };

describe('issues', () => {
  test('a label that was added is told, by whom and when; those that were there are not', () => {
    expect(parse('issue-label-added')).toEqual({
      kind: 'label_added',
      ...about,
      subject: { ...issue, labels: ['bug', 'coding agent'] },
      added: ['coding agent'],
    });
  });

  test('created with the label: opened, with the labels that it has', () => {
    expect(parse('issue-opened-with-label')).toEqual({
      kind: 'opened',
      repository,
      actor: taro,
      at: openedAt,
      subject: { ...issue, author: taro },
      again: false,
    });
  });

  test('opened again: with its labels, at the time of that', () => {
    expect(parse('issue-reopened')).toEqual({ kind: 'opened', ...about, subject: issue, again: true });
  });

  test('closed', () => {
    expect(parse('issue-closed')).toEqual({
      kind: 'closed',
      ...about,
      subject: { ...issue, open: false },
      merged: false,
    });
  });

  test('labels and people that change at once are several events', () => {
    const { event, payload } = gitlabDelivery('issue-assigned-and-labelled');
    const subject = { ...issue, assignees: [mona, bot] };
    expect(readAll(event, payload)).toEqual([
      { kind: 'label_added', ...about, subject, added: ['coding agent'] },
      { kind: 'assigned', ...about, subject, assignee: mona },
      { kind: 'assigned', ...about, subject, assignee: bot },
      { kind: 'unassigned', ...about, subject, assignee: taro },
    ]);
  });

  test('unassigned', () => {
    expect(parse('issue-unassigned')).toEqual({ kind: 'unassigned', ...about, subject: issue, assignee: bot });
  });

  test('an incident is an issue', () => {
    expect(parse('issue-incident-label-added')).toMatchObject({ kind: 'label_added', subject: { number: 7 } });
  });

  test('labels in upper and lower case are different labels', () => {
    const labels = {
      previous: [{ title: 'Coding Agent' }],
      current: [{ title: 'Coding Agent' }, { title: 'coding agent' }],
    };
    expect(parse('issue-label-added', { changes: { labels } })).toMatchObject({ added: ['coding agent'] });
    expect(gitlabWebhook.labelKey('Coding Agent')).not.toBe(gitlabWebhook.labelKey('coding agent'));
  });

  test('a label that was there before is not told as new, however many there are', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ title: `label ${index}` }));
    expect(parse('issue-label-added', { changes: { labels: { previous: many, current: [...many] } } })).toEqual({
      kind: 'ignored',
      reason: 'label_not_added',
    });
  });
});

describe('merge requests', () => {
  test('a label that was added: the project is the one that it goes to, and there is no project_id to need', () => {
    const { payload } = gitlabDelivery('merge-request-label-added');
    expect(payload['object_attributes']).not.toHaveProperty('project_id');
    expect(parse('merge-request-label-added')).toEqual({
      kind: 'label_added',
      ...about,
      subject: change,
      added: ['coding agent'],
    });
  });

  test('created with the label', () => {
    expect(parse('merge-request-opened-with-label')).toMatchObject({
      kind: 'opened',
      again: false,
      at: openedAt,
      subject: { kind: 'change', number: 3, labels: ['coding agent'] },
    });
  });

  test('closed, and merged', () => {
    expect(parse('merge-request-closed')).toMatchObject({ kind: 'closed', merged: false, subject: { open: false } });
    expect(parse('merge-request-merged')).toMatchObject({ kind: 'closed', merged: true, subject: { open: false } });
  });

  test('unassigned', () => {
    expect(parse('merge-request-unassigned')).toMatchObject({ kind: 'unassigned', assignee: bot });
  });

  test('an older version that names no project id beside the project names the target', () => {
    const { payload } = gitlabDelivery('merge-request-label-added');
    const project = { ...(payload['project'] as Json), id: undefined };
    expect(parse('merge-request-label-added', { project })).toMatchObject({ repository: { id: '42' } });
  });
});

describe('notes', () => {
  const comment = { id: '6001', body: 'Please keep the old text as a fallback.', edited: false };

  test('a comment on an issue', () => {
    expect(parse('note-on-issue')).toEqual({
      kind: 'comment',
      repository,
      actor: mona,
      at: Date.parse('2026-01-02T04:00:00Z'),
      subject: { ...issue, labels: ['bug'] },
      comment,
    });
  });

  test('a comment that was edited', () => {
    expect(parse('note-on-issue-edited')).toMatchObject({
      at: Date.parse('2026-01-02T04:05:00Z'),
      comment: { ...comment, edited: true },
    });
  });

  test('a comment on a merge request', () => {
    expect(parse('note-on-merge-request')).toMatchObject({
      kind: 'comment',
      subject: { ...change, labels: ['bug'] },
      comment,
    });
  });

  test('older versions tell no action: the comment is new', () => {
    expect(parse('note-on-issue', {}, { action: undefined })).toMatchObject({ comment: { edited: false } });
  });
});

describe('pushes', () => {
  const sha = 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7';
  const headCommit = {
    sha,
    message: 'Greet in Japanese\n\n挨拶\n',
    author: '山田 太郎',
    at: Date.parse('2026-01-02T03:00:00+01:00'),
  };
  const before = '95790bf891e76fee5e1747ab589903a6a1f80f22';

  test('a push of a branch tells its newest commit', () => {
    expect(parse('push-to-branch')).toEqual({
      kind: 'push',
      branch: 'main',
      ref: 'refs/heads/main',
      repository,
      before,
      after: sha,
      actor: 'mona',
      headCommit,
      deleted: false,
      forced: false,
    });
  });

  test('a push without new commits has no commit to tell', () => {
    expect(parse('push-to-branch', { commits: [] })).toMatchObject({ kind: 'push', after: sha, headCommit: null });
  });

  test('an all-zero commit means that the branch was deleted', () => {
    expect(parse('push-deletes-branch')).toMatchObject({
      kind: 'push',
      before,
      after: null,
      deleted: true,
      headCommit: null,
    });
  });

  test('an annotated tag is told by the commit that it stands for', () => {
    expect(parse('tag-pushed')).toMatchObject({
      kind: 'tag',
      tag: 'v1.1.0',
      ref: 'refs/tags/v1.1.0',
      before: null,
      after: sha,
      headCommit,
      deleted: false,
    });
  });

  test('a tag without a checkout_sha is told by what it points at', () => {
    const after = '82b3d5ae55f7080f1e6022629cdb57bfae7cccc7';
    expect(parse('tag-pushed', { checkout_sha: null })).toMatchObject({ kind: 'tag', after });
  });

  test('a deleted tag', () => {
    expect(parse('tag-deleted')).toMatchObject({ kind: 'tag', tag: 'v1.1.0', after: null, deleted: true });
  });

  test('a new release is its tag and commit; who made it is not told', () => {
    expect(parse('release-created')).toMatchObject({
      kind: 'tag',
      tag: 'v1.1.0',
      after: sha,
      headCommit,
      actor: 'unknown',
      repository,
    });
    expect(parse('release-created', { commit: null })).toMatchObject({ kind: 'tag', after: null, headCommit: null });
  });
});

describe('people', () => {
  test('accounts of access tokens and service accounts are bots', () => {
    const users = [
      'project_7_bot',
      'project_7_bot3',
      'group_9_bot_0a1b',
      'service_account_group_3_0a1b',
      'robot',
      'bot',
    ];
    const isBot = users.map((username) => {
      const event = parse('issue-label-added', { user: { id: 1, username } });
      return event.kind === 'label_added' && event.actor.isBot;
    });
    expect(isBot).toEqual([true, true, true, true, false, false]);
  });

  test('the author is known when it is the one who acts, or is assigned', () => {
    expect(parse('issue-label-added', {}, { author_id: 11 })).toMatchObject({ subject: { author: mona } });
    expect(parse('issue-label-added', { assignees: [{ id: 12, username: 'taro' }] })).toMatchObject({
      subject: { author: taro },
    });
  });
});

test('an address that no browser should open is made from that of the project', () => {
  const url = 'javascript:alert(1)';
  expect(parse('issue-label-added', {}, { url })).toMatchObject({ subject: { url: issue.url } });
  expect(parse('merge-request-label-added', {}, { url })).toMatchObject({ subject: { url: change.url } });
});
