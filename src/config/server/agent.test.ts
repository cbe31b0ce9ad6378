import { describe, expect, test } from 'vitest';
import { type LoadOptions, agentSettingsExample, describeServerConfig, loadServerConfig } from '../index.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
}

function loaded({ env = {}, file }: Given) {
  const options: LoadOptions = {
    flags: {},
    env,
    readFile: (path) => (path === 'funade.config.yaml' ? file : undefined),
  };
  return loadServerConfig(options);
}

function load(given: Given) {
  const result = loaded(given);
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 2));
  return result.value;
}

/** `line:column message`, or the message alone where the environment is at fault. */
function faults(given: Given): readonly string[] {
  const result = loaded(given);
  if (result.ok) return [];
  return result.error.map(({ line, column, message }) =>
    line === undefined ? message : `${line}:${column} ${message}`,
  );
}

const shownIn = (given: Given, key: string) =>
  describeServerConfig(load(given), 'en').find((row) => row.key === key)?.value;

test('the example of the reference is read as it says', () => {
  const { agent } = load({ file: agentSettingsExample, env: { OPENAI_API_KEY: 'k', TRACKER_TOKEN: 'hunter2' } });
  expect(agent).toMatchObject({
    runner: 'builtin',
    repositories: [],
    command: null,
    model: { url: 'https://api.openai.com/v1', key: 'k', window: 128_000, price: { input: 1.25, output: 10 } },
    budget: { steps: 200, tokens: 4_000_000, money: 5, time: 3_600_000 },
  });
  expect(agent.mcp).toEqual([
    { kind: 'stdio', name: 'browser', command: ['npx', '-y', '@playwright/mcp'], environment: { DISPLAY: ':0' } },
    { kind: 'http', name: 'tracker', url: 'https://mcp.example.com/mcp', headers: { Authorization: 'Bearer hunter2' } },
  ]);
});

test('without its example values the example is the defaults', () => {
  const kept = load({ file: agentSettingsExample, env: { OPENAI_API_KEY: 'k', TRACKER_TOKEN: 't' } }).agent;
  const defaults = load({}).agent;
  const examples = { runner: 'none', model: defaults.model, mcp: [], budget: { ...kept.budget, money: null } };
  expect({ ...kept, ...examples }).toEqual(defaults);
});

test('a command keeps its lines and its variables, which are those of its shell', () => {
  const file = 'agent:\n  runner: command\n  command: |\n    export A=${B:-c}\n    agent < "${FUNADE_PROMPT_FILE}"\n';
  expect(load({ file, env: { FUNADE_PROMPT_FILE: '/etc/passwd' } }).agent.command).toBe(
    'export A=${B:-c}\nagent < "${FUNADE_PROMPT_FILE}"\n',
  );
  expect(shownIn({ file }, 'agent.command')).toBe(
    String.raw`export A=${'$'}{B:-c}\nagent < "${'$'}{FUNADE_PROMPT_FILE}"`,
  );
});

test('a key of one character is one, since local endpoints take anything, and it is never shown', () => {
  expect(load({ env: { FUNADE_AGENT_MODEL_KEY: 'x' } }).agent.model.key).toBe('x');
  expect(shownIn({ env: { FUNADE_AGENT_MODEL_KEY: 'x' } }, 'agent.model.key')).toBe('***');
});

describe('settings that need others', () => {
  const MODEL = { FUNADE_AGENT_MODEL_NAME: 'm', FUNADE_AGENT_MODEL_URL: 'http://127.0.0.1:11434/v1' };
  const COMMAND = { FUNADE_AGENT_RUNNER: 'command', FUNADE_AGENT_COMMAND: 'my-agent' };
  const URL = 'agent.model.url (FUNADE_AGENT_MODEL_URL), which is not set.';

  test.each([
    ['noop', { FUNADE_AGENT_RUNNER: 'noop' }],
    ['builtin with a model and its address', { FUNADE_AGENT_RUNNER: 'builtin', ...MODEL }],
    [
      'builtin with a provider whose address is known',
      { FUNADE_AGENT_RUNNER: 'builtin', FUNADE_AGENT_MODEL_NAME: 'm', FUNADE_AGENT_MODEL_PROVIDER: 'ollama' },
    ],
    ['a command that reaches no model', COMMAND],
    ['a command with the address of a model', { ...COMMAND, ...MODEL }],
    ['a command with a network of its own', { ...COMMAND, FUNADE_AGENT_NETWORK: 'open', FUNADE_AGENT_MODEL_NAME: 'm' }],
    ['a model alone', { FUNADE_AGENT_MODEL_NAME: 'm' }],
  ])('%s: nothing is missing', (_, env) => {
    expect(faults({ env })).toEqual([]);
  });

  test.each([
    [
      'a command runner without a command',
      { FUNADE_AGENT_RUNNER: 'command' },
      ['agent.runner (command) needs agent.command (FUNADE_AGENT_COMMAND), which is not set.'],
    ],
    [
      'a builtin runner without a model',
      { FUNADE_AGENT_RUNNER: 'builtin' },
      [
        'agent.runner (builtin) needs agent.model.name (FUNADE_AGENT_MODEL_NAME), which is not set.',
        `agent.runner (builtin) needs ${URL}`,
      ],
    ],
    [
      'a command whose model has no address',
      { ...COMMAND, FUNADE_AGENT_MODEL_KEY: 'hunter2' },
      [`agent.model.key needs ${URL}`],
    ],
    [
      'a budget of money without prices',
      { FUNADE_AGENT_BUDGET_MONEY: '5', FUNADE_AGENT_MODEL_PRICE_INPUT: '3' },
      ['agent.budget.money needs agent.model.price.output (FUNADE_AGENT_MODEL_PRICE_OUTPUT), which is not set.'],
    ],
    [
      'an address that is given but faulty is not missing too',
      { FUNADE_AGENT_RUNNER: 'builtin', FUNADE_AGENT_MODEL_NAME: 'm', FUNADE_AGENT_MODEL_URL: 'localhost:1' },
      ['FUNADE_AGENT_MODEL_URL is "localhost:1", expected an http or https address without user, query or fragment.'],
    ],
  ])('%s is told', (_, env, expected) => {
    expect(faults({ env: env as Readonly<Record<string, string>> })).toEqual(expected);
  });

  test('all of them at once, each where it stands in the file', () => {
    const file = 'agent:\n  runner: builtin\n  budget: { money: 5 }\n  labels: { trigger: a, done: A }\n';
    expect(faults({ file })).toEqual([
      '2:11 agent.runner (builtin) needs agent.model.name (FUNADE_AGENT_MODEL_NAME), which is not set.',
      `2:11 agent.runner (builtin) needs ${URL}`,
      '3:20 agent.budget.money needs agent.model.price.input (FUNADE_AGENT_MODEL_PRICE_INPUT), which is not set.',
      '3:20 agent.budget.money needs agent.model.price.output (FUNADE_AGENT_MODEL_PRICE_OUTPUT), which is not set.',
      '4:31 agent.labels.done and agent.labels.trigger are both "A".',
    ]);
  });
});

test.each([
  ['a runner that is not there', { FUNADE_AGENT_RUNNER: 'buildin' }, /expected one of none, noop, command, builtin/],
  ['a blank command', { FUNADE_AGENT_COMMAND: ' \n ' }, /FUNADE_AGENT_COMMAND is .* expected a command for `sh`/],
  ['an empty command', { FUNADE_AGENT_COMMAND: '' }, /FUNADE_AGENT_COMMAND is set but empty/],
  ['a network that is none', { FUNADE_AGENT_NETWORK: 'all' }, /expected one of model, none, open/],
  ['a price below zero', { FUNADE_AGENT_MODEL_PRICE_INPUT: '-1' }, /is -1, expected at least 0/],
  ['a price that is no number', { FUNADE_AGENT_MODEL_PRICE_OUTPUT: '3 USD' }, /is "3 USD", expected a number/],
  ['no money', { FUNADE_AGENT_BUDGET_MONEY: '0' }, /is 0, expected at least 0\.01/],
  ['no step', { FUNADE_AGENT_BUDGET_STEPS: '0' }, /is 0, expected at least 1/],
  ['work of a month', { FUNADE_AGENT_BUDGET_TIME: '30d' }, /is "30d", expected at most 7d/],
  ['a pause beyond all time', { FUNADE_AGENT_PAUSED_FOR: '99999999d' }, /expected at most 3650d/],
  ['a prefix with a space', { FUNADE_AGENT_BRANCH_PREFIX: 'my bots/' }, /expected what a branch name can begin with/],
  ['a prefix with dots', { FUNADE_AGENT_BRANCH_PREFIX: 'a..b/' }, /expected what a branch name can begin with/],
  [
    'an address with a key',
    { FUNADE_AGENT_MODEL_URL: 'https://m.example/v1?key=hunter2' },
    /is \*\*\*, expected an http/,
  ],
  ['a repository without owner', { FUNADE_AGENT_REPOSITORIES: 'greeter' }, /expected names of repositories/],
])('%s is a fault', (_, env, message) => {
  expect(faults({ env: env as Readonly<Record<string, string>> }).join('\n')).toMatch(message);
});

test('decimals are numbers, in the file too', () => {
  const file = 'agent:\n  model: { price: { input: 0.15, output: 0 } }\n  budget: { money: 1e1 }\n';
  const { model, budget } = load({ file }).agent;
  expect([model.price, budget.money]).toEqual([{ input: 0.15, output: 0 }, 10]);
  expect(faults({ file: 'agent: { budget: { money: .inf } }\n' })).toEqual([
    expect.stringContaining('expected a number'),
  ]);
});
