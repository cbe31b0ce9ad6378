import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AgentDefaults, type AgentProjectConfig, agentSettings } from './index.ts';

const SERVER: AgentDefaults = {
  runner: 'command',
  budget: { steps: 200, tokens: 4_000_000, money: null, time: 3_600_000 },
  branchPrefix: 'funade/',
  planApproval: 'never',
};
const NOTHING: AgentProjectConfig = {
  runner: null,
  budget: { steps: null, tokens: null, money: null, time: null },
  branchPrefix: null,
  planApproval: null,
  allowedPaths: [],
  checks: [],
};

test.each([
  ['without a section', null],
  ['with an empty one', NOTHING],
])('%s a task has the settings of the server', (_, project) => {
  const { budget } = SERVER;
  const rest = { planApproval: false, allowedPaths: [], checks: [] };
  expect(agentSettings(SERVER, project)).toEqual({ runner: 'command', branchPrefix: 'funade/', budget, ...rest });
});

test('a repository chooses among runners, but not where the server has none', () => {
  const project = { ...NOTHING, runner: 'builtin' } as const;
  expect(agentSettings(SERVER, project).runner).toBe('builtin');
  expect(agentSettings({ ...SERVER, runner: 'none' }, project).runner).toBe('none');
});

test.each([
  ['never', null, false],
  ['never', 'required', true],
  ['required', 'never', true],
  ['required', null, true],
] as const)('plans: the server says %s, the repository %s, so approval is %s', (server, project, expected) => {
  const settings = agentSettings({ ...SERVER, planApproval: server }, { ...NOTHING, planApproval: project });
  expect(settings.planApproval).toBe(expected);
});

test('no repository gets more of a budget than the server gives, and each gets what it asks for below that', () => {
  const amount = fc.integer({ min: 1, max: 1000 });
  const maybe = fc.option(amount);
  fc.assert(
    fc.property(
      fc.record({ steps: amount, tokens: amount, money: maybe, time: amount }),
      fc.record({ steps: maybe, tokens: maybe, money: maybe, time: maybe }),
      (given, asked) => {
        const { budget } = agentSettings({ ...SERVER, budget: given }, { ...NOTHING, budget: asked });
        for (const key of ['steps', 'tokens', 'money', 'time'] as const) {
          const limits = [given[key], asked[key]].filter((limit) => limit !== null);
          expect(budget[key]).toBe(limits.length === 0 ? null : Math.min(...limits));
        }
      },
    ),
  );
});
