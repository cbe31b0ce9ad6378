import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gitlabDelivery, gitlabSituations } from '../../test/gitlab-deliveries.ts';
import { type ForgeEvent, type Secret, forgeWebhooks } from './index.ts';

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const REF = /^refs\/(?:heads|tags)\/[^\u0000-\u0020\u007f~^:?*[\\-][^\u0000-\u0020\u007f~^:?*[\\]*$/;
const REASON = /^[a-z0-9_]+$/;
const NOW = 1_767_323_045_000;

type Json = Readonly<Record<string, unknown>>;
interface Sent {
  readonly event: string;
  readonly payload: unknown;
}

const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly Json[];
}[];
const MEANT = ['push', 'create', 'release', 'issues', 'pull_request', 'issue_comment', 'ping'];
const real: Readonly<Record<string, readonly Sent[]>> = {
  github: examples
    .filter(({ name }) => MEANT.includes(name))
    .flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ event: name, payload }))),
  gitlab: gitlabSituations().map((name) => gitlabDelivery(name)),
};

/** Values that stand in payloads, good and bad, so that a changed payload gets past the first look. */
const VALUES: readonly unknown[] = [
  ...['opened', 'labeled', 'closed', 'assigned', 'open', 'update', 'merge', 'create', 'created', 'published'],
  ...['issue', 'merge_request', 'note', 'push', 'tag_push', 'release', 'work_item', 'Issue', 'MergeRequest'],
  ...['a'.repeat(40), '0'.repeat(40), 'refs/heads/main', 'refs/tags/v1', 'refs/heads/--x', 'v1', '-x', '..', 'o/..'],
  ...['2026-01-02 03:04:05 UTC', '\ud83d', 'a\0b', 'x'.repeat(70_000), -1, 7, 2 ** 53, 1e308, null, true, [], {}],
  [{ name: 'a\0', title: '\udc00' }, 7, null],
];
const value = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }));

/** A real payload with some of its fields, however deep, replaced. */
function changed(payload: unknown, picks: readonly (readonly [number, unknown])[]): unknown {
  const text = JSON.stringify(payload);
  return picks.reduce<unknown>(
    (before, [pick, replacement]) => replaceField(before, pick, replacement),
    JSON.parse(text),
  );
}

function replaceField(before: unknown, pick: number, replacement: unknown): unknown {
  if (typeof before !== 'object' || before === null) return replacement;
  const keys = Object.keys(before);
  const key = keys[pick % Math.max(keys.length, 1)];
  if (key === undefined) return replacement;
  const inner: unknown = (before as Json)[key];
  const goesDeeper = pick % 3 > 0 && typeof inner === 'object' && inner !== null;
  const next = goesDeeper ? replaceField(inner, Math.floor(pick / 7), replacement) : replacement;
  return Array.isArray(before) ? before.with(Number(key), next) : { ...before, [key]: next };
}

function sentTo(forge: string): fc.Arbitrary<{ readonly event: string; readonly body: Buffer }> {
  const deliveries = real[forge] ?? [];
  const names = [...new Set(deliveries.map(({ event }) => event)), 'constructor', '__proto__', 'Job Hook'];
  const picks = fc.array(fc.tuple(fc.nat(), value), { maxLength: 4 });
  const near = fc
    .tuple(fc.constantFrom(...deliveries), picks)
    .map(([{ event, payload }, fields]): Sent => ({ event, payload: changed(payload, fields) }));
  const far = fc.record({
    event: fc.oneof(fc.constantFrom(...names), fc.string({ unit: 'binary' })),
    payload: fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...deliveries).map((delivery) => delivery.payload),
    ),
  });
  const json = fc.oneof(near, far).map(({ event, payload }) => ({ event, body: Buffer.from(JSON.stringify(payload)) }));
  const form = json.map(({ event, body }) => ({
    event,
    body: Buffer.from(new URLSearchParams({ payload: body.toString() }).toString()),
  }));
  const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
  return fc.oneof(
    { weight: 10, arbitrary: json },
    { weight: 2, arbitrary: form },
    { weight: 1, arbitrary: fc.record({ event: fc.constantFrom(...names), body: bytes }) },
  );
}

const header = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      'sha256=',
      `sha256=${'0'.repeat(64)}`,
      `v1,${'A'.repeat(43)}=`,
      'v1,',
      ' ',
      '0',
      '9'.repeat(40),
    ),
    fc.constant(String(NOW / 1000)),
  ),
  { nil: undefined },
);
const headers = fc.record({
  'x-github-delivery': fc.oneof({ weight: 9, arbitrary: fc.constant('an-id') }, { weight: 1, arbitrary: header }),
  'content-type': fc.constantFrom('application/json', 'application/x-www-form-urlencoded', '', undefined),
  'x-hub-signature-256': header,
  'x-gitlab-token': header,
  'webhook-id': header,
  'webhook-timestamp': header,
  'webhook-signature': header,
  'idempotency-key': header,
});
const secret = fc
  .tuple(fc.string({ unit: 'binary' }), fc.boolean())
  .map(([text, signs]): Secret => ({ label: 'x', value: text, ...(signs ? { kind: 'signing' } : {}) }));

/** Every text of an event, wherever it stands. */
function textsOf(event: unknown): readonly string[] {
  if (typeof event === 'string') return [event];
  return typeof event === 'object' && event !== null ? Object.values(event).flatMap(textsOf) : [];
}

function expectSafe(event: ForgeEvent): void {
  for (const text of textsOf(event)) {
    if (!text.isWellFormed() || text.includes('\0') || text.length > 65_536) throw new Error(`unsafe: ${text}`);
  }
  switch (event.kind) {
    case 'ignored':
    case 'malformed':
      expect(event.reason).toMatch(REASON);
      return;
    case 'ping':
      return;
    case 'push':
    case 'tag':
      expect(event.ref).toMatch(REF);
      for (const commit of [event.before, event.after, event.headCommit?.sha]) {
        if (commit != null) expect(commit).toMatch(SHA);
      }
      expect(event.deleted && event.after !== null).toBe(false);
      return;
    case 'label_added':
    case 'opened':
    case 'closed':
    case 'assigned':
    case 'unassigned':
    case 'comment':
      expect(Number.isSafeInteger(event.subject.number) && event.subject.number > 0).toBe(true);
      expect(event.repository.fullName.split('/')).not.toContain('..');
      expect(event.actor.login).not.toBe('');
      expect(event.at === null || Number.isFinite(event.at)).toBe(true);
      if (event.kind === 'label_added') expect(event.added.length).toBeGreaterThan(0);
      return;
    default:
      throw new Error(`an unknown kind: ${JSON.stringify(event)}`);
  }
}

describe.each([...forgeWebhooks.values()])('$id', (webhook) => {
  const sent = sentTo(webhook.id);

  test('no request makes a reader throw, and every event is of a known kind and safe to store', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(headers, sent, (head, { event: name, body }) => {
        const request = { headers: { ...head, 'x-github-event': name, 'x-gitlab-event': name }, body, now: NOW };
        const read = webhook.parse(request);
        expect(read.length).toBeGreaterThan(0);
        for (const event of read) {
          kinds.add(event.kind);
          expectSafe(event);
        }
        expect(webhook.deliveryId(request).id).toMatch(/^[\x21-\x7e]{1,128}$/);
        expect(webhook.eventName(request)).toMatch(/^[A-Za-z][A-Za-z0-9_ ]{0,63}$/);
      }),
      { numRuns: 2000 },
    );
    // The requests are near enough to real ones to reach what lies behind the first checks.
    for (const kind of ['ignored', 'malformed', 'label_added', 'opened', 'closed', 'comment', 'push', 'tag']) {
      expect(kinds).toContain(kind);
    }
  });

  test('no header makes a verification throw, and none passes without a secret', () => {
    fc.assert(
      fc.property(headers, sent, fc.array(secret, { maxLength: 3 }), (head, { body }, secrets) => {
        const verified = webhook.verify({ headers: head, body, now: NOW }, secrets);
        if (verified.ok) expect(secrets.map(({ value: text }) => text)).toContain(head['x-gitlab-token']);
        else expect(verified.reason).toMatch(REASON);
      }),
      { numRuns: 1000 },
    );
  });
});
