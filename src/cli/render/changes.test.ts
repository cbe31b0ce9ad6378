import { expect, test } from 'vitest';
import * as aborted from '../../../test/fixtures/run-aborted-by-analysis/view.ts';
import * as canary from '../../../test/fixtures/run-canary-at-25/view.ts';
import * as failed from '../../../test/fixtures/run-failed-in-test/view.ts';
import * as approval from '../../../test/fixtures/run-waiting-for-approval/view.ts';
import { NOW } from '../../../test/fixtures/views.ts';
import { renderRunChanges } from './changes.ts';

const screen = { width: 80, language: 'en', color: false, ascii: false, now: NOW } as const;

test('the first look announces the run and tells what has happened so far', () => {
  const lines = renderRunChanges(null, failed.view, screen);
  expect(lines).toEqual([
    'greeter  ✖ failed  run_01hzx3v5qabcdefg',
    'greeter  validate  ✔ done  2.1s',
    'greeter  build  ✔ done  4.3s',
    'greeter  test  ✖ failed  5s',
    'greeter  test  FUN_COMMAND_FAILED `npm test` ended with exit code 1.',
    'greeter  test  | ✖ greets politely (3.2ms)',
    "greeter  test  |   AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 'Hello, Mei' !== 'Good evening, Mei'",
    'greeter  test  | ℹ tests 4',
    'greeter  test  | ℹ fail 1',
    'greeter  test  Fix: Read the log of the stage: `funade logs run_01hzx3v5qabcdefg`.',
    'greeter  deploy  • skipped',
  ]);
});

test('a second look at the same run says nothing', () => {
  for (const { view } of [failed, canary, aborted, approval]) expect(renderRunChanges(view, view, screen)).toEqual([]);
});

test('between two looks only what changed is told', () => {
  const before = canary.view;
  const stages = before.stages.map((stage) => {
    if (stage.rollout === null) return stage;
    const metrics = stage.rollout.metrics.map((metric) => ({
      ...metric,
      verdict: 'pass' as const,
      finding: '1 of 200',
    }));
    return { ...stage, wait: null, rollout: { ...stage.rollout, weight: 50, metrics, wait: null } };
  });
  expect(renderRunChanges(before, { ...before, stages, wait: null }, screen)).toEqual([
    'greeter v12  deploy-2  traffic 25% → 50%',
    'greeter v12  deploy-2  ✔ pass  latency-p95 ≤ 500ms: 1 of 200',
  ]);
});

test('a wait is told with the commands that end it', () => {
  const before = { ...approval.view, stages: approval.view.stages.map((stage) => ({ ...stage, wait: null })) };
  expect(renderRunChanges(before, approval.view, screen)).toEqual([
    'greeter v12  approve  waits: Waiting for 1 more approval of v12 for production',
    'greeter v12  approve  → funade approve apr_01hzx3v5qabcdefg',
    'greeter v12  approve  → funade reject apr_01hzx3v5qabcdefg --comment "…"',
  ]);
});

test('the end of a run is told with its evidence, the run last', () => {
  const before = { ...aborted.view, state: 'running' as const, stages: aborted.view.stages.slice(0, 5) };
  const lines = renderRunChanges(before, aborted.view, screen);
  expect(lines).toContain('greeter v12  deploy-2  error-rate 19.4% > 5% at 10%');
  expect(lines.at(-1)).toBe('greeter v12  ⊘ aborted');
});
