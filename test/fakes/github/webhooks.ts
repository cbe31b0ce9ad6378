import { createHmac } from 'node:crypto';
import { assertNever } from '../../../src/kernel/index.ts';
import type { HeadersOf, Message } from '../forge/deliveries.ts';
import type { FakeRepository, FakeSubject, FakeUser, WorldEvent } from '../forge/world.ts';
import {
  type GithubAddresses,
  type View,
  commentView,
  issueView,
  labelView,
  pullView,
  repositoryView,
  time,
  userView,
} from './views.ts';

const NO_SHA = '0'.repeat(40);

/** GitHub signs the body only. */
export const githubHeaders: HeadersOf = (hook, delivery) => ({
  'content-type': 'application/json',
  'user-agent': 'GitHub-Hookshot/fa4e0de',
  'x-github-event': delivery.event,
  'x-github-delivery': delivery.guid,
  'x-github-hook-id': String(hook.id),
  'x-github-hook-installation-target-type': 'repository',
  ...(hook.secret === ''
    ? {}
    : { 'x-hub-signature-256': `sha256=${createHmac('sha256', hook.secret).update(delivery.body).digest('hex')}` }),
});

const COMMENT_ACTIONS = { commented: 'created', comment_edited: 'edited', comment_deleted: 'deleted' } as const;

/** The webhooks that GitHub sends of an event: one for each label and person. */
export function githubMessages(event: WorldEvent, addresses: GithubAddresses): readonly Message[] {
  if (event.kind === 'pushed') return pushMessages(event, addresses);
  const { subject, by } = event;
  const about = (action: string, extra: View = {}) => subjectMessage({ subject, by, action, extra }, addresses);
  switch (event.kind) {
    case 'opened':
      return [about('opened'), ...subject.labels.map((name) => about('labeled', { label: labelView(name) }))];
    case 'reopened':
      return [about('reopened')];
    case 'closed':
    case 'merged':
      return [about('closed')];
    case 'labels':
      return [
        ...event.removed.map((name) => about('unlabeled', { label: labelView(name) })),
        ...event.added.map((name) => about('labeled', { label: labelView(name) })),
      ];
    case 'assigned':
    case 'unassigned':
      return [about(event.kind, { assignee: userView(event.who) })];
    case 'commented':
    case 'comment_edited':
    case 'comment_deleted': {
      const action = COMMENT_ACTIONS[event.kind];
      const payload = {
        action,
        issue: issueView(subject, addresses),
        comment: commentView(event.comment, subject, addresses),
        ...(action === 'edited' ? { changes: { body: { from: '' } } } : {}),
        ...envelope(subject.repository, by, addresses),
      };
      return [{ event: 'issue_comment', action, payload }];
    }
    default:
      return assertNever(event);
  }
}

function subjectMessage(
  told: { readonly subject: FakeSubject; readonly by: FakeUser; readonly action: string; readonly extra: View },
  addresses: GithubAddresses,
): Message {
  const { subject, by, action, extra } = told;
  const isIssue = subject.kind === 'issue';
  const payload = {
    action,
    ...(isIssue
      ? { issue: issueView(subject, addresses) }
      : { number: subject.number, pull_request: pullView(subject, addresses) }),
    ...extra,
    ...envelope(subject.repository, by, addresses),
  };
  return { event: isIssue ? 'issues' : 'pull_request', action, payload };
}

function pushMessages(event: Extract<WorldEvent, { kind: 'pushed' }>, addresses: GithubAddresses): readonly Message[] {
  const { repository, by, ref, before, after } = event;
  const shared = envelope(repository, by, addresses);
  const told = {
    sha: after ?? '',
    message: 'A change',
    author: by.login,
    email: `${by.login}@example.com`,
    at: Date.now(),
  };
  const commits = (event.commits.length === 0 ? [told] : event.commits).map((commit) => ({
    id: commit.sha,
    message: commit.message,
    timestamp: time(commit.at),
    author: { name: commit.author, username: commit.author, email: commit.email },
  }));
  const payload = {
    ref,
    before: before ?? NO_SHA,
    after: after ?? NO_SHA,
    created: before === null,
    deleted: after === null,
    forced: event.forced,
    pusher: { name: by.login },
    commits: after === null ? [] : commits,
    head_commit: after === null ? null : commits.at(-1),
    ...shared,
  };
  const push: Message = { event: 'push', action: null, payload };
  if (before !== null || after === null) return [push];
  const type = ref.startsWith('refs/tags/') ? 'tag' : 'branch';
  const name = ref.replace(/^refs\/(?:heads|tags)\//, '');
  const created = {
    ref: name,
    ref_type: type,
    master_branch: repository.defaultBranch,
    pusher_type: 'user',
    ...shared,
  };
  return [push, { event: 'create', action: null, payload: created }];
}

function envelope(repository: FakeRepository, sender: FakeUser, addresses: GithubAddresses): View {
  return { repository: repositoryView(repository, addresses), sender: userView(sender) };
}
