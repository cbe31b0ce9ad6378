import { createHmac, randomUUID } from 'node:crypto';
import type { Commit } from './repository.ts';

export interface PushDelivery {
  readonly repository: string;
  readonly cloneUrl: string;
  readonly commit: Commit;
  /** Makes two deliveries of one push differ, as a second hook's would. */
  readonly pushedAt: number;
  /** The same id again is the same delivery, told once more; a new one when left out. */
  readonly deliveryId?: string;
  /** Milliseconds until the sender gives up; it waits for as long as it takes when left out. */
  readonly timeout?: number;
}

/** Delivers a push as GitHub does: the payload of a `push` event, signed over its raw bytes. */
export async function deliverPush(
  server: string,
  secret: string,
  push: PushDelivery,
): Promise<{ readonly status: number; readonly body: string }> {
  const body = JSON.stringify(payloadOf(push));
  const answer = await fetch(`${server}/webhook/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/demo',
      'x-github-event': 'push',
      'x-github-delivery': push.deliveryId ?? randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
    ...(push.timeout === undefined ? {} : { signal: AbortSignal.timeout(push.timeout) }),
  });
  return { status: answer.status, body: await answer.text() };
}

function payloadOf({ repository, cloneUrl, commit, pushedAt }: PushDelivery) {
  const author = { name: 'Aoi', email: 'aoi@example.com', username: 'aoi' };
  const at = new Date(pushedAt).toISOString();
  const head = {
    id: commit.sha,
    message: commit.message,
    timestamp: at,
    author,
    committer: author,
    added: [],
    removed: [],
    modified: [],
    distinct: true,
    url: '',
    tree_id: commit.sha,
  };
  const [owner = '', name = ''] = repository.split('/');
  return {
    ref: 'refs/heads/main',
    before: commit.before,
    after: commit.sha,
    created: /^0+$/.test(commit.before),
    deleted: false,
    forced: false,
    base_ref: null,
    compare: '',
    commits: [head],
    head_commit: head,
    repository: {
      id: 1,
      name,
      full_name: repository,
      private: true,
      owner: { login: owner, name: owner, id: 1 },
      html_url: `https://github.com/${repository}`,
      clone_url: cloneUrl,
      ssh_url: `git@github.com:${repository}.git`,
      git_url: `git://github.com/${repository}.git`,
      default_branch: 'main',
      pushed_at: Math.floor(pushedAt / 1000),
    },
    pusher: { name: 'aoi', email: author.email },
    sender: { login: 'aoi', id: 2, type: 'User' },
  };
}
