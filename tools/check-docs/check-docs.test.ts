import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLinks } from './links.ts';
import { findSnippetFaults } from './snippets.ts';

let repository: string;
beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'funade-docs-'));
  await mkdir(join(repository, 'docs'));
  await writeFile(join(repository, 'LICENSE'), '');
  await writeFile(join(repository, 'docs/a.md'), '# Title\n\n## Where it lives\n\n## 制限\n');
});
afterAll(() => rm(repository, { recursive: true, force: true }));

async function check(text: string): Promise<readonly string[]> {
  await writeFile(join(repository, 'docs/b.md'), text);
  return findBrokenLinks(repository, 'docs/b.md');
}

test.each([
  ['a file beside it', '[a](a.md)'],
  ['a file above it', '[a](../LICENSE)'],
  ['a heading', '[a](a.md#where-it-lives)'],
  ['a Japanese heading', '[a](a.md#制限)'],
  ['a heading of its own', '# Own\n[a](#own)'],
  ['another site', '[a](https://example.com/x)'],
  ['something in a code block', '```\n[a](none.md)\n```'],
])('a link to %s is fine', async (_what, text) => {
  expect(await check(text)).toEqual([]);
});

test('a link to a file that is not there is told', async () => {
  expect(await check('[a](none.md)')).toEqual(['docs/b.md: none.md leads nowhere']);
});

test('a link to a heading that is not there is told', async () => {
  expect(await check('[a](a.md#gone)')).toEqual(['docs/b.md: a.md#gone names no heading']);
});

test('an example of funade.yaml that Funade would refuse is told', () => {
  const faults = findSnippetFaults('a.md', '```yaml\nversion: 1\napp: greeter\npipline: []\n```\n');
  expect(faults.join('\n')).toContain('pipline');
});

test('a block that is no funade.yaml is left alone', () => {
  expect(findSnippetFaults('a.md', '```yaml\nkey: [value\n```\n')).toEqual([]);
});
