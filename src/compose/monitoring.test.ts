import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { agentMetrics, intakeMetrics, pollOutcomes, publishFailures, watchTasks } from './metrics.ts';

const folder = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

async function readRules(): Promise<Rules> {
  return parse(await readFile(`${folder}prometheus-rules.yaml`, 'utf8')) as Rules;
}

function knownMetrics(): ReadonlySet<string> {
  const registry = new Registry();
  intakeMetrics(registry);
  agentMetrics(registry);
  publishFailures(registry);
  pollOutcomes(registry);
  watchTasks(registry, { progress: () => Promise.resolve({ sinceSweep: 0, overdue: 0 }) });
  return new Set(registry.getMetricsAsArray().map(({ name }) => name));
}

function metricsOf(expression: string): readonly string[] {
  const withoutLabels = expression.replaceAll(/\{[^}]*\}/g, '').replaceAll(/by \([^)]*\)/g, '');
  const words = withoutLabels.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
  return words.filter((word) => word !== 'histogram_quantile').map((word) => word.replace(/_bucket$/, ''));
}

test('every metric of the rules and of the dashboard is one that Funade has', async () => {
  const { groups } = await readRules();
  const dashboard = JSON.parse(await readFile(`${folder}grafana-intake.json`, 'utf8')) as Dashboard;
  const expressions = [
    ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const used = new Set(expressions.flatMap(metricsOf));
  const known = knownMetrics();
  expect([...used].filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !used.has(name))).toEqual([]);
});

test('every alert is seen firing in the tests of the rules', async () => {
  const { groups } = await readRules();
  const { tests } = parse(await readFile(`${folder}prometheus-rules.test.yaml`, 'utf8')) as RuleTests;
  const fired = new Set(
    tests.flatMap((each) =>
      each.alert_rule_test.filter(({ exp_alerts: expected }) => expected.length > 0).map(({ alertname }) => alertname),
    ),
  );
  expect(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).filter((name) => !fired.has(name))).toEqual([]);
});

// Debian's package `prometheus` has promtool; where CI runs it has to be there.
describe.skipIf(!hasPromtool && process.env['CI'] !== 'true')('promtool', () => {
  test.each([
    ['check rules', 'prometheus-rules.yaml'],
    ['test rules', 'prometheus-rules.test.yaml'],
  ])('%s %s passes', (command, file) => {
    const { status, stdout, stderr } = spawnSync('promtool', [...command.split(' '), file], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});
