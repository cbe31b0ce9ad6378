import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type ForgeEvent, githubWebhook } from '../index.ts';

const ID = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly unknown[];
}[];
const all = examples.flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })));

const MEANT = ['push', 'create', 'release', 'issues', 'pull_request', 'issue_comment', 'ping'];
const left = 'action_not_handled';
const UNDERSTOOD = {
  push: 'tag push',
  create: 'tag',
  ping: 'ping',
  'release.published': 'tag',
  'release.created': 'release_not_published',
  'release.deleted': 'release_not_published',
  'release.edited': 'release_not_published',
  'release.prereleased': 'release_not_published',
  'release.released': 'release_not_published',
  'issues.opened': 'opened',
  'issues.reopened': 'opened',
  'issues.labeled': 'label_added',
  'issues.unlabeled': 'label_removed',
  'issues.assigned': 'assigned',
  'issues.unassigned': 'unassigned',
  'issues.deleted': left,
  'issues.demilestoned': left,
  'issues.edited': left,
  'issues.locked': left,
  'issues.milestoned': left,
  'issues.pinned': left,
  'issues.transferred': left,
  'issues.unlocked': left,
  'issues.unpinned': left,
  'pull_request.opened': 'opened',
  'pull_request.reopened': 'opened',
  'pull_request.closed': 'closed',
  'pull_request.labeled': 'label_added',
  'pull_request.unlabeled': 'label_removed',
  'pull_request.assigned': 'assigned',
  'pull_request.unassigned': 'unassigned',
  'pull_request.converted_to_draft': left,
  'pull_request.locked': left,
  'pull_request.ready_for_review': left,
  'pull_request.review_request_removed': left,
  'pull_request.review_requested': left,
  'pull_request.synchronize': left,
  'pull_request.unlocked': left,
  'issue_comment.created': 'comment',
  'issue_comment.edited': 'comment',
  'issue_comment.deleted': left,
  others: 'event_not_handled',
};

function parse(event: string, payload: unknown, headers: Record<string, string | undefined> = {}): ForgeEvent {
  const events = githubWebhook.parse({
    headers: { 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': ID, ...headers },
    body: typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload)),
    now: 0,
  });
  expect(events).toHaveLength(1);
  return events[0] as ForgeEvent;
}

test.each(['replay:dlv_1', 'poll:7:issue:1', 'dlv_1', 'Dlv_1', 'sha256:1'])(
  'the id %j is hashed: it looks like one of ours',
  (id) => {
    const idOf = (body: string, sent = id) =>
      githubWebhook.deliveryId({ headers: { 'x-github-delivery': sent }, body: Buffer.from(body), now: 0 });
    expect(idOf('{}')).toEqual({ id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), stable: true });
    expect(idOf('{}')).toEqual(idOf('{}'));
    expect(new Set([idOf('{}').id, idOf('[]').id, idOf('{}', `${id}1`).id]).size).toBe(3);
    expect(parse('push', push, { 'x-github-delivery': id }).kind).toBe('push');
  },
);

const sha = 'a'.repeat(40);
const push = {
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: sha,
  forced: false,
  repository: { id: 7, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' },
  pusher: { name: 'mona' },
  head_commit: { id: sha, message: 'Greet', author: { name: 'Mona' }, timestamp: '2026-01-02T03:04:05Z' },
};

describe("GitHub's own examples", () => {
  test('there are 329 of them', () => {
    expect(all).toHaveLength(329);
  });

  test('every one is understood without a fault', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { name, payload } of all) {
      const { action } = payload as { readonly action?: string };
      const event = parse(name, payload);
      const kind = event.kind === 'ignored' ? event.reason : event.kind;
      const key = MEANT.includes(name) ? [name, action].filter((part) => part !== undefined).join('.') : 'others';
      kinds.set(key, (kinds.get(key) ?? new Set()).add(kind));
    }
    expect(Object.fromEntries([...kinds].map(([key, found]) => [key, [...found].join(' ')]))).toEqual(UNDERSTOOD);
  });

  test('none passes as an event that it is not, whatever its unsigned header says', () => {
    for (const { name, payload } of all) {
      for (const claimed of MEANT) {
        if (claimed === name) continue;
        const event = parse(claimed, payload);
        expect(event, `${name} as ${claimed}`).toEqual({ kind: 'ignored', reason: 'payload_mismatch' });
      }
    }
  });

  test('a push tells repository, ref, commits and who pushed', () => {
    const example = all.find(
      ({ name, payload }) => name === 'push' && (payload as { ref: string }).ref === 'refs/tags/simple-tag',
    );
    expect(parse('push', example?.payload)).toEqual({
      kind: 'tag',
      tag: 'simple-tag',
      ref: 'refs/tags/simple-tag',
      before: null,
      after: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      actor: 'Codertocat',
      deleted: false,
      forced: false,
      headCommit: {
        sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        message: 'Adding a .gitignore file',
        author: 'Codertocat',
        at: Date.parse('2019-05-15T15:20:41Z'),
      },
      repository: {
        host: 'github.com',
        id: '186853002',
        fullName: 'Codertocat/Hello-World',
        cloneUrls: ['https://github.com/Codertocat/Hello-World.git', 'git@github.com:Codertocat/Hello-World.git'],
      },
    });
  });
});

test('a push of a branch is a push event', () => {
  expect(parse('push', push)).toMatchObject({ kind: 'push', branch: 'main', actor: 'mona', deleted: false });
});

test('an all-zero commit means that the ref was deleted', () => {
  const gone = { ...push, after: '0'.repeat(40), head_commit: null, forced: true };
  expect(parse('push', gone)).toMatchObject({
    kind: 'push',
    after: null,
    deleted: true,
    forced: true,
    headCommit: null,
  });
});

test('SHA-256 repositories have longer commit ids', () => {
  expect(parse('push', { ...push, after: 'c'.repeat(64) })).toMatchObject({ after: 'c'.repeat(64) });
});

const refs: readonly [string, string][] = [
  ['refs/notes/commits', 'unsupported_ref'],
  ['refs/pull/1/head', 'unsupported_ref'],
  ['main', 'unsupported_ref'],
  ['refs/heads/', 'invalid_ref'],
  ['refs/heads/--upload-pack=x', 'invalid_ref'],
  ['refs/heads/a..b', 'invalid_ref'],
  ['refs/heads/a b', 'invalid_ref'],
  ['refs/heads/a\nb', 'invalid_ref'],
  ['refs/heads/a\u0000b', 'invalid_ref'],
  ['refs/heads/.hidden', 'invalid_ref'],
  ['refs/heads/a/.b', 'invalid_ref'],
  ['refs/heads/x.lock', 'invalid_ref'],
  ['refs/tags/v1@{0}', 'invalid_ref'],
  ['refs/heads/half-\ud83d', 'invalid_ref'],
];
test.each(refs)('a push to %j is ignored: %s', (ref, reason) => {
  expect(parse('push', { ...push, ref })).toEqual({ kind: 'ignored', reason });
});

test.each([
  ['no repository', { ...push, repository: undefined }],
  ['a repository name that is a path', { ...push, repository: { full_name: '../../etc' } }],
  ['a repository above its owner', { ...push, repository: { full_name: 'octo/..' } }],
  ['a repository name that reads as an option', { ...push, repository: { full_name: '--upload-pack=x/y' } }],
  ['a repository name with a NUL', { ...push, repository: { full_name: 'octo/gree\0ter' } }],
  ['no ref', { ...push, ref: undefined }],
  ['a ref that is no text', { ...push, ref: { toString: 1 } }],
  ['a commit that is no hash', { ...push, after: 'HEAD' }],
  ['a commit of an odd length', { ...push, after: 'a'.repeat(41) }],
  ['the shape of a create event', { ...push, ref_type: 'tag' }],
])('a push with %s is a payload mismatch', (_, payload) => {
  expect(parse('push', payload)).toEqual({ kind: 'ignored', reason: 'payload_mismatch' });
});

test('a created branch is left to its push event', () => {
  const payload = { ref: 'topic', ref_type: 'branch', master_branch: 'main', repository: push.repository };
  expect(parse('create', payload)).toEqual({ kind: 'ignored', reason: 'not_a_tag' });
});

const release = { action: 'published', release: { tag_name: 'v1', draft: false }, repository: push.repository };

test('a published release is its tag, whose commit is not told', () => {
  const sender = { login: 'mona', id: 1, type: 'User' };
  expect(parse('release', { ...release, sender })).toMatchObject({
    kind: 'tag',
    tag: 'v1',
    ref: 'refs/tags/v1',
    before: null,
    after: null,
    headCommit: null,
    actor: 'mona',
    deleted: false,
  });
});

test.each([
  ['edited', { ...release, action: 'edited' }, 'release_not_published'],
  ['without an action', { ...release, action: undefined }, 'missing_action'],
  ['of an unsafe tag', { ...release, release: { tag_name: '--x' } }, 'invalid_ref'],
  ['of a tag with a NUL', { ...release, release: { tag_name: 'v1\0' } }, 'invalid_ref'],
  ['without a tag', { ...release, release: {} }, 'payload_mismatch'],
  ['whose action is no text', { ...release, action: 1 }, 'payload_mismatch'],
])('a release %s is ignored', (_, payload, reason) => {
  expect(parse('release', payload)).toEqual({ kind: 'ignored', reason });
});

test('labels of GitHub are the same in upper and lower case', () => {
  expect(githubWebhook.labelKey('Coding Agent')).toBe(githubWebhook.labelKey('coding agent'));
});

test('a hook that sends pushes only gets no warning: it is for deliveries', () => {
  const hook = { active: true, events: ['push'], config: { content_type: 'json', insecure_ssl: '0' } };
  expect(parse('ping', { zen: 'Keep it simple.', hook_id: 1, hook })).toEqual({ kind: 'ping', warnings: [] });
});

test('a ping names the settings that will hurt', () => {
  const hook = { active: false, events: ['issues'], config: { content_type: 'form', insecure_ssl: '1' } };
  const event = parse('ping', { zen: 'Keep it simple.', hook_id: 1, hook });
  const codes = event.kind === 'ping' ? event.warnings.map((warning) => warning.code) : [];
  expect(codes).toEqual(['missing_event', 'form_content_type', 'tls_verification_off', 'hook_inactive']);
});

test('a form is read like the JSON that it carries, plus signs and percent signs included', () => {
  const message = 'Greet 100% + more & naïve';
  const payload = { ...push, head_commit: { ...push.head_commit, message } };
  const form = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const event = parse('push', form, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' });
  expect(event).toMatchObject({ kind: 'push', headCommit: { message } });
});

test('a form is read by its field `payload`, wherever it stands', () => {
  const json = encodeURIComponent(JSON.stringify(push));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(parse('push', `x=1&payload=${json}&y=2`, headers)).toMatchObject({ kind: 'push' });
  expect(parse('push', `payload=${json}`, headers)).toMatchObject({ kind: 'push' });
  for (const body of ['', 'x=1', 'xpayload=%7B%7D', 'payload=%7', 'payload=%zz', '&', '%']) {
    expect(parse('push', body, headers), body).toEqual({ kind: 'malformed', reason: 'not_json' });
  }
  expect(parse('push', 'payload=%7B%22a%22%3A%22%ff%22%7D', headers)).toEqual({
    kind: 'malformed',
    reason: 'not_utf8',
  });
});

test.each([
  ['[]', 'not_an_object'],
  ['null', 'not_an_object'],
  ['1', 'not_an_object'],
  ['"x"', 'not_an_object'],
  ['', 'not_json'],
  ['{"a":', 'not_json'],
])('the body %j is malformed: %s', (body, reason) => {
  expect(parse('push', body)).toEqual({ kind: 'malformed', reason });
  expect(parse('issues', body)).toEqual({ kind: 'malformed', reason });
});

test('bytes that are not UTF-8 are malformed', () => {
  const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': ID };
  const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
  expect(githubWebhook.parse({ headers, body, now: 0 })).toEqual([{ kind: 'malformed', reason: 'not_utf8' }]);
});

test.each([
  ['x-github-event', undefined, 'header_missing'],
  ['x-github-delivery', undefined, 'header_missing'],
  ['x-github-event', 'PUSH; drop', 'header_invalid'],
  ['x-github-delivery', 'x'.repeat(129), 'header_invalid'],
])('the header %s with %j is malformed: %s', (name, value, reason) => {
  expect(parse('push', push, { [name]: value })).toEqual({ kind: 'malformed', reason });
});
