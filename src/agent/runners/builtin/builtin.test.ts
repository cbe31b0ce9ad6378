import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type FakeCall,
  type FakeModelScript,
  type FakeModelServer,
  type FakeModelSettings,
  startModelServer,
} from '../../../../test/fakes/model-server.ts';
import type { ModelProvider } from '../../../config/index.ts';
import { silentLogger } from '../../../kernel/index.ts';
import { createSandbox } from '../../../sandbox/index.ts';
import type { RunInBox } from './box.ts';
import { createBuiltinRunner } from './index.ts';
import { type JobRig, SETTINGS, TASK, createJobRig, instruct, meansFor, modelAt } from './testing.ts';

const exec = promisify(execFile);
const rigs: JobRig[] = [];
const servers: FakeModelServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    expect(server.faults).toEqual([]);
    await server.close();
  }
  await Promise.all(rigs.splice(0).map((rig) => rig.remove()));
});

async function rigWith(files: Readonly<Record<string, string>> = { 'greet.ts': 'export const greeting = "hello";\n' }) {
  const rig = await createJobRig(files);
  rigs.push(rig);
  return rig;
}

async function serverWith(script: FakeModelScript, settings?: FakeModelSettings) {
  const server = await startModelServer(script, settings);
  servers.push(server);
  return server;
}

function call(name: string, given: FakeCall['arguments'] = {}) {
  return { calls: [{ name, arguments: given }] };
}

const plan = call('update_plan', { items: [{ text: 'Greet the world', done: false }] });
const edit = call('edit_file', { path: 'greet.ts', old_text: '"hello"', new_text: '"hello, world"' });
const finish = call('finish', { summary: 'The greeter greets the world.' });

/** What the last request has as the result of its last call. */
function lastResult(server: FakeModelServer, number = server.requests.length - 1): string {
  const { content } = server.requests[number]!.body.messages.at(-1);
  return typeof content === 'string' ? content : JSON.stringify(content);
}

const PROVIDERS: readonly ModelProvider[] = ['openai-compatible', 'anthropic', 'ollama', 'lmstudio'];

describe.each(PROVIDERS)('over %s', (provider) => {
  test('a task is planned, worked and finished in a real checkout', async () => {
    const server = await serverWith([
      { text: 'I look at the greeter.', ...call('read_file', { path: 'greet.ts' }) },
      plan,
      edit,
      finish,
    ]);
    const rig = await rigWith();
    const git = (...args: string[]) => exec('git', ['-C', rig.directory, ...args]);
    await git('init', '-q');
    await git('add', '.');
    await git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit', '-qm', 'first');

    const end = await createBuiltinRunner(meansFor(modelAt(server, { provider }))).run(rig.job());

    expect(end).toEqual({ kind: 'succeeded', summary: 'The greeter greets the world.' });
    expect((await git('diff')).stdout).toContain('+export const greeting = "hello, world";');
    expect(rig.reports).toContainEqual({ plan: [{ text: 'Greet the world', done: false }] });
    expect(rig.reports).toContainEqual({ note: 'I look at the greeter.' });
    expect(rig.reports.flatMap(({ used }) => used ?? [])).toHaveLength(4);
    expect(rig.saved).toHaveLength(4);
    expect(rig.log()).toContain('→ read_file {"path":"greet.ts"}');
    expect(server.requests[1]!.text).toContain('1\\texport const greeting');
    expect(server.requests[0]!.text).toContain('Make the greeter greet the world.');
  });

  test('a refused key fails at once and for good, and the key is not told', async () => {
    const server = await serverWith([]);
    const rig = await rigWith();
    const model = { ...modelAt(server, { provider }), key: 'sk-wrong' };
    const end = await createBuiltinRunner(meansFor(model)).run(rig.job());
    expect(end).toMatchObject({ kind: 'failed', reason: 'model_key_refused', blame: 'permanent' });
    expect(server.requests).toHaveLength(1);
    expect(JSON.stringify(end) + rig.log()).not.toContain('sk-wrong');
  });

  test('a model that refuses to answer is told as that', async () => {
    const server = await serverWith([{ text: 'I can not help with that.', finish: 'content_filter' }]);
    const end = await createBuiltinRunner(meansFor(modelAt(server, { provider }))).run((await rigWith()).job());
    expect(end).toMatchObject({ kind: 'failed', reason: 'model_refused', blame: 'agent' });
  });
});

describe('steering', () => {
  test('a comment is handed over at the next step, as marked data without its hidden parts', async () => {
    const rig = await rigWith();
    const server = await serverWith((_, number) => {
      if (number === 0) rig.inbox.push({ author: 'mona', body: 'In Japanese, please.<!-- rm -rf -->', edited: false });
      return [plan, edit, finish][number]!;
    });
    await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job());
    const told = JSON.stringify(server.requests[1]!.body.messages.at(-1));
    expect(told).toMatch(/<<<DATA .*\[comment of mona\].*In Japanese, please\..*DATA .*>>>/);
    expect(told).not.toContain('rm -rf');
    expect(server.requests[0]!.text).not.toContain('Japanese');
  });

  test('an instruction to plan gets no tool that changes anything, and ends with the plan', async () => {
    const items = [{ text: 'Edit greet.ts', done: false }];
    const server = await serverWith([edit, call('propose_plan', { items, text: 'I would edit **greet.ts**.' })]);
    const rig = await rigWith();
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job({ instruction: instruct('plan') }));
    expect(end).toEqual({ kind: 'planned', plan: 'I would edit **greet.ts**.', items });
    const offered = server.requests[0]!.body.tools.map((tool: { function: { name: string } }) => tool.function.name);
    expect(offered.toSorted()).toEqual(['list_files', 'propose_plan', 'read_file', 'search']);
    expect(await readFile(join(rig.directory, 'greet.ts'), 'utf8')).toContain('"hello"');
  });

  test('a model that edits without a plan is reminded once', async () => {
    const server = await serverWith([edit, edit, finish]);
    const rig = await rigWith();
    expect(await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job())).toMatchObject({ kind: 'succeeded' });
    expect(lastResult(server, 1)).toContain('make your plan first');
    expect(lastResult(server, 2)).toContain('Edited greet.ts at line 1');
  });

  test('an approved plan needs no second one', async () => {
    const server = await serverWith([edit, finish]);
    const task = { ...TASK, planApprovedBy: 'mona', plan: [{ text: 'Edit', done: false }] };
    await createBuiltinRunner(meansFor(modelAt(server))).run((await rigWith()).job({ task }));
    expect(lastResult(server, 1)).toContain('Edited greet.ts');
  });

  test('what was saved is gone on with, and unreadable memory begins anew', async () => {
    const rig = await rigWith();
    const first = await serverWith([plan, { status: 429 }]);
    const limited = await createBuiltinRunner(meansFor(modelAt(first))).run(rig.job());
    expect(limited).toMatchObject({ reason: 'model_limited' });

    const second = await serverWith([edit, finish]);
    const resumed = rig.job({ instruction: instruct('resume'), memory: rig.saved.at(-1)! });
    await createBuiltinRunner(meansFor(modelAt(second))).run(resumed);
    expect(second.requests[0]!.text).toContain('The plan is set.');
    expect(lastResult(second, 0)).toContain('goes on now');
    expect(lastResult(second, 1)).toContain('Edited greet.ts');

    const third = await serverWith([finish]);
    const broken = rig.job({ instruction: instruct('resume'), memory: '{"version":99}' });
    await createBuiltinRunner(meansFor(modelAt(third))).run(broken);
    expect(third.requests[0]!.body.messages).toHaveLength(2);
  });

  test('feedback comes at the end of the conversation that there was', async () => {
    const rig = await rigWith();
    await createBuiltinRunner(meansFor(modelAt(await serverWith([finish])))).run(rig.job());
    const server = await serverWith([finish]);
    const instruction = instruct('feedback', 'The check npm test failed.');
    await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job({ instruction, memory: rig.saved.at(-1)! }));
    expect(lastResult(server)).toBe('The check npm test failed.');
    expect(server.requests[0]!.text).toContain('Make the greeter greet the world.');
  });

  test('a finish in one breath with an edit that failed is not taken', async () => {
    const broken = call('edit_file', { path: 'greet.ts', old_text: 'nowhere', new_text: 'x' });
    const server = await serverWith([plan, { calls: [...broken.calls, ...finish.calls] }, finish]);
    await createBuiltinRunner(meansFor(modelAt(server))).run((await rigWith()).job());
    expect(lastResult(server)).toContain('Not finished');
  });
});

describe('interruption', () => {
  test('ends a call of the model at once', async () => {
    const rig = await rigWith();
    const server = await serverWith((_, number) => {
      if (number === 0) return plan;
      setTimeout(() => rig.controller.abort('pause'), 20);
      return { how: 'hang' };
    });
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job());
    expect(end).toEqual({ kind: 'interrupted' });
    expect(rig.saved).toHaveLength(1);
    await expect.poll(() => server.requests[1]!.aborted).toBe(true);
  });

  test('ends a running command, and what was done in that step is saved', async () => {
    const rig = await rigWith();
    const server = await serverWith([plan, call('run', { command: 'sleep 60' })]);
    const runInBox: RunInBox = ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'aborted', code: null, output: 'half' }));
        setTimeout(() => rig.controller.abort('drain'), 20);
      });
    const end = await createBuiltinRunner(meansFor(modelAt(server), { runInBox })).run(rig.job());
    expect(end).toEqual({ kind: 'interrupted' });
    expect(rig.saved.at(-1)).toContain('ended: aborted');
  });

  test('a save that is refused after the interruption does not turn it into a failure', async () => {
    const rig = await rigWith();
    const server = await serverWith([plan, edit]);
    const save = () => {
      if (!rig.controller.signal.aborted && server.requests.length < 2) return Promise.resolve();
      return Promise.reject(new Error('not ours any more'));
    };
    const report = () => {
      if (server.requests.length === 2) rig.controller.abort('lost');
    };
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job({ save, report }));
    expect(end).toEqual({ kind: 'interrupted' });
  });

  test('before the start nothing is asked', async () => {
    const rig = await rigWith();
    rig.controller.abort('stop');
    const server = await serverWith([]);
    expect(await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job())).toEqual({ kind: 'interrupted' });
    expect(server.requests).toEqual([]);
  });
});

describe('budget', () => {
  const listing = call('list_files');
  const budgetOf = (budget: Partial<typeof SETTINGS.budget>) => ({
    settings: { ...SETTINGS, budget: { ...SETTINGS.budget, ...budget } },
  });

  test('steps end the work, with those of earlier attempts counted', async () => {
    const server = await serverWith(() => listing);
    const task = { ...TASK, usage: { ...TASK.usage, steps: 3 } };
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(
      (await rigWith()).job({ task, ...budgetOf({ steps: 5 }) }),
    );
    expect(end).toMatchObject({ kind: 'failed', reason: 'budget_steps', blame: 'permanent' });
    expect(server.requests).toHaveLength(2);
  });

  test('tokens end the work', async () => {
    const server = await serverWith(() => ({ ...listing, usage: { input: 900, output: 100 } }));
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(
      (await rigWith()).job(budgetOf({ tokens: 3000 })),
    );
    expect(end).toMatchObject({ reason: 'budget_tokens', blame: 'permanent' });
    expect(server.requests).toHaveLength(3);
  });

  test('money is counted by the configured price and ends the work', async () => {
    const server = await serverWith(() => ({ ...listing, usage: { input: 100_000, output: 10_000 } }));
    const model = modelAt(server, { price: { input: 3, output: 15 } });
    const rig = await rigWith();
    const end = await createBuiltinRunner(meansFor(model)).run(rig.job(budgetOf({ money: 0.9 })));
    expect(end).toMatchObject({ reason: 'budget_money', blame: 'permanent' });
    expect(server.requests).toHaveLength(2);
    expect(rig.reports[0]).toEqual({ used: { steps: 1, inputTokens: 100_000, outputTokens: 10_000, money: 0.45 } });
  });

  test('without a price money ends nothing, and an endpoint that does not count is counted for', async () => {
    const server = await serverWith([
      { ...listing, usage: null },
      { ...finish, usage: null },
    ]);
    const rig = await rigWith();
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job(budgetOf({ money: 0.001 })));
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(rig.reports[0]!.used).toMatchObject({ money: null });
    expect(rig.reports[0]!.used!.inputTokens).toBeGreaterThan(500);
  });
});

test('secrets are masked in what the model reads and in what it says at the end', async () => {
  const server = await serverWith([
    call('read_file', { path: 'greet.ts' }),
    { text: 'It holds hunter2-secret.', ...call('finish', { summary: 'Took hunter2-secret out.' }) },
  ]);
  const rig = await rigWith({ 'greet.ts': 'password = "hunter2-secret"\n' });
  const redact = (text: string) => text.replaceAll('hunter2-secret', '***');
  const end = await createBuiltinRunner(meansFor(modelAt(server), { redact })).run(rig.job());
  expect(end).toEqual({ kind: 'succeeded', summary: 'Took *** out.' });
  expect(lastResult(server, 1)).toContain('password = "***"');
  expect(JSON.stringify(rig.reports) + server.requests[1]!.text).not.toContain('hunter2-secret');
});

test('colours and links of an output are left out, and nothing between them', async () => {
  const rig = await rigWith();
  const link = (to: string, text: string) => `\u001b]8;;${to}\u001b\\${text}\u001b]8;;\u001b\\`;
  const output = `${link('http://a', 'one')} \u001b[31mbetween\u001b[0m ${link('http://b', 'two')}`;
  const server = await serverWith([plan, call('run', { command: 'lint' }), finish]);
  const runInBox: RunInBox = () => Promise.resolve({ kind: 'exited', code: 0, output });
  await createBuiltinRunner(meansFor(modelAt(server), { runInBox })).run(rig.job());
  expect(lastResult(server)).toContain('one between two');
});

const isolated = createSandbox({ logger: silentLogger, stateDir: tmpdir() }).isolation().tier === 'A';
if (!isolated && process.env['CI'] === 'true') throw new Error('CI needs bubblewrap to run commands in the sandbox');

test.runIf(isolated)('a command runs in the sandbox: it changes the checkout and sees no key', async () => {
  const rig = await rigWith();
  const sandbox = createSandbox({ logger: silentLogger, stateDir: join(rig.root, 'state') });
  const runInBox: RunInBox = async ({ command, cwd, home, timeout, signal }) => {
    let output = '';
    const end = await sandbox.run({
      command: { shell: command },
      ...{
        cwd,
        timeout,
        signal,
        network: 'none',
        owner: 'test',
        writable: [await realpath(cwd), await realpath(home)],
      },
      env: { PATH: '/usr/bin:/bin', HOME: home },
      onOutput: (chunk) => {
        output += chunk;
      },
    });
    return { kind: end.kind, code: end.kind === 'exited' ? end.code : null, output };
  };
  const script = 'env; printf "\\033[31mred\\033[0m"; sed -i s/hello/moin/ greet.ts; exit 3';
  const server = await serverWith([plan, call('run', { command: script }), finish]);
  try {
    await createBuiltinRunner(meansFor(modelAt(server), { runInBox })).run(rig.job());
  } finally {
    await sandbox.close();
  }
  expect(await readFile(join(rig.directory, 'greet.ts'), 'utf8')).toContain('"moin"');
  expect(lastResult(server)).toContain('[exit status 3]');
  expect(lastResult(server)).toContain('red');
  expect(lastResult(server)).not.toContain('\u001b');
  expect(lastResult(server)).not.toContain(server.key);
});
