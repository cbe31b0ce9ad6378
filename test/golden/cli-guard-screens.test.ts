import { expect, test } from 'vitest';
import { renderChecks } from '../../src/cli/render/checks.ts';
import { renderLint } from '../../src/cli/render/guard-lint.ts';
import { renderReplay } from '../../src/cli/render/guard-replay.ts';
import { renderDecided } from '../../src/cli/render/guard-test.ts';
import type { Screen } from '../../src/cli/render/screen.ts';
import { widthOf } from '../../src/cli/render/text.ts';
import { collect, diagnose, lint, replay, tryRequests } from '../../src/guard/index.ts';
import type { Language } from '../../src/kernel/index.ts';
import { type Answers, PATHS, clusterThatIsWell } from '../fixtures/guard-doctor/cluster.ts';
import { AUDIT_LOG, CONFIG, MANIFESTS } from '../fixtures/guard-offline/shop.ts';
import { NOW } from '../fixtures/views.ts';

const SITUATIONS: Readonly<Record<string, (language: Language) => Promise<(screen: Screen) => string[]>>> = {
  'guard-lint': async (language) => {
    const report = lint(await collect({ sources: MANIFESTS, faults: [] }), {
      config: CONFIG,
      namespace: 'default',
      language,
    });
    return (screen) => renderLint(report, screen);
  },
  'guard-test': async (language) => {
    const { manifests } = await collect({ sources: MANIFESTS, faults: [] });
    const user = { name: 'kim', groups: [] };
    const options = { config: CONFIG, language, namespace: 'default', user, operation: null, against: [], old: [] };
    const decided = await tryRequests(manifests, options);
    if (!decided.ok) throw new Error('the manifests can be read');
    return (screen) => renderDecided(decided.value, screen);
  },
  'guard-replay': async (language) => {
    const report = await replay(records(), { config: CONFIG, language, against: [], namespace: 'default' });
    return (screen) => renderReplay(report, { all: false }, screen);
  },
  'guard-doctor': async (language) => {
    const answers: Answers = {
      ...clusterThatIsWell({ caBundle: '', cert: '', key: '' }),
      [PATHS.certificates]: { items: [] },
      [PATHS.injectors]: { items: [] },
      [PATHS.secret]: undefined,
      [PATHS.slices]: { items: [] },
      [PATHS.access]: { status: { allowed: false } },
      [PATHS.events]: {
        items: [
          {
            message:
              'Error creating: Internal error occurred: failed calling webhook "deployments.guard.funade.dev": no endpoints available for service "funade-guard"',
          },
        ],
      },
    };
    const read = (path: string) => {
      const value = answers[path];
      return Promise.resolve(
        value === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'found', value: value as Answers } as const),
      );
    };
    const webhook = { replicas: 3, failurePolicy: 'Fail', timeoutSeconds: 10 } as const;
    const checks = await diagnose(
      { get: read, ask: read },
      { config: { profile: 'production', webhook }, namespace: null, language, now: NOW },
    );
    return (screen) => renderChecks(checks, screen);
  },
};

async function* records() {
  for (const [index, value] of AUDIT_LOG.entries()) yield { file: 'audit.log', line: index + 1, value };
}

const cases = Object.keys(SITUATIONS).flatMap((situation) =>
  (['en', 'ja'] as const).flatMap((language) => [80, 120].map((width) => ({ situation, language, width }))),
);

test.each(cases)(
  '$situation looks as agreed in $language at $width columns',
  async ({ situation, language, width }) => {
    const render = await SITUATIONS[situation]?.(language);
    const lines = render?.({ width, language, color: false, ascii: false, now: NOW }) ?? [];
    expect(lines.filter((line) => widthOf(line) > width)).toEqual([]);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`cli/${situation}.${language}.${width}.txt`);
  },
);

test.each(Object.keys(SITUATIONS))(
  '%s needs only ASCII of our own where the locale is not UTF-8',
  async (situation) => {
    const render = await SITUATIONS[situation]?.('en');
    const lines = render?.({ width: 80, language: 'en', color: false, ascii: true, now: NOW }) ?? [];
    expect(lines.filter((line) => /[◷◌॥✔✖⤺⊘•├└│─█░→▏·]/u.test(line))).toEqual([]);
  },
);

test.each(Object.keys(SITUATIONS))('%s says the same with and without colour', async (situation) => {
  const render = await SITUATIONS[situation]?.('en');
  const screen = { width: 80, language: 'en', ascii: false, now: NOW } as const;
  const colored = render?.({ ...screen, color: true }).map((line) =>
    line.replaceAll(/\u001B\[[0-9;]*m/gu, '').trimEnd(),
  );
  expect(colored).toEqual(render?.({ ...screen, color: false }));
});
