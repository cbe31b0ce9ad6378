import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type ForgeEvent, githubWebhook } from '../index.ts';

interface Example {
  readonly action?: string;
}
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly Example[];
}[];

function example(name: string, action: string): Example {
  const found = examples.find((each) => each.name === name)?.examples.find((each) => each.action === action);
  if (found === undefined) throw new Error(`there is no example of ${name}.${action}`);
  return found;
}

function parse(event: string, payload: unknown): ForgeEvent {
  const headers = { 'x-github-event': event, 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' };
  const [read, ...more] = githubWebhook.parse({ headers, body: Buffer.from(JSON.stringify(payload)), now: 0 });
  if (read === undefined || more.length > 0) throw new Error('a delivery of GitHub tells of one event');
  return read;
}

const codertocat = { login: 'Codertocat', id: '21031067', isBot: false };
const repository = {
  host: 'github.com',
  id: '186853002',
  fullName: 'Codertocat/Hello-World',
  cloneUrls: ['https://github.com/Codertocat/Hello-World.git', 'git@github.com:Codertocat/Hello-World.git'],
};
const issueOne = {
  kind: 'issue',
  number: 1,
  title: 'Spelling error in the README file',
  url: 'https://github.com/Codertocat/Hello-World/issues/1',
  open: true,
  author: codertocat,
  labels: ['bug'],
  assignees: [codertocat],
};
const pullTwo = {
  kind: 'change',
  number: 2,
  title: 'Update the README with new information.',
  url: 'https://github.com/Codertocat/Hello-World/pull/2',
  author: codertocat,
  labels: ['bug'],
};

describe("GitHub's own examples", () => {
  test('issues.labeled names the one label that was added, by whom and when', () => {
    expect(parse('issues', example('issues', 'labeled'))).toEqual({
      kind: 'label_added',
      repository,
      subject: issueOne,
      actor: codertocat,
      at: Date.parse('2019-05-15T15:20:18Z'),
      added: ['bug'],
    });
  });

  test('issues.opened carries the labels that the issue was made with', () => {
    expect(parse('issues', example('issues', 'opened'))).toEqual({
      kind: 'opened',
      repository,
      subject: issueOne,
      actor: codertocat,
      at: Date.parse('2019-05-15T15:20:18Z'),
      again: false,
    });
  });

  test('issues.reopened is opened again, at the time of that', () => {
    expect(parse('issues', example('issues', 'reopened'))).toMatchObject({
      kind: 'opened',
      again: true,
      at: Date.parse('2021-10-11T16:40:56Z'),
      subject: { open: true },
    });
  });

  test('issues.unlabeled is ignored', () => {
    expect(parse('issues', example('issues', 'unlabeled'))).toEqual({ kind: 'ignored', reason: 'label_removed' });
  });

  test('issues.assigned tells who is responsible now', () => {
    expect(parse('issues', example('issues', 'assigned'))).toMatchObject({ kind: 'assigned', assignee: codertocat });
  });

  test('pull_request.labeled is the same for a change', () => {
    expect(parse('pull_request', example('pull_request', 'labeled'))).toMatchObject({
      kind: 'label_added',
      repository,
      subject: { ...pullTwo, open: true },
      added: ['bug'],
    });
  });

  test('pull_request.closed tells whether it was merged', () => {
    const closed = example('pull_request', 'closed') as Example & { readonly pull_request: object };
    const merged = { ...closed, pull_request: { ...closed.pull_request, merged: true } };
    const expected = { kind: 'closed', subject: { ...pullTwo, open: false }, at: Date.parse('2019-05-15T15:21:18Z') };
    expect(parse('pull_request', closed)).toMatchObject({ ...expected, merged: false });
    expect(parse('pull_request', merged)).toMatchObject({ ...expected, merged: true });
  });

  test('issue_comment.created carries the text', () => {
    expect(parse('issue_comment', example('issue_comment', 'created'))).toEqual({
      kind: 'comment',
      repository,
      subject: issueOne,
      actor: codertocat,
      at: Date.parse('2019-05-15T15:20:21Z'),
      comment: { id: '492700400', body: "You are totally right! I'll get this fixed right away.", edited: false },
    });
  });
});

const sender = { login: 'mona', id: 5, type: 'User' };
const issue = {
  number: 7,
  title: 'Greeting is not translated',
  html_url: 'https://github.com/octo/greeter/issues/7',
  state: 'open',
  user: { login: 'taro', id: 6, type: 'User' },
  labels: [{ name: 'bug' }, { name: 'coding agent' }],
  assignees: [],
  created_at: '2026-01-02T03:04:05Z',
  updated_at: '2026-01-02T03:14:05Z',
};
const labeled = {
  action: 'labeled',
  issue,
  label: { name: 'coding agent' },
  repository: { id: 9, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' },
  sender,
};

test('another label than the target is told by its own name: the one in the list does not count', () => {
  const event = parse('issues', { ...labeled, label: { name: 'bug' } });
  expect(event).toMatchObject({ added: ['bug'], subject: { labels: ['bug', 'coding agent'] } });
});

test('creation tells `opened` with all labels, and `labeled` for each, with the same subject', () => {
  const opened = parse('issues', { ...labeled, action: 'opened', label: undefined });
  const each = ['bug', 'coding agent'].map((name) => parse('issues', { ...labeled, label: { name } }));
  expect(opened).toMatchObject({ kind: 'opened', subject: { number: 7, labels: ['bug', 'coding agent'] } });
  expect(each).toMatchObject([
    { kind: 'label_added', added: ['bug'], subject: { number: 7 } },
    { kind: 'label_added', added: ['coding agent'], subject: { number: 7 } },
  ]);
});

test('a closed issue is told as closed, so that its label starts nothing', () => {
  const event = parse('issues', { ...labeled, issue: { ...issue, state: 'closed' } });
  expect(event).toMatchObject({ kind: 'label_added', subject: { open: false } });
});

test('a renamed repository keeps its id', () => {
  const renamed = { ...labeled, repository: { ...labeled.repository, full_name: 'octo/hello' } };
  expect(parse('issues', renamed)).toMatchObject({ repository: { id: '9', fullName: 'octo/hello' } });
});

test('an app that acts is a bot; an account that is gone is the ghost', () => {
  const event = parse('issues', {
    ...labeled,
    issue: { ...issue, user: null },
    sender: { login: 'funade[bot]', id: 77, type: 'Bot' },
  });
  expect(event).toMatchObject({
    actor: { login: 'funade[bot]', id: '77', isBot: true },
    subject: { author: { login: 'ghost', id: null, isBot: false } },
  });
});

test('an issue that was moved here is opened when it came, not when it was made', () => {
  const moved = { ...labeled, action: 'opened', changes: { old_issue: { number: 1 }, old_repository: {} } };
  expect(parse('issues', moved)).toMatchObject({ kind: 'opened', at: Date.parse(issue.updated_at) });
});

test('an issue event of a pull request is about the change', () => {
  const event = parse('issues', { ...labeled, issue: { ...issue, pull_request: { url: 'x' } } });
  expect(event).toMatchObject({ kind: 'label_added', subject: { kind: 'change', number: 7 } });
});

const comment = {
  action: 'created',
  issue: { ...issue, pull_request: { url: 'https://api.github.com/repos/octo/greeter/pulls/7' } },
  comment: { id: 31, body: '/funade stop', created_at: '2026-01-02T04:00:00Z', updated_at: '2026-01-02T04:05:00Z' },
  repository: labeled.repository,
  sender,
};

test('a comment on a pull request is about the change', () => {
  expect(parse('issue_comment', comment)).toMatchObject({
    kind: 'comment',
    subject: { kind: 'change', number: 7 },
    at: Date.parse('2026-01-02T04:00:00Z'),
    comment: { id: '31', body: '/funade stop', edited: false },
  });
});

test('an edited comment is told as edited', () => {
  expect(parse('issue_comment', { ...comment, action: 'edited' })).toMatchObject({
    at: Date.parse('2026-01-02T04:05:00Z'),
    comment: { edited: true },
  });
});

test.each([
  ['no action', 'issues', { ...labeled, action: undefined }, 'missing_action'],
  ['an action that is no text', 'issues', { ...labeled, action: {} }, 'payload_mismatch'],
  ['an unknown action', 'issues', { ...labeled, action: 'typed' }, 'action_not_handled'],
  ['an action named like a method', 'issues', { ...labeled, action: 'constructor' }, 'action_not_handled'],
  ['a label that is gone already', 'issues', { ...labeled, label: undefined }, 'label_not_added'],
  ['a label without a name', 'issues', { ...labeled, label: { name: '' } }, 'label_not_added'],
  ['no issue', 'issues', { ...labeled, issue: undefined }, 'payload_mismatch'],
  ['no sender', 'issues', { ...labeled, sender: undefined }, 'payload_mismatch'],
  ['a sender without a login', 'issues', { ...labeled, sender: { id: 5 } }, 'payload_mismatch'],
  ['no repository', 'issues', { ...labeled, repository: null }, 'payload_mismatch'],
  ['a number that is text', 'issues', { ...labeled, issue: { ...issue, number: '7' } }, 'payload_mismatch'],
  ['the number zero', 'issues', { ...labeled, issue: { ...issue, number: 0 } }, 'payload_mismatch'],
  ['a broken number', 'issues', { ...labeled, issue: { ...issue, number: 1.5 } }, 'payload_mismatch'],
  ['a number beyond 2^53', 'issues', { ...labeled, issue: { ...issue, number: 2 ** 53 } }, 'payload_mismatch'],
  ['a comment beside the issue', 'issues', { ...labeled, comment: {} }, 'payload_mismatch'],
  ['an issue in place of a pull request', 'pull_request', labeled, 'payload_mismatch'],
  [
    'another number beside the pull request',
    'pull_request',
    { ...labeled, issue: undefined, pull_request: issue, number: 8 },
    'payload_mismatch',
  ],
  ['nobody who was assigned', 'issues', { ...labeled, action: 'assigned' }, 'payload_mismatch'],
  ['a comment that was deleted', 'issue_comment', { ...comment, action: 'deleted' }, 'action_not_handled'],
  ['a comment without an action', 'issue_comment', { ...comment, action: undefined }, 'missing_action'],
  ['a comment without text', 'issue_comment', { ...comment, comment: { id: 1 } }, 'payload_mismatch'],
  ['a comment without an id', 'issue_comment', { ...comment, comment: { body: 'x' } }, 'payload_mismatch'],
])('%s is ignored', (_, name, payload, reason) => {
  const withoutUndefined: unknown = JSON.parse(JSON.stringify(payload));
  expect(parse(name, withoutUndefined)).toEqual({ kind: 'ignored', reason });
});

test('what people write is made fit for the database: no NUL, no half characters, bounded', () => {
  const event = parse('issues', {
    ...labeled,
    issue: {
      ...issue,
      title: `a\0b\ud83d${'x'.repeat(2000)}`,
      html_url: 'javascript:alert(1)',
      labels: Array.from({ length: 300 }, (_, index) => ({ name: `label ${index}` })),
    },
    label: { name: `${'y'.repeat(254)}\ud83d\ude00` },
  });
  if (event.kind !== 'label_added') throw new Error(`it is ${event.kind}`);
  expect(event.subject.title).toHaveLength(999);
  expect(event.subject.title.startsWith('ab\ufffdx')).toBe(true);
  expect(event.subject.url).toBe('');
  expect(event.subject.labels).toHaveLength(200);
  expect(event.added).toEqual(['y'.repeat(254)]);
});
