import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AgentRig, LABELS, QUICK, QUICK_PACE, createAgentRig, labelled } from '../../../test/agent-rig.ts';
import { MONA } from '../../../test/memory-forge.ts';
import { type MemoryWorkspaces, createMemoryWorkspaces } from '../../../test/memory-workspaces.ts';
import { until } from '../../../test/release-rig.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { AgentOptions } from '../agent.ts';
import type { Agent, Job, Runner, RunnerEnd } from '../port.ts';

let rig: AgentRig;
let workspaces: MemoryWorkspaces;
beforeAll(async () => {
  rig = await createAgentRig();
  workspaces = createMemoryWorkspaces();
});
afterEach(async () => {
  await rig.reset();
  workspaces.reset();
});
afterAll(() => rig.close());

const SECRET = 'correct-horse-battery';

type Turn = (job: Job) => RunnerEnd | Promise<RunnerEnd>;

/** A runner in a checkout that does these turns, the last one again and again. */
function doing(...turns: readonly Turn[]): Runner & { readonly jobs: Job[] } {
  const jobs: Job[] = [];
  return {
    id: 'agent',
    needsCheckout: true,
    jobs,
    run: async (job) => {
      const turn = turns[Math.min(jobs.length, turns.length - 1)];
      jobs.push(job);
      if (turn === undefined) throw new Error('no turn');
      return turn(job);
    },
  };
}

const writing =
  (path: string, text: string, summary = 'Wrote it.'): Turn =>
  ({ task }) => {
    workspaces.write(task.id, path, text);
    return { kind: 'succeeded', summary };
  };
const idle: Turn = () => ({ kind: 'succeeded', summary: 'Nothing to do.' });
const failing =
  (reason: string, blame: 'agent' | 'transient' | 'permanent', detail?: string): Turn =>
  () => ({ kind: 'failed', reason, blame, ...(detail === undefined ? {} : { detail }) });
/** Works until it is told to end. */
const lasting: Turn = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve({ kind: 'interrupted' });
    signal.addEventListener('abort', () => resolve({ kind: 'interrupted' }));
  });

function start(runner: Runner, options: Partial<AgentOptions> = {}): Promise<Agent> {
  return rig.start({ runner, workspaces, secrets: () => [SECRET], ...options });
}

function settings(yaml: string): void {
  workspaces.remote.set('main', new Map([...(workspaces.remote.get('main') ?? []), ['funade.yaml', yaml]]));
}

const changes = () => [...rig.forge.subjects.values()].filter(({ kind }) => kind === 'change');
const comments = (number = 1) => rig.forge.subject(number).comments.filter(({ marker }) => marker !== null);

describe('an issue', () => {
  test('whose work changes something: a commit on a branch of its own, one draft change that closes it, done', async () => {
    const runner = doing(writing('hello.js', 'hello(1);\n', 'Said hello once.'));
    await start(runner);
    const id = await rig.hand();
    const task = await rig.ended(id);
    expect(task).toMatchObject({
      state: 'succeeded',
      reason: null,
      branch: 'funade/issue-1',
      change: { adopted: false },
    });
    expect(workspaces.pushed).toEqual([
      {
        sha: expect.any(String),
        branch: 'funade/issue-1',
        author: 'funade-bot',
        message: `Title of 1\n\nRefs #1\n\nFunade-Task: ${id}\n`,
      },
    ]);
    const [change] = changes();
    expect(change).toMatchObject({
      number: task.change?.number,
      title: 'Title of 1',
      change: { head: 'funade/issue-1', base: 'main', draft: true },
    });
    expect(change?.body).toMatch(/^Closes #1$/m);
    expect(change?.body).toContain('Said hello once.');
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
    expect(comments()).toHaveLength(1);
    expect(comments()[0]?.body).toContain(`[#${task.change?.number}](${task.change?.url})`);
    expect(runner.jobs[0]).toMatchObject({
      directory: `/memory/${id}/tree`,
      home: `/memory/${id}/home`,
      settings: { branchPrefix: 'funade/', checks: [] },
      instruction: { kind: 'work' },
      memory: null,
    });
    expect(runner.jobs[0]?.instruction.prompt).toContain('Please.');
    expect(workspaces.trees.size).toBe(0);
  });

  test('whose work changes nothing: no branch, no change, and the comment says so', async () => {
    await start(doing(idle));
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded', reason: 'no_change', change: null });
    expect([workspaces.pushed, changes()]).toEqual([[], []]);
    expect(comments()[0]?.body).toContain('nothing changed');
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
  });

  test('that Funade opened itself: the change refers to it, since a release closes it', async () => {
    await start(doing(writing('a', 'b')), { isOwnIssue: () => Promise.resolve(true) });
    await rig.ended(await rig.hand());
    expect(changes()[0]?.body).toMatch(/^Refs #1$/m);
    expect(changes()[0]?.body).not.toMatch(/closes/i);
  });

  test('with an open change from its branch: that one is brought up to date, what people wrote stays', async () => {
    rig.forge.label(1, LABELS.trigger);
    rig.forge.addChange(5, { head: 'funade/issue-1', title: 'By hand', body: 'A person wrote this.', draft: false });
    await start(doing(writing('a', 'b', 'First.'), writing('a', 'c', 'Second.')));
    const first = await rig.ended(await rig.hand());
    expect(first).toMatchObject({ state: 'succeeded', change: { number: 5, adopted: true } });
    await rig.ended(await rig.hand());
    expect(changes()).toHaveLength(1);
    expect(changes()[0]).toMatchObject({ title: 'By hand', change: { draft: false } });
    expect(changes()[0]?.body).toMatch(/^A person wrote this\.\n\n<!-- funade:task/);
    expect(changes()[0]?.body).toContain('Second.');
    expect(changes()[0]?.body).not.toContain('First.');
  });

  test('that an open change of somebody else closes: no second one, and the comment names the branch', async () => {
    rig.forge.label(1, LABELS.trigger);
    rig.forge.addChange(5, { head: 'monas-branch', body: 'Closes #1' });
    await start(doing(writing('a', 'b')));
    const task = await rig.ended(await rig.hand());
    expect(task).toMatchObject({ reason: 'branch_only', change: { number: 5, adopted: true } });
    expect(changes().map(({ body }) => body)).toEqual(['Closes #1']);
    expect(comments()[0]?.body).toContain('`funade/issue-1`');
  });

  test('of a repository without a branch to begin from fails with that reason', async () => {
    rig.forge.defaultBranch = null;
    await start(doing(idle));
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'default_branch_missing' });
    rig.forge.defaultBranch = 'main';
    workspaces.remote.clear();
    expect(await rig.ended(await rig.hand({ number: 2 }))).toMatchObject({
      state: 'failed',
      reason: 'repository_empty',
    });
  });

  test('whose branch is protected fails with that reason, and keeps its label and one comment', async () => {
    workspaces.refusal = { kind: 'refused', reason: 'branch_protected', detail: 'GH006' };
    await start(doing(writing('a', 'b')));
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'branch_protected' });
    expect(rig.forge.subject(1).labels).toEqual([LABELS.failed]);
    expect(comments()[0]?.body).toMatch(/protected.*`funade\/`/);
    expect(changes()).toEqual([]);
  });
});

/** Hands a change over, as a person who asks in Funade does. */
async function handChange(number: number): Promise<string> {
  rig.forge.subject(number).labels.push(LABELS.trigger);
  rig.forge.subject(number).labelling = { id: '1', label: LABELS.trigger, actor: MONA, at: Date.now() };
  const [decision] = await rig.admit(changeLabelled(number));
  const [id] = decision?.kind === 'queued' ? decision.taskIds : [];
  if (id === undefined) throw new Error(`not queued: ${JSON.stringify(decision)}`);
  return id;
}

function changeLabelled(number: number) {
  const arrival = labelled({ number });
  const { subject } = arrival.event as unknown as { readonly subject: object };
  return { ...arrival, event: { ...arrival.event, subject: { ...subject, kind: 'change' } } as never };
}

describe('a change', () => {
  test('of ours gets the work on its own branch', async () => {
    workspaces.remote.set('funade/issue-9', new Map([['hello.js', 'hello(9);\n']]));
    rig.forge.addChange(3, { head: 'funade/issue-9', title: 'Ours', body: 'Text.' });
    await start(doing(writing('more.js', 'more();\n')));
    const task = await rig.ended(await handChange(3));
    expect(task).toMatchObject({ state: 'succeeded', branch: 'funade/issue-9', change: { number: 3, adopted: true } });
    expect(workspaces.requests[0]).toMatchObject({ base: 'main', branch: 'funade/issue-9' });
    expect(workspaces.remote.get('funade/issue-9')?.get('hello.js')).toBe('hello(9);\n');
    expect(changes()).toHaveLength(1);
  });

  test('of a person gets a draft change of its own, to its branch', async () => {
    workspaces.remote.set('feature', new Map([['hello.js', 'feature();\n']]));
    rig.forge.addChange(3, { head: 'feature' });
    await start(doing(writing('hello.js', 'better();\n')));
    const task = await rig.ended(await handChange(3));
    expect(task).toMatchObject({ state: 'succeeded', branch: 'funade/change-3' });
    expect(changes().at(-1)).toMatchObject({ change: { head: 'funade/change-3', base: 'feature', draft: true } });
    expect(changes().at(-1)?.body).not.toMatch(/closes/i);
  });

  test('from a fork fails: nothing is pushed to other repositories', async () => {
    rig.forge.addChange(3, { head: 'feature', headRepository: 'stranger/greeter' });
    await start(doing(idle));
    expect(await rig.ended(await handChange(3))).toMatchObject({ state: 'failed', reason: 'fork_change' });
    expect(workspaces.calls).toEqual([]);
  });
});

describe('the settings of the repository', () => {
  test('name the branch, and what must pass', async () => {
    settings('agent: { branchPrefix: robots/, checks: [npm test] }\n');
    const ran: string[] = [];
    await start(doing(writing('a', 'b')), {
      runCheck: (command) => (ran.push(command), Promise.resolve({ ok: true, output: 'fine' })),
    });
    const task = await rig.ended(await rig.hand());
    expect(task).toMatchObject({ state: 'succeeded', branch: 'robots/issue-1' });
    expect(ran).toEqual(['npm test']);
    expect((await rig.agent.readLog(task.id, 0)).text).toContain('[funade] passed: npm test');
  });

  test('of a change that names a prefix which would lead elsewhere: the one of the server holds', async () => {
    workspaces.remote.set('bot/setup', new Map([['funade.yaml', 'agent: { branchPrefix: bot/ }\n']]));
    rig.forge.addChange(3, { head: 'bot/setup' });
    await start(doing(writing('a', 'b')));
    expect(await rig.ended(await handChange(3))).toMatchObject({ state: 'succeeded', branch: 'funade/change-3' });
    expect(workspaces.remote.get('bot/setup')?.has('a')).toBe(false);
  });

  test('with faults: failed at once, and the comment names the lines', async () => {
    settings('agent: { checks: 3 }\n');
    const runner = doing(idle);
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'config_invalid' });
    expect(comments()[0]?.body).toMatch(/funade\.yaml:1/);
    expect(runner.jobs).toEqual([]);
  });

  test('a check that fails goes back to the agent with its output, until it passes', async () => {
    settings('agent: { checks: [npm test] }\n');
    const outcomes = [
      { ok: false, output: `1 of 3 failed, ${SECRET}` },
      { ok: true, output: '' },
    ];
    const runner = doing(writing('a', 'b'), writing('a', 'c'));
    await start(runner, { runCheck: () => Promise.resolve(outcomes.shift() ?? { ok: true, output: '' }) });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded' });
    expect(runner.jobs.map(({ instruction }) => instruction.kind)).toEqual(['work', 'feedback']);
    expect(runner.jobs[1]?.instruction.prompt).toContain('1 of 3 failed, ***');
    expect(workspaces.remote.get('funade/issue-1')?.get('a')).toBe('c');
  });

  test('a check that fails after three rounds: failed, with the command in the comment', async () => {
    settings('agent: { checks: [npm test] }\n');
    const runner = doing(writing('a', 'b'));
    await start(runner, { runCheck: () => Promise.resolve({ ok: false, output: 'no' }) });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'checks_failed' });
    expect(runner.jobs).toHaveLength(4);
    expect(changes()).toEqual([]);
    expect(comments()[0]?.body).toContain('- `npm test`');
  });

  test('checks, and nothing to run them in: failed before any work', async () => {
    settings('agent: { checks: [npm test] }\n');
    const runner = doing(idle);
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'no_isolation' });
    expect(runner.jobs).toEqual([]);
  });

  test('a path that is not allowed goes back to the agent, and is never pushed', async () => {
    settings('agent: { allowedPaths: ["src/**", "!src/secret/**"] }\n');
    const runner = doing(writing('src/secret/@mona.js', 'x'));
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'forbidden_path' });
    expect(runner.jobs[1]?.instruction.prompt).toContain('src/secret/@mona.js');
    expect(comments()[0]?.body).toContain('- `src/secret/@mona.js`');
    expect([workspaces.pushed, changes()]).toEqual([[], []]);
  });
});

describe('what never leaves', () => {
  test.each([
    ['a secret of the server', { path: 'config.js', text: SECRET, facts: {}, reason: 'secret_in_diff' }],
    ['a submodule', { path: 'vendor', text: 'x', facts: { kind: 'submodule' }, reason: 'submodule_changed' }],
    ['a file in LFS', { path: 'big.bin', text: 'x', facts: { lfs: true }, reason: 'lfs_file' }],
    ['too much', { path: 'dump.sql', text: 'x', facts: { size: 21 * 1024 * 1024 }, reason: 'diff_too_large' }],
  ] as const)('%s', async (_, { path, text, facts, reason }) => {
    workspaces.facts.set(path, facts);
    await start(doing(writing(path, text)));
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason });
    expect(workspaces.pushed).toEqual([]);
    expect(comments()[0]?.body).not.toContain(SECRET);
  });

  test('a token that the agent prints: masked in comment, change, log, plan and detail', async () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const runner = doing(
      (job) => {
        job.report({ note: `using ${token}`, plan: [{ text: `try ${SECRET}`, done: false }] });
        job.log(`Authorization: Bearer ${token}\n${SECRET.slice(0, 9)}`);
        job.log(`${SECRET.slice(9)}\n`);
        return { kind: 'failed', reason: 'agent_error', blame: 'agent', detail: `it was ${token}` };
      },
      (job) => {
        job.report({ note: `using ${token}` });
        return writing('a', 'b', `I used ${token} and ${SECRET}.`)(job);
      },
    );
    await start(runner);
    const task = await rig.ended(await rig.hand());
    const { text } = await rig.agent.readLog(task.id, 0);
    const seen = JSON.stringify([task, text, comments(), changes()]);
    expect(seen).toContain('I used *** and ***.');
    expect(seen).toContain('using ***');
    expect(text).toBe('Authorization: Bearer ***\n***\n');
    expect(seen).not.toContain(token);
    expect(seen).not.toContain(SECRET);
  });
});

describe('a plan', () => {
  test('waits for approval; then the work begins with what was found out', async () => {
    settings('agent: { planApproval: required }\n');
    const runner = doing(
      async (job) => {
        await job.save('what I found');
        workspaces.write(job.task.id, 'scratch', 'not part of the plan');
        return { kind: 'planned', plan: '1. Mend it. @mona', items: [{ text: 'Mend it', done: false }] };
      },
      writing('a', 'b'),
    );
    const agent = await start(runner);
    const id = await rig.hand();
    const waiting = await rig.taskWhere(id, ({ state }) => state === 'awaiting_approval');
    expect(waiting).toMatchObject({ reason: 'plan_waits', planText: '1. Mend it. @mona', endedAt: null });
    expect(comments()[0]?.body).toContain('> 1. Mend it. @\u200Bmona');
    expect(comments()[0]?.body).toContain('/funade plan ok');
    expect(rig.forge.subject(1).labels).toEqual([LABELS.processing]);
    expect(changes()).toEqual([]);
    await agent.steer(id, 'approve', { actor: 'mei', reason: null });
    expect(await rig.ended(id)).toMatchObject({ state: 'succeeded', planApprovedBy: 'mei' });
    expect(runner.jobs.map(({ instruction, memory }) => [instruction.kind, memory])).toEqual([
      ['plan', null],
      ['work', 'what I found'],
    ]);
    expect(runner.jobs[1]?.instruction.prompt).toContain('1. Mend it.');
    expect(workspaces.remote.get('funade/issue-1')?.has('scratch')).toBe(false);
    expect(comments()).toHaveLength(1);
  });
});

test('what was changed while a plan was asked for is not pushed when the task is stopped', async () => {
  settings('agent: { planApproval: required }\n');
  const runner = doing((job) => {
    workspaces.write(job.task.id, 'early', 'not approved');
    return lasting(job);
  });
  const agent = await start(runner);
  const id = await rig.hand();
  await until(() => Promise.resolve(runner.jobs.length), Boolean);
  await agent.steer(id, 'stop', { actor: 'mei', reason: null });
  expect(await rig.ended(id)).toMatchObject({ state: 'stopped' });
  expect(workspaces.pushed).toEqual([]);
});

test('an agent that works instead of planning is not taken at its word', async () => {
  settings('agent: { planApproval: required }\n');
  await start(doing(writing('a', 'b')));
  expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'dead', planApprovedBy: null });
  expect(workspaces.pushed).toEqual([]);
  expect(changes()).toEqual([]);
});

test('a plan is made anew with what people say of it', async () => {
  settings('agent: { planApproval: required }\n');
  const runner = doing(
    () => Promise.resolve({ kind: 'planned', plan: 'Tear it down.', items: [] }),
    () => Promise.resolve({ kind: 'planned', plan: 'Mend it.', items: [] }),
  );
  const agent = await start(runner);
  const id = await rig.hand();
  await rig.taskWhere(id, ({ state }) => state === 'awaiting_approval');
  rig.forge.comment(1, MONA, 'Only mend the roof, please.');
  await agent.steer(id, 'resume', { actor: 'mona', reason: null });
  await rig.taskWhere(id, ({ state, planText }) => state === 'awaiting_approval' && planText === 'Mend it.');
  expect(runner.jobs.map(({ instruction }) => instruction.kind)).toEqual(['plan', 'plan']);
  const prompt = runner.jobs[1]?.instruction.prompt ?? '';
  expect(prompt).toContain('not approved');
  expect(prompt).toContain('Tear it down.');
  expect(prompt.split('Only mend the roof, please.')).toHaveLength(2);
});

describe('the budget', () => {
  const defaults = {
    runner: 'agent' as never,
    budget: { steps: 3, tokens: 1000, money: null, time: 60_000 },
    branchPrefix: 'funade/',
    planApproval: 'never',
  } as const;

  test.each([
    ['steps', { steps: 4 }, 'budget_steps'],
    ['tokens', { inputTokens: 600, outputTokens: 600 }, 'budget_tokens'],
    ['money', { money: 2 }, 'budget_money'],
  ] as const)('of %s ends the run, and keeps the work', async (_, used, reason) => {
    const runner = doing((job) => {
      workspaces.write(job.task.id, 'half', 'done');
      job.report({ used });
      return lasting(job);
    });
    await start(runner, { defaults: { ...defaults, budget: { ...defaults.budget, money: 1 } } });
    const task = await rig.ended(await rig.hand());
    expect(task).toMatchObject({ state: 'failed', reason, usage: used });
    expect(runner.jobs).toHaveLength(1);
    expect(workspaces.remote.get('funade/issue-1')?.get('half')).toBe('done');
  });

  test('of time ends a run that lasts too long', async () => {
    await start(doing(lasting), { defaults: { ...defaults, budget: { ...defaults.budget, time: 50 } } });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'budget_time' });
  });

  test('of time ends one that works without a checkout as well', async () => {
    const runner = { ...doing(lasting), needsCheckout: false };
    await start(runner, { defaults: { ...defaults, budget: { ...defaults.budget, time: 50 } } });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'budget_time' });
  });

  test('is one for all attempts', async () => {
    const runner = doing((job) => {
      job.report({ used: { steps: 2 } });
      return { kind: 'failed', reason: 'model_nonsense', blame: 'agent' };
    });
    await start(runner, { defaults });
    expect(await rig.ended(await rig.hand())).toMatchObject({ reason: 'budget_steps', usage: { steps: 4 } });
    expect(runner.jobs).toHaveLength(2);
  });
});

describe('what becomes of an attempt', () => {
  test('that failed: the next one begins anew, without memory', async () => {
    const runner = doing(
      async (job) => {
        workspaces.write(job.task.id, 'wrong', 'way');
        await job.save('a wrong idea');
        return { kind: 'failed', reason: 'model_nonsense', blame: 'agent' };
      },
      writing('right', 'way'),
    );
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded' });
    expect(runner.jobs[1]).toMatchObject({ memory: null, instruction: { kind: 'work' } });
    expect(workspaces.remote.get('funade/issue-1')?.has('wrong')).toBe(false);
  });

  test('that met trouble with the model: the next one goes on where it was', async () => {
    const runner = doing(
      async (job) => {
        workspaces.write(job.task.id, 'half', 'way');
        await job.save('so far');
        return { kind: 'failed', reason: 'model_unreachable', blame: 'transient' };
      },
      writing('rest', 'of it'),
    );
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded' });
    expect(runner.jobs[1]).toMatchObject({ memory: 'so far', instruction: { kind: 'resume' } });
    expect([...(workspaces.remote.get('funade/issue-1')?.keys() ?? [])]).toEqual(['hello.js', 'half', 'rest']);
  });

  test('that was interrupted where the repository names its branches: what was not pushed yet is still there', async () => {
    settings('agent: { branchPrefix: robots/ }\n');
    const runner = doing(
      async (job) => {
        workspaces.write(job.task.id, 'half', 'way');
        await job.save('so far');
        return { kind: 'failed', reason: 'model_unreachable', blame: 'transient' };
      },
      writing('rest', 'of it'),
    );
    await start(runner);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded', branch: 'robots/issue-1' });
    expect([...(workspaces.remote.get('robots/issue-1')?.keys() ?? [])]).toEqual([
      'hello.js',
      'funade.yaml',
      'half',
      'rest',
    ]);
  });

  test('in which git could not be reached: no attempt is counted', async () => {
    let times = 0;
    workspaces.around = (verb, when) => {
      if (verb === 'prepare' && when === 'before' && (times += 1) <= 3)
        throw new FunadeError('FUN_GIT_UNREACHABLE', { source: 'x', reason: 'reset' });
    };
    await start(doing(writing('a', 'b')));
    const task = await rig.ended(await rig.hand());
    expect(task).toMatchObject({ state: 'succeeded', attempts: [{ number: 1, outcome: 'succeeded' }] });
  });

  test('that is tried again later: the comment says so and why, however short after its last edit', async () => {
    workspaces.around = async (verb) => {
      if (verb !== 'prepare') return;
      await until(() => Promise.resolve(comments().length), Boolean);
      throw new FunadeError('FUN_GIT_UNREACHABLE', { source: 'x', reason: 'reset' });
    };
    const later = { ...QUICK, trouble: { ...QUICK.trouble, first: 3_600_000, longest: 3_600_000 } };
    await start(doing(idle), { backoff: later, pace: { ...QUICK_PACE, comment: 3_600_000 } });
    await rig.hand();
    const told = await until(
      () => Promise.resolve(comments()[0]?.body ?? ''),
      (body) => body.includes('Waiting'),
    );
    expect(told).toContain('could not exchange commits');
  });

  test('whose agent stops although nobody told it to: it has failed, with or without a checkout', async () => {
    const stopping = doing(() => ({ kind: 'interrupted' }));
    await start(stopping);
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'dead' });
    await rig.reset();
    await start({ ...stopping, needsCheckout: false });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'dead' });
    expect(stopping.jobs).toHaveLength(6);
  });

  test('of a refused key ends at once, with the fix', async () => {
    await start(doing(failing('model_key_refused', 'permanent', '401')));
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'model_key_refused' });
    expect(comments()[0]?.body).toContain('agent.model.key');
  });
});

describe('steered by people', () => {
  test('stopped: the work is kept on its branch, the label says so, nothing is proposed', async () => {
    const runner = doing((job) => {
      workspaces.write(job.task.id, 'half', 'done');
      return lasting(job);
    });
    const agent = await start(runner);
    const id = await rig.hand();
    await until(() => Promise.resolve(runner.jobs.length), Boolean);
    await agent.steer(id, 'stop', { actor: 'mei', reason: 'not needed' });
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped', reason: 'stopped_by_person', steeredBy: 'mei' });
    expect(rig.forge.subject(1).labels).toEqual([LABELS.stopped]);
    expect(workspaces.remote.get('funade/issue-1')?.get('half')).toBe('done');
    expect(changes()).toEqual([]);
    expect(comments()[0]?.body).toMatch(/Stopped\.\*\*.*\(mei: not needed\)/);
  });

  test('paused, commented, resumed: same branch, same comment, and the comment is handed over once', async () => {
    const runner = doing(
      async (job) => {
        workspaces.write(job.task.id, 'half', 'done');
        await job.save('so far');
        return lasting(job);
      },
      writing('rest', 'of it'),
    );
    const agent = await start(runner);
    const id = await rig.hand();
    await until(() => Promise.resolve(runner.jobs.length), Boolean);
    await agent.steer(id, 'pause', { actor: 'mei', reason: null });
    await rig.taskWhere(id, ({ state }) => state === 'paused');
    expect(rig.forge.subject(1).labels).toEqual([LABELS.paused]);
    rig.forge.comment(1, MONA, 'Please say hello twice.');
    await agent.steer(id, 'resume', { actor: 'mei', reason: null });
    expect(await rig.ended(id)).toMatchObject({ state: 'succeeded', branch: 'funade/issue-1' });
    expect(runner.jobs[1]).toMatchObject({ memory: 'so far', instruction: { kind: 'resume' } });
    const told = runner.jobs.filter(({ instruction }) =>
      instruction.prompt.includes('Meanwhile people of the project'),
    );
    expect(told.map(({ instruction }) => instruction.prompt.includes('hello twice'))).toEqual([true]);
    expect(comments()).toHaveLength(1);
    expect(changes()).toHaveLength(1);
  });
});

describe('the progress comment', () => {
  test('of five hundred steps is one, edited now and then, and says the last of them', async () => {
    await start(
      doing(async (job) => {
        for (let step = 1; step <= 500; step += 1) job.report({ note: `step ${step}`, used: { steps: 1 } });
        await until(
          () => Promise.resolve(comments()[0]?.body ?? ''),
          (body) => body.includes('step 500'),
        );
        return { kind: 'succeeded', summary: 'Counted.' };
      }),
      {
        defaults: {
          runner: 'agent' as never,
          budget: { steps: 900, tokens: 1, money: null, time: 60_000 },
          branchPrefix: 'funade/',
          planApproval: 'never',
        },
      },
    );
    await rig.ended(await rig.hand());
    expect(comments()).toHaveLength(1);
    expect(rig.forge.calls.filter((verb) => verb === 'upsertComment').length).toBeLessThan(12);
    expect(comments()[0]?.body).toContain('500 steps');
  });

  test('that a person deletes comes back once, and not a second time', async () => {
    const deleted: number[] = [];
    await start(
      doing(async (job) => {
        for (const turn of [1, 2]) {
          job.report({ note: `turn ${turn}` });
          const shown = await until(
            () => Promise.resolve(comments()[0]),
            (comment) => comment?.body.includes(`turn ${turn}`) === true,
          );
          rig.forge.deleteComment(1, shown?.id ?? '');
          deleted.push(turn);
        }
        return { kind: 'succeeded', summary: 'Done.' };
      }),
    );
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded' });
    expect(deleted).toEqual([1, 2]);
    expect(comments()).toEqual([]);
  });
});
