import { expect, test } from 'vitest';
import { githubWebhook, gitlabWebhook } from '../index.ts';

const MIB = 1024 * 1024;
const github = { 'x-github-event': 'issues', 'x-github-delivery': 'a-delivery' };
const gitlab = { 'x-gitlab-event': 'Issue Hook' };

const hostile: readonly [string, () => string][] = [
  ['25 MiB of open lists', () => '['.repeat(25 * MIB)],
  ['25 MiB of open objects', () => '{"a":'.repeat(5 * MIB)],
  ['lists in lists, closed again', () => `${'['.repeat(2 * MIB)}${']'.repeat(2 * MIB)}`],
  ['an issue that nests too deep', () => `{"issue":${'['.repeat(500)}${']'.repeat(500)}}`],
  ['millions of empty lists side by side', () => `[${'[],'.repeat(2 * MIB)}[]]`],
  ['millions of numbers', () => `{"a":[${'1,'.repeat(2 * MIB)}1]}`],
  ['a text that does not end', () => `{"a":"${'\\"'.repeat(MIB)}`],
];
test.each(hostile)('%s is malformed, before it costs time or stack', (_, make) => {
  const body = Buffer.from(make());
  const started = process.cpuUsage();
  expect(githubWebhook.parse({ headers: github, body, now: 0 })).toEqual([{ kind: 'malformed', reason: 'not_json' }]);
  expect(gitlabWebhook.parse({ headers: gitlab, body, now: 0 })).toEqual([{ kind: 'malformed', reason: 'not_json' }]);
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(4);
});

test('a hostile form costs no more than its bytes', () => {
  const headers = { ...github, 'content-type': 'application/x-www-form-urlencoded' };
  for (const form of ['a&'.repeat(12 * MIB), '&payload'.repeat(3 * MIB), `payload=${'['.repeat(20 * MIB)}`]) {
    const started = process.cpuUsage();
    const body = Buffer.from(form);
    expect(githubWebhook.parse({ headers, body, now: 0 })).toEqual([{ kind: 'malformed', reason: 'not_json' }]);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(4);
  }
});

test('brackets and commas within texts are no structure', () => {
  const body = Buffer.from(JSON.stringify({ a: `${'[{",\\'.repeat(400_000)}"` }));
  expect(githubWebhook.parse({ headers: github, body, now: 0 })).toEqual([
    { kind: 'ignored', reason: 'payload_mismatch' },
  ]);
});

test('keys that are special to JavaScript change nothing', () => {
  const text = `{"__proto__":{"action":"labeled","object_kind":"issue","issue":{"number":1}},"constructor":{"prototype":{"a":1}}}`;
  for (const [webhook, headers] of [[githubWebhook, github] as const, [gitlabWebhook, gitlab] as const]) {
    expect(webhook.parse({ headers, body: Buffer.from(text), now: 0 })).toEqual([
      { kind: 'ignored', reason: 'payload_mismatch' },
    ]);
  }
  expect({}).not.toHaveProperty('action');
});

test('numbers that no machine can hold are no numbers of issues', () => {
  const text = `{"action":"opened","issue":{"number":${'9'.repeat(400)}},"repository":{"full_name":"a/b","id":1e999},"sender":{"login":"x"}}`;
  expect(githubWebhook.parse({ headers: github, body: Buffer.from(text), now: 0 })).toEqual([
    { kind: 'ignored', reason: 'payload_mismatch' },
  ]);
});
