import type { FakeComment, FakeDelivery, FakeHook, FakeRepository, FakeSubject, FakeUser } from '../forge/world.ts';
import { GHOST } from '../forge/world.ts';

/* What GitHub shows of things, in answers and in webhooks. Its times are whole seconds. */

export interface GithubAddresses {
  readonly apiUrl: string;
  readonly webUrl: string;
}

export type View = Readonly<Record<string, unknown>>;

export function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export function userView({ id, login, bot }: FakeUser): View {
  return { login, id, node_id: `U_${id}`, type: bot ? 'Bot' : 'User', site_admin: false };
}

/** Accounts that were deleted are nobody. */
export function personView(user: FakeUser): View | null {
  return user.login === GHOST ? null : userView(user);
}

export function repositoryView(repository: FakeRepository, { apiUrl, webUrl }: GithubAddresses): View {
  const { id, fullName, defaultBranch, cloneUrl } = repository;
  const [owner = '', name = ''] = fullName.split('/');
  return {
    id,
    node_id: `R_${id}`,
    name,
    full_name: fullName,
    private: false,
    owner: { login: owner, id: 1, type: 'Organization' },
    html_url: `${webUrl}/${fullName}`,
    url: `${apiUrl}/repos/${fullName}`,
    default_branch: defaultBranch,
    clone_url: cloneUrl,
    ssh_url: `git@${new URL(webUrl).host}:${fullName}.git`,
  };
}

export function labelView(name: string): View {
  return { id: 1, name, color: 'ededed', default: false, description: null };
}

/** As the issues API shows it, which knows pull requests too. */
export function issueView(subject: FakeSubject, addresses: GithubAddresses): View {
  const { repository, kind, number } = subject;
  const web = `${addresses.webUrl}/${repository.fullName}/${kind === 'issue' ? 'issues' : 'pull'}/${number}`;
  const api = `${addresses.apiUrl}/repos/${repository.fullName}`;
  return {
    ...sharedView(subject, web),
    url: `${api}/issues/${number}`,
    repository_url: api,
    node_id: `I_${subject.id}`,
    state: subject.open ? 'open' : 'closed',
    ...(kind === 'change'
      ? {
          draft: subject.change?.draft ?? false,
          pull_request: {
            url: `${api}/pulls/${number}`,
            html_url: web,
            merged_at: subject.merged ? time(subject.updatedAt) : null,
          },
        }
      : {}),
  };
}

export function pullView(subject: FakeSubject, addresses: GithubAddresses): View {
  const { repository, number, change } = subject;
  const web = `${addresses.webUrl}/${repository.fullName}/pull/${number}`;
  const owner = repository.fullName.split('/')[0] ?? '';
  const here = repositoryView(repository, addresses);
  const { head = '', base = '', fork = false, headSha = '' } = change ?? {};
  const baseSha = repository.refs.get(`refs/heads/${base}`) ?? '0'.repeat(40);
  return {
    ...sharedView(subject, web),
    url: `${addresses.apiUrl}/repos/${repository.fullName}/pulls/${number}`,
    node_id: `PR_${subject.id}`,
    state: subject.open ? 'open' : 'closed',
    draft: change?.draft ?? false,
    merged: subject.merged,
    merged_at: subject.merged ? time(subject.updatedAt) : null,
    head: {
      ref: head,
      label: `${fork === false ? owner : 'outsider'}:${head}`,
      sha: headSha,
      repo: fork === false ? here : forkView(here, fork),
    },
    base: { ref: base, label: `${owner}:${base}`, sha: baseSha, repo: here },
  };
}

function forkView(here: View, fork: true | 'deleted'): View | null {
  if (fork === 'deleted') return null;
  return { ...here, id: Number(here['id']) + 1_000_000, full_name: `outsider/${String(here['name'])}`, fork: true };
}

function sharedView(subject: FakeSubject, web: string): View {
  return {
    id: subject.id,
    number: subject.number,
    title: subject.title,
    html_url: web,
    user: personView(subject.author),
    labels: subject.labels.map(labelView),
    assignees: subject.assignees.map(userView),
    body: subject.body === '' ? null : subject.body,
    comments: subject.comments.length,
    created_at: time(subject.createdAt),
    updated_at: time(subject.updatedAt),
    closed_at: subject.open ? null : time(subject.updatedAt),
  };
}

export function commentView(comment: FakeComment, subject: FakeSubject, addresses: GithubAddresses): View {
  const web = issueView(subject, addresses)['html_url'] as string;
  return {
    id: comment.id,
    html_url: `${web}#issuecomment-${comment.id}`,
    body: comment.body,
    user: personView(comment.author),
    created_at: time(comment.createdAt),
    updated_at: time(comment.updatedAt),
  };
}

export function hookView(hook: FakeHook, apiUrl: string): View {
  const last = hook.deliveries.at(-1);
  return {
    type: 'Repository',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: {
      url: hook.url,
      content_type: hook.contentType,
      insecure_ssl: hook.verifiesTls ? '0' : '1',
      ...(hook.secret === '' ? {} : { secret: '********' }),
    },
    url: `${apiUrl}/hooks/${hook.id}`,
    last_response: { code: last === undefined ? null : last.status, status: 'unused', message: null },
  };
}

export function deliveryView(delivery: FakeDelivery): View {
  const { id, guid, event, action, status, at, redelivery } = delivery;
  return {
    id,
    guid,
    delivered_at: new Date(at).toISOString(),
    redelivery,
    duration: 0.1,
    status: status >= 200 && status < 300 ? 'OK' : 'Invalid HTTP Response',
    status_code: status,
    event,
    action,
    installation_id: null,
    repository_id: null,
  };
}
