import { expect, test } from 'vitest';
import { type Case, HEAD, TEST, environment, faultsOf } from './testing.ts';
import { type AgentProjectConfig, configHash, parseAgentSection, parseAppConfig } from '../index.ts';

function parse(yaml: string) {
  const parsed = parseAppConfig(yaml, 'funade.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error, null, 2));
  return parsed.value;
}

const agent = (text: string) => `${HEAD}${TEST}agent: ${text}\n`;

const FULL = `
  runner: command
  budget: { steps: 50, tokens: 1000000, money: 2.5, time: 20m }
  branchPrefix: agents/
  planApproval: required
  allowedPaths: [src/**, "app/[id]/page with space.tsx", "!src/secrets/**"]
  checks: [npm ci, npm test]
  x-why: because`;

const READ: AgentProjectConfig = {
  runner: 'command',
  budget: { steps: 50, tokens: 1_000_000, money: 2.5, time: 1_200_000 },
  branchPrefix: 'agents/',
  planApproval: 'required',
  allowedPaths: ['src/**', 'app/[id]/page with space.tsx', '!src/secrets/**'],
  checks: ['npm ci', 'npm test'],
};
const NOTHING: AgentProjectConfig = {
  runner: null,
  budget: { steps: null, tokens: null, money: null, time: null },
  branchPrefix: null,
  planApproval: null,
  allowedPaths: [],
  checks: [],
};

test('every setting of agents is read', () => {
  expect(parse(agent(FULL)).agent).toEqual(READ);
});

test.each([
  ['an empty section', '', NOTHING],
  ['one check as text', '{ checks: npm test }', { ...NOTHING, checks: ['npm test'] }],
  ['one pattern as text', '{ allowedPaths: docs/** }', { ...NOTHING, allowedPaths: ['docs/**'] }],
  ['empty lists', '{ checks: [], allowedPaths: [] }', NOTHING],
  ['part of a budget', '{ budget: { time: 90s } }', { ...NOTHING, budget: { ...NOTHING.budget, time: 90_000 } }],
])('%s leaves the rest to the server', (_, text, expected) => {
  expect(parse(agent(text)).agent).toEqual(expected);
});

const cases: readonly Case[] = [
  {
    rule: 'a runner that is not there is told with the nearest',
    yaml: agent('{ runner: buildin }'),
    faults: ['4:18 agent.runner | Expected one of noop, command, builtin, found "buildin". | Did you mean "builtin"?'],
  },
  {
    rule: 'all faults of the section are told at once',
    yaml: agent(`
  runer: noop
  budget: { steps: 0, tokens: many, money: 0, time: 30 }
  planApproval: always
  checks: [npm test, ""]`),
    faults: [
      '5:3 agent.runer | Unknown key "runer" in agent. | Did you mean "runner"?',
      '6:20 agent.budget.steps | Expected at least 1, found 0. | Choose a value in that range.',
      '6:31 agent.budget.tokens | Expected a whole number, found "many". | Write `10`.',
      '6:44 agent.budget.money | Expected at least 0.01, found 0. | Choose a value in that range.',
      '6:53 agent.budget.time | A duration needs a unit, found 30. | Write for example `30s`.',
      '7:17 agent.planApproval | Expected one of never, required, found "always". | Choose one of them.',
      '8:22 agent.checks[1] | Expected a command, found "". | Write `npm test`.',
    ],
  },
  {
    rule: 'an agent may not work for months',
    yaml: agent('{ budget: { time: 30d } }'),
    faults: ['4:26 agent.budget.time | Expected from 1s to 7d, found "30d". | Choose a value in that range.'],
  },
  {
    rule: 'a prefix that makes no branches is refused',
    yaml: agent('{ branchPrefix: ../x }'),
    faults: [
      '4:24 agent.branchPrefix | Expected what a branch name can begin with: letters, digits and . _ - /, starting with a letter or digit, at most 100 long, found "../x". | Write `funade/`.',
    ],
  },
  {
    rule: 'a section that is a list is told',
    yaml: agent('[builtin]'),
    faults: ['4:8 agent | Expected a section, found a list. | Write `name: value`, indented.'],
  },
  {
    rule: 'a misspelt section is told with its own faults',
    yaml: `${HEAD}${TEST}agnet: { runner: x }\n`,
    faults: [
      '4:1 agnet | Unknown key "agnet" in the file. | Did you mean "agent"?',
      '4:18 agnet.runner | Expected one of noop, command, builtin, found "x". | Choose one of them.',
    ],
  },
  {
    rule: 'a failed rollout opens issues and nothing else',
    yaml: environment('onFailure: isue'),
    faults: ['7:16 environments.prod.onFailure | Expected one of issue, found "isue". | Did you mean "issue"?'],
  },
];

test.each(cases)('$rule', ({ yaml, faults }) => {
  expect(faultsOf(yaml)).toEqual(faults);
});

test.each(['/src/**', 'src/', './src', '../x', 'a//b', '!', '', 'a\\b', 'src/*.{ts,js}', 'a?'])(
  'the pattern %j could match no file, and is refused',
  (pattern) => {
    const parsed = parseAppConfig(agent(`{ allowedPaths: [docs/**, ${JSON.stringify(pattern)}] }`), 'funade.yaml');
    expect(!parsed.ok && parsed.error).toEqual([
      expect.objectContaining({
        path: 'agent.allowedPaths[1]',
        message: expect.stringContaining('Expected a path inside the repository') as string,
      }),
    ]);
  },
);

test('faults are told in Japanese to those who read it', () => {
  expect(faultsOf(agent('{ branchPrefix: -x }'), { language: 'ja' })).toEqual([
    expect.stringContaining('ブランチ名の先頭にできる文字列'),
  ]);
});

test('an environment asks for issues only where it says so', () => {
  expect(parse(environment('onFailure: issue')).environments['prod']?.onFailure).toBe('issue');
  expect(parse(environment('concurrency: queue')).environments['prod']?.onFailure).toBeNull();
});

const PLAIN = 'version: 1\napp: shop\npipeline: [{ deploy: prod }]\nenvironments: { prod: { target: noop } }\n';

test('the hash of what was released before these settings existed is the same as then', () => {
  const before = 'sha256:0cc0e75fe15587025c30a0c264b3cad6d8cb5826b7c868c9b2a9cb2290720c4b';
  const { agent: _agent, ...config } = parse(PLAIN);
  const { onFailure: _none, ...prod } = config.environments['prod'] ?? { onFailure: null };
  expect(configHash(parse(PLAIN))).toBe(before);
  expect(configHash({ ...config, environments: { prod } } as unknown as Parameters<typeof configHash>[0])).toBe(before);
});

test('what agents may do is no part of a release, an issue on failure is', () => {
  const hash = configHash(parse(PLAIN));
  expect(configHash(parse(`${PLAIN}agent: ${FULL}\n`))).toBe(hash);
  expect(configHash(parse(PLAIN.replace('target: noop', 'target: noop, onFailure: issue')))).not.toBe(hash);
});

test.each([
  ['no text', ''],
  ['comments only', '# nothing\n---\n'],
  ['a file without the section', `${HEAD}${TEST}`],
  ['an empty section', 'agent:\n'],
  ['a file of another tool', 'services: { web: { image: x } }\n'],
  ['a note', 'x-agnet: { runner: noop }\n'],
])('%s says nothing about agents', (_, text) => {
  expect(parseAgentSection(text, 'funade.yaml')).toEqual({ ok: true, value: null });
});

test.each([
  ['the section alone', `agent: ${FULL}\n`],
  ['faults in other sections', `app: Shop\npipeline: nope\nfunctions: [1]\nfunctions: 2\nagent: ${FULL}\n`],
])('agents are told their settings from %s', (_, text) => {
  expect(parseAgentSection(text, 'funade.yaml')).toEqual({ ok: true, value: READ });
});

test.each([
  ['faults of the section', 'app: Shop\nagent:\n  runner: x\n  runner: noop\n', ['3 agent.runner', '4 agent.runner']],
  ['YAML that breaks elsewhere', 'app: "shop\nagent: { runner: noop }\n', ['3 -']],
  ['a misspelt section', 'agents: { allowedPaths: [src/**] }\n', ['1 agents']],
  ['a list', '- agent\n', ['1 -']],
])('%s stops an agent', (_, text, places) => {
  const parsed = parseAgentSection(text, 'funade.yaml');
  const told = parsed.ok ? [] : parsed.error.map(({ file, line, path }) => `${file}:${line} ${path ?? '-'}`);
  expect(told.toSorted()).toEqual(places.map((place) => `funade.yaml:${place}`));
});

test('faults of the section are told in the language that is asked for', () => {
  const parsed = parseAgentSection('agent: 1\n', 'funade.yaml', { language: 'ja' });
  expect(!parsed.ok && parsed.error[0]?.message).toBe('節が必要ですが、1 とあります。');
});
