import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { GUARD_ERROR_CODES, classOf } from '../../src/guard/errors.ts';
import { createGuardMetrics } from '../../src/guard/metrics.ts';
import { one, overlay, repository, webhooksOf } from './guard-manifests.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const objects = overlay('production');
const spec = one(objects, 'PrometheusRule')['spec'] as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = spec.groups.flatMap((group) => group.rules);
const testFile = join(repository, 'test/deploy/guard-rules.test.yaml');
const { tests } = parse(readFileSync(testFile, 'utf8')) as RuleTests;
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
/** Made by Prometheus itself. */
const OF_PROMETHEUS = new Set(['up']);

function dashboard(): Dashboard {
  const { data } = one(objects, 'ConfigMap', 'funade-guard-dashboard') as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };
  return JSON.parse(data['funade-guard.json'] ?? '') as Dashboard;
}

/** Names before a selector, which every query of ours has. */
function metricsOf(expression: string): readonly string[] {
  return [...expression.matchAll(/\b([a-z][a-z_]+)\{/g)].map(([, name = '']) => name.replace(/_bucket$/, ''));
}

async function knownMetrics(): Promise<ReadonlySet<string>> {
  const text = await createGuardMetrics().text();
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
}

test('alerts and dashboard name only metrics that the guard has, and every one of its own is shown', async () => {
  const known = await knownMetrics();
  const shown = dashboard()
    .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    .flatMap(metricsOf);
  const used = [...rules.map(({ expr }) => expr).flatMap(metricsOf), ...shown].filter(
    (name) => !OF_PROMETHEUS.has(name),
  );
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  const own = [...known].filter((name) => /^(?:guard|webhook)_/.test(name));
  expect(own.filter((name) => !shown.includes(name))).toEqual([]);
});

test('the dashboard is picked up by its label', () => {
  const { labels } = one(objects, 'ConfigMap', 'funade-guard-dashboard').metadata;
  expect(labels).toMatchObject({ grafana_dashboard: '1' });
});

test('errors that callers make are left out of the error rate, all others count', () => {
  const { expr } = rules.find(({ alert }) => alert === 'FunadeGuardErrors') as Rule;
  const left = new RegExp(`^(?:${/code!~"([^"]+)"/.exec(expr)?.[1] ?? ''})$`);
  for (const code of GUARD_ERROR_CODES) {
    const isElsewhere = ['validation', 'certificate'].includes(classOf(code)) || code === 'tls_handshake';
    expect(left.test(code), code).toBe(isElsewhere);
  }
});

test('every alert tells what it is, what to do, and where more stands', () => {
  for (const { alert, labels, annotations } of rules) {
    expect(labels['severity'], alert).toMatch(/^(?:page|ticket)$/);
    expect(annotations['summary'], alert).toMatch(/\S/);
    expect(annotations['description'], alert).toMatch(/\S/);
    expect(annotations['runbook_url'], alert).toMatch(
      new RegExp(`^https://\\S+/docs/how-to/monitor-the-guard\\.md#${alert.toLowerCase()}$`),
    );
  }
});

// The guide is written with the rest of the docs; once it is there it has a heading for each alert.
test('the guide explains every alert', () => {
  const guide = readFileSync(join(repository, 'docs/how-to/monitor-the-guard.md'), 'utf8');
  const headings = [...guide.matchAll(/^#+ `?(\w+)`?$/gm)].map(([, heading]) => heading);
  expect(rules.map(({ alert }) => alert).filter((alert) => !headings.includes(alert))).toEqual([]);
});

test('every alert is seen firing and not firing', () => {
  const cases = tests.flatMap((each) => each.alert_rule_test);
  const seen = (isFiring: boolean) =>
    new Set(cases.filter(({ exp_alerts: alerts }) => alerts.length > 0 === isFiring).map(({ alertname }) => alertname));
  for (const { alert } of rules) {
    expect(seen(true).has(alert), `${alert} fires`).toBe(true);
    expect(seen(false).has(alert), `${alert} does not fire`).toBe(true);
  }
});

test('the scrape finds the port of the Service, and leaves the label of the namespace alone', () => {
  const monitor = one(objects, 'ServiceMonitor')['spec'] as {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly [{ readonly port: string; readonly honorLabels: boolean }];
  };
  const service = one(objects, 'Service');
  const { ports } = service['spec'] as { readonly ports: readonly { readonly name: string }[] };
  expect(service.metadata.labels).toMatchObject(monitor.selector.matchLabels);
  expect(ports.map(({ name }) => name)).toContain(monitor.endpoints[0].port);
  expect(monitor.endpoints[0].honorLabels).toBe(true);
  // A Service's name is the job of its targets, which every query names.
  for (const { expr } of rules) expect(expr).toContain(`job="${service.metadata.name}"`);
  expect(webhooksOf(objects).map(({ clientConfig }) => clientConfig.service.name)).toContain(service.metadata.name);
});

// Debian's package `prometheus` has promtool; where CI runs it has to be there.
describe.skipIf(!hasPromtool && process.env['CI'] !== 'true')('promtool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'funade-guard-rules-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.yaml'), stringify(spec));
  cpSync(testFile, join(folder, 'rules.test.yaml'));

  test.each([
    ['check rules', 'rules.yaml'],
    ['test rules', 'rules.test.yaml'],
  ])('%s %s passes', (command, file) => {
    const { status, stdout, stderr } = spawnSync('promtool', [...command.split(' '), file], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});
