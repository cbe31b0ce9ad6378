import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { KEY, SECRET, tiersHere, useAgents } from './testing.ts';

const tiers = tiersHere(process.env['CI'] === 'true');
const boxed = tiers.filter((tier) => tier !== 'C');
const rig = useAgents();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Trouble {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A provider on the loopback of the host; answers with what `answer` says. */
async function provider(answer: (response: ServerResponse, asked: Asked) => void) {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const each = { url: request.url, authorization: request.headers.authorization, body };
      asked.push(each);
      answer(response, each);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, asked, url: `http://127.0.0.1:${port}/v1` };
}

/** Processes of this machine whose command line or environment has the word. */
function processesWith(word: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    return ['cmdline', 'environ'].some((file) => {
      try {
        return readFileSync(`/proc/${name}/${file}`, 'utf8').includes(word);
      } catch {
        return false;
      }
    });
  });
}

describe.each(tiers)('in tier %s', (tier) => {
  test('an agent that edits a file succeeds, with its summary and its progress', async () => {
    const place = await rig.makeTask();
    const prompt = `Do it.\n${JSON.stringify({ file: 'greeting.txt', content: 'héllo', summary: '## Done\n\nIt greets.' })}\n`;
    const { end, log, reports } = await rig.run(tier, { agent: 'edit', prompt }, place);
    expect(end).toEqual({ kind: 'succeeded', summary: '## Done\n\nIt greets.' });
    expect(await readFile(join(place.directory, 'greeting.txt'), 'utf8')).toBe('héllo');
    expect(log).toContain('wrote');
    const said = Object.assign({}, ...reports) as object;
    expect(said).toEqual({
      plan: [
        { text: 'Look around', done: true },
        { text: 'Write greeting.txt', done: false },
      ],
      note: 'wrote it',
    });
  });

  test('without a summary of its own, the end of what it said is taken, without its reports', async () => {
    const prompt = `${JSON.stringify({ file: 'a', content: 'b' })}\n`;
    const { end } = await rig.run(tier, { agent: 'edit', prompt });
    expect(end).toEqual({ kind: 'succeeded', summary: 'wrote it' });
  });

  test('asked for a plan, it answers with one and its items', async () => {
    const prompt = JSON.stringify({ file: 'a.txt', content: 'b' });
    const { end } = await rig.run(tier, { agent: 'edit', prompt, kind: 'plan' });
    expect(end).toEqual({
      kind: 'planned',
      plan: '# Plan\n\n- [x] Look around\n- [ ] Write a.txt',
      items: [
        { text: 'Look around', done: true },
        { text: 'Write a.txt', done: false },
      ],
    });
  });

  test('known secrets that it prints are masked, in two pieces too, and so is its own token', async () => {
    const { end, log, reports } = await rig.run(tier, { agent: 'say', prompt: SECRET });
    expect(end).toEqual({ kind: 'succeeded', summary: '***' });
    expect(log.split('***')).toHaveLength(3);
    expect(JSON.stringify([log, reports])).not.toContain(SECRET);
    const told = await rig.run(tier, {
      agent: 'say',
      prompt: '',
      model: { url: 'http://127.0.0.1:9/v1' },
      config: { command: 'echo "$FUNADE_MODEL_URL"' },
    });
    expect(told.end).toMatchObject({
      kind: 'succeeded',
      summary: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/t\/\*\*\*$/),
    });
  });

  test.each([
    ['a status of its own', 3, 'agent', 'command_failed'],
    ['EX_TEMPFAIL', 75, 'transient', 'command_failed'],
    ['the status of a program that is missing', 127, 'permanent', 'command_not_found'],
  ] as const)('ended with %s it has failed', async (_, code, blame, reason) => {
    const { end } = await rig.run(tier, { agent: 'say', prompt: `exit ${code}` });
    expect(end).toMatchObject({ kind: 'failed', blame, reason, detail: expect.stringContaining(`exit code ${code}`) });
  });

  test('a program that is not there is a permanent failure', async () => {
    const { end } = await rig.run(tier, { agent: 'say', prompt: '', config: { command: 'no-such-agent --do-it' } });
    expect(end).toMatchObject({ kind: 'failed', blame: 'permanent', reason: 'command_not_found' });
  });

  test('an agent that hangs, with children that ignore signals and have left its group, is dead soon after it is told to end', async () => {
    const place = await rig.makeTask();
    const stop = new AbortController();
    let toldAt = 0;
    const { end } = await rig.run(
      tier,
      {
        agent: 'hang',
        prompt: '',
        model: { url: 'http://127.0.0.1:9/v1' },
        signal: stop.signal,
        onLog: (line) => {
          if (!line.includes('up')) return;
          toldAt = performance.now();
          stop.abort('stop');
        },
      },
      place,
    );
    expect(end).toEqual({ kind: 'interrupted' });
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    expect(processesWith(place.id)).toEqual([]);
  });

  test('a hanging agent is ended when its time is over', async () => {
    const { end } = await rig.run(tier, { agent: 'hang', prompt: '', budget: { time: 1500 } });
    expect(end).toMatchObject({ kind: 'failed', blame: 'agent', reason: 'command_timed_out' });
  });

  test('an agent that forks without end is bounded or ended, and leaves nothing', async () => {
    const place = await rig.makeTask();
    const { log } = await rig.run(tier, { agent: 'fork', prompt: '' }, place);
    expect(log).not.toContain('started 600');
    expect(processesWith(place.id)).toEqual([]);
  });

  test('an agent that floods a gigabyte is ended, its log stays small', async () => {
    const { end, log } = await rig.run(tier, { agent: 'flood', prompt: '' });
    expect(end).toMatchObject({ kind: 'failed', blame: 'agent', reason: 'command_flooded' });
    expect(log.length).toBeLessThan(6_000_000);
  });

  test('an agent that allocates without end is ended', async () => {
    const limits = { memory: 300, processes: 200, output: 5 };
    const { end } = await rig.run(tier, { agent: 'allocate', prompt: '', config: { limits } });
    expect(end).toMatchObject({ kind: 'failed', blame: 'agent', reason: 'command_out_of_memory' });
  });

  test('an agent reaches the model through the proxy, which has the key and counts', async () => {
    const { url, asked } = await provider((response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"answer":42,"usage":{"prompt_tokens":11,"completion_tokens":7}}');
    });
    const { end, reports } = await rig.run(tier, {
      agent: 'ask',
      prompt: '/chat/completions hello\n/v1/responses you\n',
      model: { url },
    });
    expect(end).toMatchObject({ kind: 'succeeded', summary: expect.stringContaining('"answer":42') });
    expect(asked.map((each) => each.url)).toEqual(['/v1/chat/completions', '/v1/responses']);
    expect(asked[0]).toMatchObject({ authorization: `Bearer ${KEY}`, body: '{"model":"test-model","input":"hello"}' });
    const used = reports.flatMap((each) => (each.used === undefined ? [] : [each.used]));
    expect(used).toEqual([
      { steps: 1, inputTokens: 11, outputTokens: 7 },
      { steps: 1, inputTokens: 11, outputTokens: 7 },
    ]);
  });

  test.each<readonly [string, Trouble, string, string]>([
    ['refuses the key', { status: 401 }, 'permanent', 'model_key_refused'],
    ['does not know the model', { status: 404 }, 'permanent', 'model_not_found'],
    [
      'wants to be left alone for a while',
      { status: 429, headers: { 'retry-after': '60' } },
      'transient',
      'model_limited',
    ],
    ['is broken', { status: 500 }, 'transient', 'model_unreachable'],
  ])('an agent that fails because the model %s tells so', async (_, { status, headers = {} }, blame, reason) => {
    const { url } = await provider((response) => response.writeHead(status, headers).end('{}'));
    const { end } = await rig.run(tier, { agent: 'ask', prompt: '/chat/completions hello', model: { url } });
    expect(end).toMatchObject({ kind: 'failed', blame, reason });
    if (status === 429) expect((end as { at: number }).at).toBeGreaterThan(Date.now() + 30_000);
  });

  test('an agent that fails because the model is not there has not failed for good', async () => {
    const { end } = await rig.run(tier, {
      agent: 'ask',
      prompt: '/chat hello',
      model: { url: 'http://127.0.0.1:9/v1' },
    });
    expect(end).toMatchObject({ kind: 'failed', blame: 'transient', reason: 'model_unreachable' });
  });

  test('an agent whose budget is used up gets no more answers, and fails with that', async () => {
    const { url, asked } = await provider((response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"usage":{"prompt_tokens":600,"completion_tokens":0}}');
    });
    const prompt = '/chat one\n/chat two\n/chat three\n';
    const { end, log } = await rig.run(tier, { agent: 'ask', prompt, model: { url }, budget: { tokens: 1000 } });
    expect(end).toMatchObject({ kind: 'failed', blame: 'permanent', reason: 'budget_tokens' });
    expect(log).toContain('429');
    expect(asked).toHaveLength(2);
  });

  test('what a task has used before counts', async () => {
    const { url, asked } = await provider((response) => response.end('{}'));
    const { end } = await rig.run(tier, {
      agent: 'ask',
      prompt: '/chat one',
      model: { url },
      budget: { steps: 5 },
      usage: { steps: 5 },
    });
    expect(end).toMatchObject({ reason: 'budget_steps' });
    expect(asked).toEqual([]);
  });

  test('links that an earlier run left are neither written through nor read through', async () => {
    const place = await rig.makeTask();
    const target = join(rig.data(), `precious-${place.id}`);
    await mkdir(target);
    await writeFile(join(target, 'prompt.md'), 'precious');
    await symlink(target, join(place.home, '.funade'));
    await rig.run(tier, { agent: 'say', prompt: 'hello' }, place);
    expect(await readFile(join(target, 'prompt.md'), 'utf8')).toBe('precious');
    const secret = join(rig.data(), 'owner-token');
    await writeFile(secret, 'the owner token');
    for (const command of [
      `ln -s ${secret} "$FUNADE_SUMMARY_FILE"; echo said`,
      `mkfifo "$FUNADE_SUMMARY_FILE"; echo said`,
      `rm -r "$HOME/.funade"; mkdir "$HOME/x"; ln -s "$HOME/x" "$HOME/.funade"; echo other > "$HOME/x/summary.md"; echo said`,
    ]) {
      const { end } = await rig.run(tier, { agent: 'say', prompt: 'hello', config: { command } }, place);
      expect(end).toEqual({ kind: 'succeeded', summary: 'said' });
    }
  });

  test('nothing secret is in an environment, a command line or a file, seen from outside', async () => {
    const place = await rig.makeTask();
    const stop = new AbortController();
    let found: readonly string[] = ['not looked'];
    await rig.run(
      tier,
      {
        agent: 'hang',
        prompt: 'a prompt that is in no command line either',
        model: { url: 'http://127.0.0.1:9/v1' },
        signal: stop.signal,
        onLog: (line) => {
          if (!line.includes('up')) return;
          expect(processesWith(place.id).length).toBeGreaterThan(1);
          found = [KEY, SECRET, 'a prompt that is'].flatMap(processesWith);
          stop.abort('stop');
        },
      },
      place,
    );
    expect(found).toEqual([]);
    for (const name of readdirSync(place.home, { recursive: true, withFileTypes: true })) {
      if (name.isFile())
        expect(readFileSync(join(name.parentPath, name.name), 'utf8')).not.toMatch(new RegExp(`${KEY}|${SECRET}`));
    }
  });
});

interface Spied {
  readonly environment: Readonly<Record<string, string>>;
  readonly read: readonly string[];
  readonly listed: readonly (readonly string[] | string)[];
  readonly written: readonly string[];
  readonly reached: readonly string[];
  readonly found: readonly string[];
  readonly processes: number;
}

describe.each(boxed)('in tier %s, from inside,', (tier) => {
  async function spy(asked: object, config: object = {}, url: string | null = 'http://127.0.0.1:9/v1'): Promise<Spied> {
    const prompt = JSON.stringify({ read: [], list: [], write: [], connect: [], word: KEY, ...asked });
    const { end } = await rig.run(tier, { agent: 'spy', prompt, config, model: { url } });
    if (end.kind !== 'succeeded') throw new Error(JSON.stringify(end));
    return JSON.parse(end.summary) as Spied;
  }

  test('the environment is what is documented and nothing else', async () => {
    process.env['FUNADE_TEST_INHERITED'] = SECRET;
    const { environment } = await spy({});
    delete process.env['FUNADE_TEST_INHERITED'];
    const names = Object.keys(environment).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name));
    expect(names.sort()).toEqual([
      'CI',
      'FUNADE_MODEL',
      'FUNADE_MODEL_URL',
      'FUNADE_PLAN_FILE',
      'FUNADE_PROMPT_FILE',
      'FUNADE_RUN_KIND',
      'FUNADE_SANDBOX_ID',
      'FUNADE_SUMMARY_FILE',
      'FUNADE_TASK_ID',
      'GIT_TERMINAL_PROMPT',
      'HOME',
      'LANG',
      'NO_COLOR',
      'PATH',
      'TERM',
    ]);
  });

  test('the data directory, other tasks and the host are out of reach', async () => {
    const other = await rig.makeTask();
    await writeFile(join(other.directory, 'code.txt'), 'of another task');
    await writeFile(join(rig.data(), 'owner-token'), 'the owner token');
    const told = await spy({
      read: [join(rig.data(), 'owner-token'), join(other.directory, 'code.txt'), '/etc/shadow'],
      list: [rig.data(), join(rig.data(), 'agent', 'tasks')],
      write: [join(rig.data(), 'x'), join(other.directory, 'x'), '/etc/x', '/usr/x', '/dev/x'],
      word: SECRET,
    });
    for (const each of told.read) expect(each).toMatch(/^(?:nothing|refused)/);
    expect(told.listed[0]).toEqual(['agent', 'sandbox']);
    expect(told.listed[1]).toHaveLength(1); // its own
    for (const each of told.written) expect(each).toMatch(/^refused/);
    expect(told.found).toEqual([]);
    expect(told.processes).toBeLessThan(8);
    await expect(stat(join(other.directory, 'x'))).rejects.toThrow('ENOENT');
  });

  test('neither the key nor a service of this machine can be reached, but the model can', async () => {
    const { port, url } = await provider((response) => response.end('{}'));
    const told = await spy(
      {
        connect: [
          ['127.0.0.1', port],
          ['169.254.169.254', 80],
          ['127.0.0.1', 4141],
        ],
      },
      {},
      url,
    );
    expect(told.reached).toEqual(['refused', 'refused', 'reached']);
    expect(told.found).toEqual([]);
  });

  test('with the network `none` there is no way to the model either', async () => {
    const { port, url } = await provider((response) => response.end('{}'));
    const told = await spy(
      {
        connect: [
          ['127.0.0.1', port],
          ['127.0.0.1', 4141],
        ],
      },
      { network: 'none' },
      url,
    );
    expect(told.reached).toEqual(['refused', 'refused']);
    expect(told.environment['FUNADE_MODEL_URL']).toBeUndefined();
  });

  test('with an open network it is that of the host', async () => {
    const { port, url } = await provider((response) => response.end('{}'));
    const told = await spy({ connect: [['127.0.0.1', port]] }, { network: 'open' }, url);
    expect(told.reached).toEqual(['reached']);
    expect(told.environment['FUNADE_MODEL_URL']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/t\//);
  });

  test('without a configured endpoint there is no model, and the agent runs all the same', async () => {
    const told = await spy({ connect: [['127.0.0.1', 4141]] }, {}, null);
    expect(told.reached).toEqual(['refused']);
    expect(told.environment['FUNADE_MODEL_URL']).toBeUndefined();
  });
});

describe('where programs can not be isolated', () => {
  test('an agent does not run unless the owner allows it', async () => {
    const place = await rig.makeTask();
    const config = { untrusted: 'refuse', command: 'touch ran' } as const;
    const { end } = await rig.run('C', { agent: 'say', prompt: '', config }, place);
    expect(end).toMatchObject({
      kind: 'failed',
      blame: 'permanent',
      reason: 'no_isolation',
      detail: expect.stringContaining('turned off'),
    });
    expect(readdirSync(place.directory)).toEqual([]);
  });
});

test('without a command there is no runner', async () => {
  const { end } = await rig.run('C', { agent: 'say', prompt: '', config: { command: null } });
  expect(end).toMatchObject({ kind: 'failed', blame: 'permanent', reason: 'no_runner' });
});

test.runIf(boxed.length > 0)(
  'signals reach an agent behind the relay once, and its status is the one it ends with',
  async () => {
    const stop = new AbortController();
    const command = `trap 'echo got TERM; exit 3' TERM; echo up; while :; do sleep 0.1; done`;
    const { end, log } = await rig.run(boxed[0] ?? 'B', {
      agent: 'say',
      prompt: '',
      config: { command },
      model: { url: 'http://127.0.0.1:9/v1' },
      signal: stop.signal,
      onLog: (line) => {
        if (line.includes('up')) stop.abort('pause');
      },
    });
    expect(end).toEqual({ kind: 'interrupted' });
    expect(log.match(/got TERM/g)).toHaveLength(1);
    const ended = await rig.run(boxed[0] ?? 'B', {
      agent: 'say',
      prompt: '',
      config: { command: 'kill -SEGV $$' },
      model: { url: 'http://127.0.0.1:9/v1' },
    });
    expect(ended.end).toMatchObject({ kind: 'failed', reason: 'command_failed', detail: 'signal SIGSEGV' });
  },
);

test.runIf(boxed.length > 0)('eight agents work at the same time without touching each other', async () => {
  const runs = Array.from({ length: 8 }, async (_, index) => {
    const place = await rig.makeTask();
    const prompt = JSON.stringify({ file: 'who.txt', content: `agent ${index}`, summary: `I am ${index}` });
    const { end } = await rig.run(
      tiers.at(-1) ?? 'C',
      { agent: 'edit', prompt, model: { url: 'http://127.0.0.1:9/v1' } },
      place,
    );
    return { end, file: await readFile(join(place.directory, 'who.txt'), 'utf8') };
  });
  for (const [index, ran] of (await Promise.all(runs)).entries()) {
    expect(ran).toEqual({ end: { kind: 'succeeded', summary: `I am ${index}` }, file: `agent ${index}` });
  }
});
