import { expect, test } from 'vitest';
import { LABELS } from '../../../test/agent-labels.ts';
import { LANGUAGES } from '../../kernel/index.ts';
import type { TaskRow } from '../store.ts';
import { reasons } from '../texts/reasons.en.ts';
import { whyIn } from '../texts/index.ts';
import { renderProgress } from './render-progress.ts';

const AT = Date.parse('2026-03-04T05:06:07Z');
const ROW = {
  id: 'task_1',
  forge: 'github',
  kind: 'issue',
  number: 7,
  state: 'running',
  reason: null,
  ending: null,
  error_id: null,
  attempts: 1,
  branch: null,
  head_sha: null,
  change_number: null,
  change_url: null,
  change_adopted: false,
  plan: [],
  plan_text: null,
  note: null,
  summary: null,
  detail: null,
  steps: 0,
  input_tokens: 0,
  output_tokens: 0,
  money: null,
  steered_by: null,
  steer_reason: null,
} as unknown as TaskRow;

const WORK = {
  branch: 'funade/issue-7',
  steps: 14,
  input_tokens: 120_000,
  output_tokens: 3400,
  money: 0.4242,
  plan: [
    { text: 'Read the code', done: true },
    { text: 'Mend *it*', done: false },
  ],
  note: 'Looking at `hello.js`, @mona',
} as const;

const CHANGE = { head_sha: 'abc', change_number: 12, change_url: 'https://github.com/octo/greeter/pull/12' } as const;

const SITUATIONS: readonly (readonly [string, Partial<TaskRow>])[] = [
  ['just begun', {}],
  ['at work', WORK],
  ['waiting to try again', { ...WORK, state: 'queued', reason: 'model_unreachable', attempts: 2 }],
  ['paused', { ...WORK, ending: 'paused', reason: 'paused_by_person', steered_by: 'mona', steer_reason: 'lunch @all' }],
  ['stopped', { ...WORK, ending: 'stopped', reason: 'stopped_by_person', steered_by: 'mona', head_sha: 'abc' }],
  ['expired', { state: 'expired', reason: 'paused_too_long' }],
  ['a plan that waits', { ending: 'awaiting_approval', reason: 'plan_waits', plan_text: '1. Mend it\n```js\nhello()' }],
  ['done', { ...WORK, ...CHANGE, ending: 'succeeded', summary: 'I mended it. Fixes #7 <details>' }],
  [
    'done in a change of somebody else',
    { ...WORK, ...CHANGE, change_adopted: true, ending: 'succeeded', reason: 'branch_only' },
  ],
  ['nothing changed', { ending: 'succeeded', reason: 'no_change', summary: 'It is right as it is.' }],
  [
    'a forbidden path',
    { ending: 'failed', reason: 'forbidden_path', detail: '.github/`x`\nREADME.md', error_id: 'err_1' },
  ],
  ['tried too often', { ...WORK, ending: 'dead', reason: 'too_many_attempts', attempts: 3, error_id: 'err_1' }],
];

test.each(LANGUAGES)('the comment in every situation, in %s', async (language) => {
  const screens = SITUATIONS.map(([name, part]) => {
    const task = { ...ROW, ...part };
    const lastReason = part.reason === 'too_many_attempts' ? 'command_timed_out' : null;
    return `===== ${name}\n${renderProgress({ task, labels: LABELS, language, lastReason, until: AT })}`;
  });
  await expect(`${screens.join('\n\n')}\n`).toMatchFileSnapshot(`../../../test/golden/agent/progress.${language}.md`);
});

test('a comment is never longer than a forge takes', () => {
  const plan = Array.from({ length: 100 }, () => ({ text: 'x'.repeat(500), done: false }));
  const task = { ...ROW, ending: 'awaiting_approval', plan_text: '> '.repeat(100_000), plan } as TaskRow;
  const text = renderProgress({ task, labels: LABELS, language: 'en', lastReason: null, until: AT });
  expect(text.length).toBeLessThanOrEqual(60_000);
  expect(text).toContain('/funade plan ok');
});

test('every reason has a text in both languages, and one that a runner made up has a text of its own', () => {
  for (const reason of Object.keys(reasons))
    for (const language of LANGUAGES) expect(whyIn(language, reason).length).toBeGreaterThan(5);
  expect(whyIn('en', 'of_a_runner')).toBe('The coding agent could not do it.');
  expect(whyIn('en', 'toString')).toBe('The coding agent could not do it.');
});
