import { createHmac } from 'node:crypto';
import { assertNever } from '../../../src/kernel/index.ts';
import type { HeadersOf, Message } from '../forge/deliveries.ts';
import type { FakeRepository, FakeSubject, FakeUser, WorldEvent } from '../forge/world.ts';
import { type GitlabAddresses, type View, projectView, stateOf, subjectUrl, userView } from './views.ts';

const NO_SHA = '0'.repeat(40);

/** Which setting of a hook makes it hear of an event. */
const SETTING_OF: Readonly<Record<string, string>> = {
  'Push Hook': 'push_events',
  'Tag Push Hook': 'tag_push_events',
  'Issue Hook': 'issues_events',
  'Confidential Issue Hook': 'confidential_issues_events',
  'Merge Request Hook': 'merge_requests_events',
  'Note Hook': 'note_events',
};

export function settingOf(message: Message): string {
  return SETTING_OF[message.event] ?? '';
}

/** Token, and a signature of Standard Webhooks where the hook has a key. */
export const gitlabHeaders: HeadersOf = (hook, delivery) => {
  const seconds = String(Math.floor(Date.now() / 1000));
  const key = hook.signing === null ? null : Buffer.from(hook.signing.replace('whsec_', ''), 'base64');
  const signed = `${delivery.guid}.${seconds}.${delivery.body}`;
  return {
    'content-type': 'application/json',
    'user-agent': 'GitLab/19.0.0',
    'x-gitlab-event': delivery.event,
    'x-gitlab-instance': 'https://gitlab.invalid',
    'x-gitlab-event-uuid': delivery.guid,
    'x-gitlab-webhook-uuid': delivery.guid,
    'idempotency-key': delivery.guid,
    ...(hook.secret === '' ? {} : { 'x-gitlab-token': hook.secret }),
    ...(key === null
      ? {}
      : {
          'webhook-id': delivery.guid,
          'webhook-timestamp': seconds,
          'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
        }),
  };
};

/** The webhooks that GitLab sends of an event: one for all that changed at once. */
export function gitlabMessages(event: WorldEvent, addresses: GitlabAddresses): readonly Message[] {
  if (event.kind === 'pushed') return [pushMessage(event, addresses)];
  const { subject, by } = event;
  const about = (action: string, changes: View = {}) => subjectMessage({ subject, by, action, changes }, addresses);
  switch (event.kind) {
    case 'opened':
      return [about('open')];
    case 'reopened':
      return [about('reopen')];
    case 'closed':
      return [about('close')];
    case 'merged':
      return [about('merge')];
    case 'labels': {
      const labels = { previous: event.before.map(labelView), current: subject.labels.map(labelView) };
      return [about('update', { labels })];
    }
    case 'assigned':
    case 'unassigned': {
      const people = { previous: event.before.map(personView), current: subject.assignees.map(personView) };
      return [about('update', { assignees: people })];
    }
    case 'commented':
    case 'comment_edited': {
      const { id, body, createdAt, updatedAt } = event.comment;
      const note = {
        id,
        note: body,
        noteable_type: subject.kind === 'issue' ? 'Issue' : 'MergeRequest',
        author_id: by.id,
        project_id: subject.repository.id,
        system: false,
        action: event.kind === 'commented' ? 'create' : 'update',
        created_at: time(createdAt),
        updated_at: time(updatedAt),
        url: `${subjectUrl(subject, addresses)}#note_${id}`,
      };
      const payload = {
        object_kind: 'note',
        event_type: 'note',
        ...envelope(subject.repository, by, addresses),
        object_attributes: note,
        [subject.kind === 'issue' ? 'issue' : 'merge_request']: {
          ...attributesOf(subject, addresses),
          labels: subject.labels.map(labelView),
        },
      };
      return [{ event: 'Note Hook', action: note.action, payload }];
    }
    case 'comment_deleted':
      // GitLab does not tell.
      return [];
    default:
      return assertNever(event);
  }
}

function subjectMessage(
  told: { readonly subject: FakeSubject; readonly by: FakeUser; readonly action: string; readonly changes: View },
  addresses: GitlabAddresses,
): Message {
  const { subject, by, action, changes } = told;
  const isIssue = subject.kind === 'issue';
  const payload = {
    object_kind: isIssue ? 'issue' : 'merge_request',
    event_type: eventType(subject),
    ...envelope(subject.repository, by, addresses),
    object_attributes: { ...attributesOf(subject, addresses), action },
    labels: subject.labels.map(labelView),
    assignees: subject.assignees.map(personView),
    ...(action === 'open' || action === 'reopen' ? {} : { changes }),
  };
  if (!isIssue) return { event: 'Merge Request Hook', action, payload };
  return { event: subject.confidential ? 'Confidential Issue Hook' : 'Issue Hook', action, payload };
}

function eventType({ kind, confidential }: FakeSubject): string {
  if (kind === 'change') return 'merge_request';
  return confidential ? 'confidential_issue' : 'issue';
}

/** A merge request has no `project_id` here. */
function attributesOf(subject: FakeSubject, addresses: GitlabAddresses): View {
  const { repository, change } = subject;
  return {
    id: subject.id,
    iid: subject.number,
    title: subject.title,
    description: subject.body,
    state: stateOf(subject),
    author_id: subject.author.id,
    assignee_ids: subject.assignees.map(({ id }) => id),
    created_at: time(subject.createdAt),
    updated_at: time(subject.updatedAt),
    url: subjectUrl(subject, addresses),
    ...(change === null
      ? { project_id: repository.id, confidential: subject.confidential, type: 'Issue' }
      : {
          source_branch: change.head,
          target_branch: change.base,
          source_project_id: repository.id,
          target_project_id: repository.id,
        }),
  };
}

function pushMessage(event: Extract<WorldEvent, { kind: 'pushed' }>, addresses: GitlabAddresses): Message {
  const { repository, by, ref, before, after } = event;
  const isTag = ref.startsWith('refs/tags/');
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
    timestamp: new Date(commit.at).toISOString(),
    author: { name: commit.author, email: commit.email },
  }));
  const payload = {
    object_kind: isTag ? 'tag_push' : 'push',
    event_name: isTag ? 'tag_push' : 'push',
    before: before ?? NO_SHA,
    after: after ?? NO_SHA,
    ref,
    checkout_sha: after,
    user_id: by.id,
    user_name: by.login,
    user_username: by.login,
    project_id: repository.id,
    project: envelope(repository, by, addresses)['project'],
    commits: after === null ? [] : commits,
    total_commits_count: after === null ? 0 : commits.length,
  };
  return { event: isTag ? 'Tag Push Hook' : 'Push Hook', action: null, payload };
}

function envelope(repository: FakeRepository, by: FakeUser, addresses: GitlabAddresses): View {
  const { id, name, path_with_namespace, web_url, default_branch, http_url_to_repo, ssh_url_to_repo } = projectView(
    repository,
    addresses,
  );
  return {
    user: personView(by),
    project: {
      id,
      name,
      path_with_namespace,
      web_url,
      default_branch,
      git_http_url: http_url_to_repo,
      git_ssh_url: ssh_url_to_repo,
    },
  };
}

function personView(user: FakeUser): View {
  const { id, username, name } = userView(user);
  return { id, username, name, email: '[REDACTED]' };
}

function labelView(title: string): View {
  return { id: 1, title, color: '#ededed', type: 'ProjectLabel' };
}

/** Webhooks have another form of times than the API. */
function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
