import { expect, test } from 'vitest';
import { renderDelivery } from '../../src/cli/render/delivery.ts';
import { renderRuntimes } from '../../src/cli/render/fn-doctor.ts';
import { renderAliases, renderFunctions, renderVersions } from '../../src/cli/render/fn-lists.ts';
import { renderDeliveries } from '../../src/cli/render/lists.ts';
import { renderProblem } from '../../src/cli/render/problem.ts';
import { renderRollout } from '../../src/cli/render/rollout.ts';
import { renderRun } from '../../src/cli/render/run.ts';
import type { Screen } from '../../src/cli/render/screen.ts';
import { renderSources } from '../../src/cli/render/source.ts';
import { renderStatus } from '../../src/cli/render/status.ts';
import { renderTask } from '../../src/cli/render/task.ts';
import { renderTasks } from '../../src/cli/render/tasks.ts';
import { widthOf } from '../../src/cli/render/text.ts';
import * as aliases from '../fixtures/fn-aliases/view.ts';
import * as deliveries from '../fixtures/deliveries-of-a-morning/view.ts';
import * as allLayers from '../fixtures/fn-doctor-all-layers/view.ts';
import * as plainProcesses from '../fixtures/fn-doctor-plain-processes/view.ts';
import * as someLayers from '../fixtures/fn-doctor-some-layers/view.ts';
import * as functions from '../fixtures/fn-list/view.ts';
import * as versions from '../fixtures/fn-versions/view.ts';
import * as problem from '../fixtures/problem-broken-config/view.ts';
import * as rollback from '../fixtures/rollout-rollback-queued/view.ts';
import * as aborted from '../fixtures/run-aborted-by-analysis/view.ts';
import * as building from '../fixtures/run-building/view.ts';
import * as canary from '../fixtures/run-canary-at-25/view.ts';
import * as failed from '../fixtures/run-failed-in-test/view.ts';
import * as paused from '../fixtures/run-paused-by-analysis/view.ts';
import * as queued from '../fixtures/run-queued/view.ts';
import * as rolledBack from '../fixtures/run-rolled-back/view.ts';
import * as approval from '../fixtures/run-waiting-for-approval/view.ts';
import * as sources from '../fixtures/sources-in-trouble/view.ts';
import * as status from '../fixtures/status-mixed/view.ts';
import * as planWaits from '../fixtures/task-awaiting-approval/view.ts';
import * as dead from '../fixtures/task-dead/view.ts';
import * as failedTask from '../fixtures/task-failed-with-detail/view.ts';
import * as pausedTask from '../fixtures/task-paused-by-person/view.ts';
import * as planned from '../fixtures/task-running-with-plan/view.ts';
import * as doneTask from '../fixtures/task-succeeded/view.ts';
import * as waitingTask from '../fixtures/task-waiting/view.ts';
import * as tasks from '../fixtures/tasks-mixed/view.ts';
import { NOW } from '../fixtures/views.ts';

const SOURCES = new Map([['funade.yaml', problem.source]]);

/** Every situation with the renderer that shows it. */
const SITUATIONS = {
  'run-queued': (screen: Screen) => renderRun(queued.view, screen),
  'run-building': (screen: Screen) => renderRun(building.view, screen),
  'run-waiting-for-approval': (screen: Screen) => renderRun(approval.view, screen),
  'run-canary-at-25': (screen: Screen) => renderRun(canary.view, screen),
  'run-paused-by-analysis': (screen: Screen) => renderRun(paused.view, screen),
  'run-aborted-by-analysis': (screen: Screen) => renderRun(aborted.view, screen),
  'run-rolled-back': (screen: Screen) => renderRun(rolledBack.view, screen),
  'run-failed-in-test': (screen: Screen) => renderRun(failed.view, screen),
  'rollout-rollback-queued': (screen: Screen) => renderRollout(rollback.view, screen),
  'status-mixed': (screen: Screen) => renderStatus(status.view, screen),
  'fn-list': (screen: Screen) => renderFunctions(functions.view, screen),
  'fn-versions': (screen: Screen) => renderVersions(versions.view, versions.aliases, screen),
  'fn-aliases': (screen: Screen) => renderAliases(aliases.view, screen),
  'fn-doctor-all-layers': (screen: Screen) => renderRuntimes(allLayers.view, screen),
  'fn-doctor-some-layers': (screen: Screen) => renderRuntimes(someLayers.view, screen),
  'fn-doctor-plain-processes': (screen: Screen) => renderRuntimes(plainProcesses.view, screen),
  'deliveries-of-a-morning': (screen: Screen) => renderDeliveries(deliveries.view, screen),
  'delivery-ignored': (screen: Screen) => renderDelivery(deliveries.ignored, screen),
  'sources-in-trouble': (screen: Screen) => renderSources(sources.view, screen),
  'tasks-mixed': (screen: Screen) => renderTasks(tasks.view, screen),
  'task-dead': (screen: Screen) => renderTask(dead.view, screen),
  'task-running-with-plan': (screen: Screen) => renderTask(planned.view, screen),
  'task-awaiting-approval': (screen: Screen) => renderTask(planWaits.view, screen),
  'task-paused-by-person': (screen: Screen) => renderTask(pausedTask.view, screen),
  'task-failed-with-detail': (screen: Screen) => renderTask(failedTask.view, screen),
  'task-succeeded': (screen: Screen) => renderTask(doneTask.view, screen),
  'task-waiting': (screen: Screen) => renderTask(waitingTask.view, screen),
  'problem-broken-config': (screen: Screen) => renderProblem(problem.view, screen, SOURCES),
} as const;

const cases = Object.entries(SITUATIONS).flatMap(([situation, render]) =>
  (['en', 'ja'] as const).flatMap((language) =>
    [80, 120].map((width) => ({ situation, render, language, width }) as const),
  ),
);

test.each(cases)('$situation looks as agreed in $language at $width columns', async (screenCase) => {
  const { situation, render, language, width } = screenCase;
  const lines = render({ width, language, color: false, ascii: false, now: NOW });
  expect(lines.filter((line) => widthOf(line) > width)).toEqual([]);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`cli/${situation}.${language}.${width}.txt`);
});

test.each(Object.entries(SITUATIONS))('%s needs only ASCII of our own where the locale is not UTF-8', (_, render) => {
  const unicode = /[◷◌॥✔✖⤺⊘•├└│─█░→▏·]/u;
  const lines = render({ width: 80, language: 'en', color: false, ascii: true, now: NOW });
  // Texts that come from outside keep their characters; `✖` and `ℹ` below are output of the test runner.
  const own = lines.filter((line) => !/greets politely|tests 4|fail 1/u.test(line));
  expect(own.filter((line) => unicode.test(line))).toEqual([]);
});

test.each(Object.entries(SITUATIONS))('%s says the same with and without colour', (_, render) => {
  const screen = { width: 80, language: 'en', ascii: false, now: NOW } as const;
  const colored = render({ ...screen, color: true }).map((line) => line.replaceAll(/\u001B\[[0-9;]*m/gu, '').trimEnd());
  expect(colored).toEqual(render({ ...screen, color: false }));
  expect(render({ ...screen, color: true }).join('')).toContain('\u001B[');
});
