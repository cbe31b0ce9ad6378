import { expect, test } from 'vitest';
import { describeServerConfig, loadServerConfig } from '../index.ts';

const loaded = (servers: string, env: Readonly<Record<string, string>> = {}) =>
  loadServerConfig({
    flags: {},
    env,
    readFile: (path) => (path === 'funade.config.yaml' ? `agent:\n  mcp:${servers}\n` : undefined),
  });

function load(servers: string, env?: Readonly<Record<string, string>>) {
  const result = loaded(servers, env);
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 2));
  return result.value;
}

function faults(servers: string): readonly string[] {
  const result = loaded(servers);
  return result.ok ? [] : result.error.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('variables expand in every value, and notes are left out', () => {
  const servers = `
    files: { command: ["\${BIN}", --root, "$\${HOME}", ""], environment: { TOKEN: "\${KEY}", EMPTY: "" }, x-why: mine }
    search: { url: "https://\${HOST}/mcp?key=\${KEY}", headers: { X-Key: "\${KEY}" } }
    x-later: { url: nothing }`;
  expect(load(servers, { BIN: 'files-mcp', KEY: 'hunter2', HOST: 'mcp.example' }).agent.mcp).toEqual([
    {
      kind: 'stdio',
      name: 'files',
      command: ['files-mcp', '--root', '${HOME}', ''],
      environment: { TOKEN: 'hunter2', EMPTY: '' },
    },
    { kind: 'http', name: 'search', url: 'https://mcp.example/mcp?key=hunter2', headers: { 'X-Key': 'hunter2' } },
  ]);
});

test('what is shown of servers are names, programs and hosts', () => {
  const servers = `
    a: { command: [npx, --key, hunter2], environment: { TOKEN: hunter2 } }
    b: { command: [local-mcp] }
    c: { url: "https://mcp.example/s/hunter2?key=hunter2", headers: { Authorization: hunter2 } }
    d: { url: "http://127.0.0.1:9000" }`;
  const row = describeServerConfig(load(servers), 'en').find(({ key }) => key === 'agent.mcp');
  expect(row).toEqual({
    key: 'agent.mcp',
    value: 'a: npx …, b: local-mcp, c: https://mcp.example/…, d: http://127.0.0.1:9000',
    origin: 'funade.config.yaml:3',
  });
});

test('no server is the default, and an empty section too', () => {
  expect([load('').agent.mcp, load(' {}').agent.mcp]).toEqual([[], []]);
});

const FORM = 'an MCP server is started by `command` or reached at `url`.';

test.each([
  ['a list of servers', ' [npx]', ['2:8 agent.mcp is a list, expected a section.']],
  ['a server that is only a command', ' { a: npx }', ['2:13 agent.mcp.a is ***, expected a section.']],
  [
    'a server that says nothing',
    ' { a: , b: {} }',
    [`2:10 agent.mcp.a has nothing: ${FORM}`, `2:15 agent.mcp.b has nothing: ${FORM}`],
  ],
  ['both kinds at once', ' { a: { command: [x], url: http://h } }', [`2:10 agent.mcp.a has command + url: ${FORM}`]],
  [
    'a name that tools could not carry',
    ' { My Server: { command: [x] } }',
    ['2:10 agent.mcp is "My Server", expected a name of a–z, 0–9 and -, starting with a letter, at most 39 long.'],
  ],
  ['a misspelt key, told once', ' { a: { comand: [x] } }', ['2:15 Unknown key "comand" in agent.mcp.a.']],
  [
    'a command as text',
    ' { a: { command: npx x } }',
    ['2:24 agent.mcp.a.command is ***, expected a list of program and arguments.'],
  ],
  [
    'an empty command',
    ' { a: { command: [] } }',
    ['2:24 agent.mcp.a.command is a list, expected a list of program and arguments.'],
  ],
  ['a number among arguments', ' { a: { command: [x, 1] } }', ['2:28 agent.mcp.a.command[1] is ***, expected text.']],
  [
    'an address that is none',
    ' { a: { url: ftp://u:hunter2@h } }',
    ['2:20 agent.mcp.a.url is ***, expected an http or https address without user or fragment.'],
  ],
  [
    'an address with a password',
    ' { a: { url: "https://u:hunter2@h" } }',
    ['2:20 agent.mcp.a.url is ***, expected an http or https address without user or fragment.'],
  ],
  [
    'keys of the other kind',
    ' { a: { command: [x], headers: { A: b } }, b: { url: "http://h", environment: { A: b } } }',
    [
      '2:29 agent.mcp.a.headers has no effect without `url`.',
      '2:72 agent.mcp.b.environment has no effect without `command`.',
    ],
  ],
  [
    'a variable that no shell accepts',
    ' { a: { command: [x], environment: { a-b: c } } }',
    ['2:44 Variable a-b has a name that no shell accepts.'],
  ],
  [
    'a header that is none',
    ' { a: { url: "http://h", headers: { "X Y": c } } }',
    ['2:43 agent.mcp.a.headers is "X Y", expected a name without spaces.'],
  ],
  [
    'a header of two lines',
    ' { a: { url: "http://h", headers: { X: "a\\nb" } } }',
    ['2:46 agent.mcp.a.headers.X is ***, expected text.'],
  ],
  [
    'variables that are not set, all of them',
    ' { a: { command: [x, "${ONE}"], environment: { A: "${TWO:-hunter2}" } } }',
    [
      '2:28 agent.mcp.a.command[1] needs the environment variable ONE, which is not set.',
      '2:57 agent.mcp.a.environment.A contains a reference that is not one: ${TWO…}.',
    ],
  ],
])('%s is told with its place, and no value', (_, servers, expected) => {
  expect(faults(servers)).toEqual(expected);
  expect(faults(servers).join()).not.toContain('hunter2');
});
