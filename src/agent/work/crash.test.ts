import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AgentRig, LABELS, createAgentRig, succeeding } from '../../../test/agent-rig.ts';
import type { MemoryForge } from '../../../test/memory-forge.ts';
import { until } from '../../../test/release-rig.ts';
import { createLogger } from '../../kernel/index.ts';
import type { Job, Runner, RunnerEnd } from '../port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

const giving: Runner = {
  id: 'giving-up',
  needsCheckout: false,
  run: () => Promise.resolve({ kind: 'failed', reason: 'can_not', blame: 'permanent' }),
};

/** Lets the leases that are held run out now, as if their holders had stopped prolonging them. */
async function expireLeases(): Promise<void> {
  await sql`update work set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null`.execute(
    rig.database.db,
  );
}

/** The same forge, seen by a process that dies at one call of a verb that matters: nothing comes back, and nothing follows. */
function dyingAt(forge: MemoryForge, nth: number, when: 'before' | 'after') {
  let calls = 0;
  let died = false;
  const deadly = new Proxy(forge, {
    get: (target, name: keyof MemoryForge) => {
      const verb = target[name];
      if (typeof verb !== 'function') return verb;
      return async (...args: readonly unknown[]) => {
        calls += 1;
        const dies = calls === nth;
        if (!dies || when === 'after') {
          const result: unknown = await (verb as (...given: readonly unknown[]) => unknown)(...args);
          if (!dies) return result;
        }
        died = true;
        return new Promise(() => {});
      };
    },
  });
  return { forge: deadly, died: () => died };
}

describe.each([
  ['done', succeeding, [LABELS.done], 1],
  ['failed', giving, [LABELS.failed], 1],
] as const)('a process that dies at any call of a task that ends as %s', (_, runner, labels, comments) => {
  test.each(['before', 'after'] as const)(
    '%s the call had its effect: another one brings it to the same end',
    async (when) => {
      for (let nth = 1; ; nth += 1) {
        const { forge, died } = dyingAt(rig.forge, nth, when);
        const first = await rig.start({ forgeOf: () => forge, runner, owner: 'first' });
        const id = await rig.hand();
        await until(async () => died() || (await rig.task(id)).endedAt !== null, Boolean);
        if (died()) {
          await expireLeases();
          await rig.start({ runner, owner: 'second' });
        }
        const task = await rig.ended(id);
        const subject = rig.forge.subject(1);
        expect({ nth, labels: subject.labels, comments: subject.comments.length }).toEqual({ nth, labels, comments });
        expect(task.attempts.every(({ endedAt }) => endedAt !== null)).toBe(true);
        expect((await rig.events(id)).filter((kind) => kind === `task.${task.state}`)).toHaveLength(1);
        await first.stop();
        await rig.reset();
        if (!died()) {
          expect(nth).toBeGreaterThan(6);
          return;
        }
      }
    },
  );
});

test('a database that fails at any write of a task: the end is the same', async () => {
  const { db } = rig.database;
  await sql`create function die() returns trigger language plpgsql as $$ begin
    if nextval('writes') = (select at from deadly) then raise exception 'the connection broke here'; end if;
    return new; end $$`.execute(db);
  await sql`create table deadly (at bigint)`.execute(db);
  await sql`create sequence writes`.execute(db);
  await sql`create trigger die before update on tasks for each row execute function die()`.execute(db);
  try {
    for (let nth = 1; nth <= 5; nth += 1) {
      await sql`delete from deadly`.execute(db);
      await sql`insert into deadly values (${nth})`.execute(db);
      await sql`alter sequence writes restart`.execute(db);
      await rig.start({ runner: giving });
      const task = await rig.ended(await rig.hand());
      expect(task.state).toBe('failed');
      expect(rig.forge.subject(1)).toMatchObject({ labels: [LABELS.failed], comments: [expect.anything()] });
      await rig.reset();
    }
  } finally {
    await sql`drop trigger die on tasks`.execute(db);
  }
});

describe('leases', () => {
  test('two consumers, fifty tasks: each is claimed once', async () => {
    const ran: string[] = [];
    const runnerOf = (name: string): Runner => ({
      id: name,
      needsCheckout: false,
      run: ({ task }) => {
        ran.push(task.id);
        return Promise.resolve<RunnerEnd>({ kind: 'succeeded', summary: name });
      },
    });
    const ids = await Promise.all(Array.from({ length: 50 }, (_, index) => rig.hand({ number: index + 1 })));
    await Promise.all([rig.start({ runner: runnerOf('a') }), rig.start({ runner: runnerOf('b') })]);
    for (const id of ids) expect(await rig.ended(id)).toMatchObject({ state: 'succeeded', attempts: [{ number: 1 }] });
    expect(ran.toSorted()).toEqual(ids.toSorted());
  });

  test('a process that is killed: its task is tried again by another when the lease has run out', async () => {
    const id = await rig.hand();
    const script = new URL('../../../test/agent-worker.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, JSON.stringify(rig.database.connection)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString().trim()).toBe(id);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await rig.task(id)).toMatchObject({ state: 'running', worker: 'process-to-be-killed' });
    await rig.start({ owner: 'process-2' });
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'succeeded', worker: 'process-2' });
    expect(task.attempts.map(({ worker, outcome, reason }) => [worker, outcome, reason])).toEqual([
      ['process-to-be-killed', 'lost', 'process_lost'],
      ['process-2', 'succeeded', null],
    ]);
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
  });

  test('a holder that was replaced: what it still wants to write is refused by its fence, silently', async () => {
    const jobs: Job[] = [];
    let endFirst: ((end: RunnerEnd) => void) | undefined;
    const lines: string[] = [];
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
    const first = await rig.start({
      owner: 'first',
      logger,
      runner: {
        id: 'slow',
        needsCheckout: false,
        run: (job) => {
          jobs.push(job);
          return new Promise((resolve) => {
            endFirst = resolve;
          });
        },
      },
    });
    const id = await rig.hand();
    await until(() => Promise.resolve(jobs.length), Boolean);
    await expireLeases();
    await rig.start({ owner: 'second', runner: giving });
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'failed', worker: 'second' });
    const before = [task, rig.forge.subject(1), await rig.events(id)];
    endFirst?.({ kind: 'succeeded', summary: 'too late' });
    await first.stop();
    expect([await rig.task(id), rig.forge.subject(1), await rig.events(id)]).toEqual(before);
    expect(lines).toEqual([]);
    expect(jobs[0]?.fence).toBe(1);
  });

  test('a task whose processes are lost again and again is given up', async () => {
    const id = await rig.hand();
    const endless: Runner = { id: 'endless', needsCheckout: false, run: () => new Promise(() => {}) };
    // Any of them may take over, and a holder may still prolong its lease: so all run out until it has ended.
    for (let each = 1; each <= 4; each += 1) {
      await rig.start({ owner: `process-${each}`, runner: endless, graceMs: 0 });
    }
    await until(async () => {
      const { state, endedAt } = await rig.task(id);
      if (state === 'running') await expireLeases();
      return endedAt;
    }, Boolean);
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'dead', reason: 'too_many_attempts' });
    expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'lost']);
    expect(rig.forge.subject(1).labels).toEqual([LABELS.failed]);
  });
});

describe('a process that is stopped', () => {
  test.each([
    ['that obeys', true],
    ['that does not listen', false],
  ])('gives its task back at once, without counting, from a runner %s', async (_, obeys) => {
    const waiting: Runner = {
      id: 'waiting',
      needsCheckout: false,
      run: ({ signal }) =>
        new Promise((_resolve, reject) => {
          if (obeys) signal.addEventListener('abort', () => reject(new Error('stopped in the middle')));
        }),
    };
    const first = await rig.start({ runner: waiting, graceMs: 50 });
    const id = await rig.hand();
    await rig.taskWhere(id, ({ state }) => state === 'running');
    await first.stop();
    expect(await rig.task(id)).toMatchObject({ state: 'paused', reason: 'drain', notBefore: null });
    await rig.start();
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'succeeded' });
    expect(task.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['cancelled', 'drain'],
      ['succeeded', null],
    ]);
  });

  test('while the forge does not answer', async () => {
    const { forge, died } = dyingAt(rig.forge, 3, 'before');
    const first = await rig.start({ forgeOf: () => forge });
    const id = await rig.hand();
    await until(() => Promise.resolve(died()), Boolean);
    await first.stop();
    expect((await rig.task(id)).state).toBe('queued');
  });

  test('with a success that is just there: it counts', async () => {
    const late: Runner = {
      id: 'late',
      needsCheckout: false,
      run: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'succeeded', summary: 'just done' }));
        }),
    };
    const first = await rig.start({ runner: late });
    const id = await rig.hand();
    await rig.taskWhere(id, ({ state }) => state === 'running');
    await first.stop();
    await rig.start({ runner: giving });
    expect(await rig.ended(id)).toMatchObject({ state: 'succeeded', attempts: [{ outcome: 'succeeded' }] });
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
  });
});
