import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ForgeEvent, githubWebhook } from '../index.ts';

const ID = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly unknown[];
}[];
const all = examples.flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })));

function parse(event: string, payload: unknown, headers: Record<string, string | undefined> = {}): ForgeEvent {
  const events = githubWebhook.parse({
    headers: { 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': ID, ...headers },
    body: typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload)),
    now: 0,
  });
  expect(events).toHaveLength(1);
  return events[0] as ForgeEvent;
}

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

  test('every one is understood without a fault, and only push, create and ping mean something', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { name, payload } of all) {
      const event = parse(name, payload);
      const kind = event.kind === 'ignored' ? event.reason : event.kind;
      kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
    }
    expect(kinds.get('push')).toEqual(new Set(['push', 'tag']));
    expect(kinds.get('create')).toEqual(new Set(['tag']));
    expect(kinds.get('ping')).toEqual(new Set(['ping']));
    const rest = [...kinds].filter(([name]) => !['push', 'create', 'ping'].includes(name));
    expect(rest.map(([name, found]) => [name, ...found])).toEqual(rest.map(([name]) => [name, 'event_not_handled']));
  });

  test('none passes as an event that it is not, whatever its unsigned header says', () => {
    for (const { name, payload } of all) {
      for (const claimed of ['push', 'create', 'ping']) {
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
];
test.each(refs)('a push to %j is ignored: %s', (ref, reason) => {
  expect(parse('push', { ...push, ref })).toEqual({ kind: 'ignored', reason });
});

test.each([
  ['no repository', { ...push, repository: undefined }],
  ['a repository name that is a path', { ...push, repository: { full_name: '../../etc' } }],
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

test('no JSON whatsoever makes the reader throw', () => {
  const keys = fc.constantFrom(
    'ref',
    'before',
    'after',
    'repository',
    'hook',
    'zen',
    'ref_type',
    'head_commit',
    'sender',
  );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constant(sha),
    fc.constant('refs/heads/main'),
    fc.constant(push.repository),
  );
  fc.assert(
    fc.property(fc.constantFrom('push', 'create', 'ping'), fc.dictionary(keys, value), (event, payload) => {
      expect(['push', 'tag', 'ping', 'ignored']).toContain(parse(event, { ...push, ...payload }).kind);
      expect(['push', 'tag', 'ping', 'ignored']).toContain(parse(event, payload).kind);
    }),
  );
});
