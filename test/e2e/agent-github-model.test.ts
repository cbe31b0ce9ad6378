import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcesses, SEVERAL_MINUTES, commentOf, createAgentProcesses, poll } from '../agent-processes.ts';
import {
  type FakeModelAnswer,
  type FakeModelRequest,
  type FakeModelServer,
  startModelServer,
} from '../fakes/model-server.ts';

const WRITE = { write: ['greet.txt', 'hello\n'] };
const BUILTIN = {
  'README.md': '# Greeter\n',
  'funade.yaml': 'agent:\n  runner: builtin\n',
  'AGENTS.md': 'Write in lower case.\n',
};

let model: FakeModelServer;
let processes: AgentProcesses;

/** By what stands in the request, since several agents ask at the same time. */
function answer({ text, body }: FakeModelRequest): FakeModelAnswer {
  if (text.includes('refuse the key')) return { status: 401, message: 'Incorrect API key provided' };
  if (text.includes('drop the line')) return { how: 'drop' };
  if (text.includes('unknown tools')) return { calls: [{ name: 'launch_rocket', arguments: {} }] };
  if (!text.includes('octo/builtin')) return { text: 'forty-two', usage: { input: 1200, output: 34 } };
  const turns = body.messages.filter(({ role }: { readonly role: string }) => role === 'assistant').length;
  const usage = { input: 1000, output: 100 };
  const turn: readonly FakeModelAnswer[] = [
    { calls: [{ name: 'read_file', arguments: { path: 'README.md' } }], usage },
    { calls: [{ name: 'update_plan', arguments: { items: [{ text: 'Greet', done: false }] } }], usage },
    { calls: [{ name: 'write_file', arguments: { path: 'greet.txt', content: 'hello\n' } }], usage },
    { calls: [{ name: 'run', arguments: { command: 'cat greet.txt; env' } }], usage },
    { calls: [{ name: 'finish', arguments: { summary: 'It greets in **lower case**.' } }], usage },
  ];
  return turn[turns] ?? { status: 500, message: 'the script has ended' };
}

beforeAll(async () => {
  model = await startModelServer(answer);
  processes = await createAgentProcesses({
    FUNADE_AGENT_MODEL_URL: model.url,
    FUNADE_AGENT_MODEL_NAME: model.model,
    FUNADE_AGENT_MODEL_KEY: model.key,
  });
  await processes.start('all');
}, SEVERAL_MINUTES);
afterAll(async () => {
  await processes.stop();
  await model.close();
}, SEVERAL_MINUTES);

describe.concurrent('a command-line agent', { timeout: SEVERAL_MINUTES }, () => {
  test('asks the model through the proxy, which adds the key; the agent never sees it, and what it used is told', async () => {
    const { issue } = processes.repository('octo/asks');
    const half = [model.key.slice(0, 12), model.key.slice(12)];
    const spy = { read: [], write: [], connectTo: [['127.0.0.1', Number(new URL(model.url).port)]], words: [half] };
    const subject = issue({ work: [{ spy }, { ask: 'what is it?' }, WRITE] });
    await processes.until(subject, 'succeeded');
    const log = await processes.log(subject);
    expect(log).toContain('ANSWER 200');
    expect(log).toContain('forty-two');
    const told = JSON.parse(
      log
        .split('\n')
        .find((line) => line.startsWith('SPY '))
        ?.slice(4) ?? '{}',
    ) as Told;
    expect(told.reached).toEqual(['refused']);
    expect(told.found).toEqual([]);
    expect(JSON.stringify(told.environment)).not.toContain(model.key);
    expect(commentOf(subject).body).toContain('1 steps · 1.2k tokens');
  });

  test('whose key is refused fails at once, for that reason', async () => {
    const { issue } = processes.repository('octo/refused');
    const subject = issue({ work: [{ ask: 'refuse the key' }] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'model_key_refused', attempts: 1 });
    const { body } = commentOf(subject);
    expect(body).toContain('refused the key');
    expect(body).not.toContain(model.key);
    expect(subject.labels).toEqual(['coding agent failed']);
  });

  test('that does not reach the model waits, without counting that as a failure', async () => {
    const { issue } = processes.repository('octo/unreachable');
    const subject = issue({ work: [{ ask: 'drop the line' }] });
    await poll(
      async () => (await processes.task(subject))?.reason === 'model_unreachable',
      async () => `it is ${JSON.stringify(await processes.task(subject))}`,
    );
    expect(await processes.task(subject)).toMatchObject({ state: 'queued', failures: 0 });
    expect(subject.labels).toEqual(['coding agent processing']);
    processes.github.comment(subject, '/funade stop', 'mona');
    await processes.until(subject, 'stopped');
  });
});

interface Told {
  readonly environment: Readonly<Record<string, string>>;
  readonly reached: readonly string[];
  readonly found: readonly unknown[];
}

describe.concurrent('the agent that comes with Funade', { timeout: SEVERAL_MINUTES }, () => {
  test('reads, writes, runs and finishes; its work becomes a pull request', async () => {
    const { git, issue, changes } = processes.repository('octo/builtin', BUILTIN);
    const subject = issue({});
    await processes.until(subject, 'succeeded');
    expect(git.read('funade/issue-1', 'greet.txt')).toBe('hello\n');
    expect(changes()[0]?.body).toContain('It greets in **lower case**.');
    expect(commentOf(subject).body).toContain('5 steps · 5.5k tokens');
    const asked = model.requests.filter(({ text }) => text.includes('octo/builtin'));
    expect(asked).toHaveLength(5);
    expect(asked[0]?.text).toContain('Write in lower case.');
    expect(asked[4]?.text).toContain('exit status 0');
    expect(commentOf(subject).body).toContain('- [ ] Greet');
    expect(asked[4]?.text).not.toContain(model.key);
    expect(asked[4]?.text).not.toContain(processes.github.token);
  });

  test('whose model calls unknown tools only fails for that reason', async () => {
    const { issue } = processes.repository('octo/nonsense', BUILTIN);
    const subject = issue({}, { title: 'Call unknown tools' });
    await poll(
      async () =>
        ((await processes.task(subject))?.failures ?? 0) > 0 || (await processes.task(subject))?.state === 'failed',
      async () => `it is ${JSON.stringify(await processes.task(subject))}`,
    );
    expect((await processes.task(subject))?.reason).toBe('model_nonsense');
  });

  test('whose key is refused fails at once, for that reason', async () => {
    const { issue } = processes.repository('octo/locked', BUILTIN);
    const subject = issue({}, { title: 'Please refuse the key' });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'model_key_refused', attempts: 1 });
  });
});

test('nothing that was sent to forge and model was wrong, and all that was pushed is ours, below the prefix and not forced', () => {
  processes.check();
  expect(model.faults).toEqual([]);
});
