import type { FakeComment, FakeHook, FakeLabelEvent, FakeRepository, FakeSubject, FakeUser } from '../forge/world.ts';

/* What GitLab's API shows of things. */

export interface GitlabAddresses {
  readonly apiUrl: string;
  readonly webUrl: string;
}

export type View = Readonly<Record<string, unknown>>;

/** Settings of a hook, as the API and this fake name them. */
export const HOOK_EVENTS = [
  'push_events',
  'tag_push_events',
  'issues_events',
  'confidential_issues_events',
  'merge_requests_events',
  'note_events',
  'confidential_note_events',
  'releases_events',
  'job_events',
  'pipeline_events',
] as const;

export function time(at: number): string {
  return new Date(at).toISOString();
}

export function userView({ id, login }: FakeUser, webUrl = 'https://gitlab.invalid'): View {
  return { id, username: login, name: login, state: 'active', avatar_url: null, web_url: `${webUrl}/${login}` };
}

export function projectView(repository: FakeRepository, { webUrl }: GitlabAddresses): View {
  const { id, fullName, defaultBranch, cloneUrl } = repository;
  return {
    id,
    name: fullName.split('/').at(-1),
    path: fullName.split('/').at(-1),
    path_with_namespace: fullName,
    default_branch: repository.git !== null && repository.refs.size === 0 ? null : defaultBranch,
    visibility: 'private',
    web_url: `${webUrl}/${fullName}`,
    http_url_to_repo: cloneUrl,
    ssh_url_to_repo: `git@${new URL(webUrl).host}:${fullName}.git`,
  };
}

export function subjectUrl(subject: FakeSubject, { webUrl }: GitlabAddresses): string {
  const section = subject.kind === 'issue' ? 'issues' : 'merge_requests';
  return `${webUrl}/${subject.repository.fullName}/-/${section}/${subject.number}`;
}

export function stateOf({ open, merged }: FakeSubject): string {
  if (merged) return 'merged';
  return open ? 'opened' : 'closed';
}

export function issueView(subject: FakeSubject, addresses: GitlabAddresses): View {
  return {
    ...sharedView(subject, addresses),
    type: 'ISSUE',
    issue_type: 'issue',
    confidential: subject.confidential,
  };
}

export function mergeRequestView(subject: FakeSubject, addresses: GitlabAddresses): View {
  const { repository, change } = subject;
  const draft = /^draft: /i.test(subject.title);
  return {
    ...sharedView(subject, addresses),
    draft,
    work_in_progress: draft,
    source_branch: change?.head,
    target_branch: change?.base,
    source_project_id: sourceOf(subject),
    target_project_id: repository.id,
    sha: change?.headSha,
    merged_at: subject.merged ? time(subject.updatedAt) : null,
  };
}

/** Ids of forks are far from all others. */
export const FORKS_FROM = 1_000_000;

function sourceOf({ repository, change }: FakeSubject): number | null {
  if (change?.fork === 'deleted') return null;
  return change?.fork === true ? repository.id + FORKS_FROM : repository.id;
}

function sharedView(subject: FakeSubject, addresses: GitlabAddresses): View {
  return {
    id: subject.id,
    iid: subject.number,
    project_id: subject.repository.id,
    title: subject.title,
    description: subject.body === '' ? null : subject.body,
    state: stateOf(subject),
    author: userView(subject.author),
    labels: subject.labels,
    assignees: subject.assignees.map((user) => userView(user)),
    web_url: subjectUrl(subject, addresses),
    created_at: time(subject.createdAt),
    updated_at: time(subject.updatedAt),
  };
}

export function noteView(comment: FakeComment, subject: FakeSubject): View {
  return {
    id: comment.id,
    type: null,
    body: comment.body,
    author: userView(comment.author),
    system: comment.system,
    internal: comment.internal,
    noteable_id: subject.id,
    noteable_iid: subject.number,
    noteable_type: subject.kind === 'issue' ? 'Issue' : 'MergeRequest',
    created_at: time(comment.createdAt),
    updated_at: time(comment.updatedAt),
  };
}

export function labelEventView({ id, action, label, by, at }: FakeLabelEvent): View {
  return { id, action, user: userView(by), created_at: time(at), label: { id: 1, name: label, color: '#ededed' } };
}

export function hookView(hook: FakeHook, { id }: FakeRepository): View {
  return {
    id: hook.id,
    url: hook.url,
    project_id: id,
    enable_ssl_verification: hook.verifiesTls,
    alert_status: hook.disabledUntil === null ? 'executable' : 'temporarily_disabled',
    disabled_until: hook.disabledUntil === null ? null : time(hook.disabledUntil),
    ...Object.fromEntries(HOOK_EVENTS.map((event) => [event, hook.events.includes(event)])),
  };
}
