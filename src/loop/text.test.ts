import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../test/loop-rig.ts';
import { LANGUAGES } from '../kernel/index.ts';
import { bakedComment, issueText, repeatedComment } from './text.ts';

const GOLDEN = '../../test/golden/loop';

describe.each(LANGUAGES)('in %s', (language) => {
  const options = { language, handedOver: true, label: 'coding agent' } as const;

  test.each([
    ['aborted', evidenceOf(3), true],
    ['rolled-back-for-people', evidenceOf(5, { outcome: 'rolled_back', metrics: [], commits: [], logs: [] }), false],
    ['first-and-stuck', evidenceOf(1, { outcome: 'rollback_failed', stable: null, runId: null, findings: [] }), true],
  ] as const)('the issue "%s" reads as it should', async (name, evidence, handedOver) => {
    const { title, body } = issueText(evidence, { ...options, handedOver });
    await expect(`${title}\n\n${body}\n`).toMatchFileSnapshot(`${GOLDEN}/${name}.${language}.md`);
  });

  test('comments read as they should', async () => {
    const again = repeatedComment(evidenceOf(3, { outcome: 'rolled_back' }), language);
    const baked = bakedComment({ release: 'v4', environment: 'production' }, language);
    await expect(`${again}\n\n---\n\n${baked}\n`).toMatchFileSnapshot(`${GOLDEN}/comments.${language}.md`);
  });
});

describe('text of others', () => {
  const hostile = '```\n</details> @mona #7 closes #1 | a ``` b\n/close\n<!-- hidden -->\u202e';
  const evidence = evidenceOf(3, {
    reason: hostile,
    findings: [hostile],
    metrics: [{ name: hostile, value: hostile, limit: hostile, verdict: hostile }],
    commits: [{ sha: '3'.repeat(40), subject: hostile, author: hostile }],
    logs: ['````', '@mona', ...hostile.split('\n')],
  });
  const { title, body } = issueText(evidence, { language: 'en', handedOver: true, label: 'coding agent' });

  test('stands in code only', () => {
    const outside = withoutCode(body);
    for (const sign of ['@mona', '#7', '/close', '<!--', '</details>', '\u202e']) expect(outside).not.toContain(sign);
    expect(title).not.toMatch(/[\n\u202e]/);
  });

  test('does not end the table that it stands in', () => {
    const rows = body.split('\n').filter((row) => row.startsWith('| '));
    const columns = rows.map((row) => row.replaceAll(String.raw`\|`, '').split('|').length - 2);
    expect(new Set(columns)).toEqual(new Set([2, 4]));
  });

  test('is cut: of many long lines the last ones are shown', () => {
    const logs = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(5000)}`);
    const long = issueText(evidenceOf(3, { logs }), { language: 'en', handedOver: true, label: 'coding agent' });
    expect(long.body.length).toBeLessThan(40_000);
    expect(long.body).toContain('\n99 xxx');
    expect(long.body).not.toContain('\n0 xxx');
  });
});

/** What a reader of Markdown takes for text: without fenced blocks and code spans. */
function withoutCode(markdown: string): string {
  return markdown
    .replaceAll(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '')
    .replaceAll(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
}
