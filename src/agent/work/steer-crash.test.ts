import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AgentRig, LABELS, createAgentRig, succeeding } from '../../../test/agent-rig.ts';
import { MONA } from '../../../test/memory-forge.ts';
import { until } from '../../../test/release-rig.ts';
import type { Agent, Runner } from '../port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

const MEI = { actor: 'mei', reason: null } as const;

/** Works for ever, until it is told to stop. */
const patient: Runner = {
  ...succeeding,
  run: ({ signal }) =>
    new Promise((resolve) => {
      const end = () => resolve({ kind: 'interrupted' });
      if (signal.aborted) return end();
      return signal.addEventListener('abort', end);
    }),
};

/** Lets the leases that are held run out now, as if their holders had stopped prolonging them. */
async function expireLeases(): Promise<void> {
  await sql`update work set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null`.execute(
    rig.database.db,
  );
}

/** From now on, whoever makes the nth call of the forge dies in it: nothing comes back, and nothing else of that process follows. */
function dieAt(nth: number, when: 'before' | 'after') {
  let calls = 0;
  let died = false;
  rig.forge.around = (_, moment) => {
    if (moment !== when) return undefined;
    calls += 1;
    if (calls !== nth) return undefined;
    died = true;
    return new Promise(() => {});
  };
  return () => died;
}

interface Story {
  /** Brings the task to where the act begins. */
  begin(agent: Agent, id: string): Promise<unknown>;
  act(agent: Agent, id: string): Promise<unknown>;
  /** What is true when the act is done, whoever did it. */
  readonly state: string;
  readonly labels: readonly string[];
  readonly event: string;
  /** Calls of the forge that it takes at the least. */
  readonly calls: number;
}

const running = (id: string) => rig.taskWhere(id, ({ state }) => state === 'running');

const STORIES: readonly (readonly [string, Story])[] = [
  [
    'pausing',
    {
      begin: (_, id) => running(id),
      act: (agent, id) => agent.steer(id, 'pause', MEI),
      state: 'paused',
      labels: [LABELS.paused],
      event: 'task.paused',
      calls: 3,
    },
  ],
  [
    'stopping',
    {
      begin: (_, id) => running(id),
      act: (agent, id) => agent.steer(id, 'stop', MEI),
      state: 'stopped',
      labels: [LABELS.stopped],
      event: 'task.stopped',
      calls: 3,
    },
  ],
  [
    'stopping by a comment',
    {
      begin: (_, id) => running(id),
      act: () => Promise.resolve(rig.forge.comment(1, MONA, '/funade stop')),
      state: 'stopped',
      labels: [LABELS.stopped],
      event: 'task.stopped',
      calls: 5,
    },
  ],
  [
    'resuming',
    {
      begin: async (agent, id) => {
        await running(id);
        await agent.steer(id, 'pause', MEI);
        await rig.taskWhere(id, ({ state }) => state === 'paused');
      },
      act: (agent, id) => agent.steer(id, 'resume', MEI),
      state: 'running',
      labels: [LABELS.processing],
      event: 'task.resumed',
      calls: 4,
    },
  ],
];

describe.each(STORIES)('a process that dies at any call while %s', (_, story) => {
  test.each(['before', 'after'] as const)(
    '%s the call had its effect: another one brings it to the same end',
    async (when) => {
      for (let nth = 1; nth <= story.calls; nth += 1) {
        const first = await rig.start({ runner: patient, owner: 'first', graceMs: 50 });
        const id = await rig.hand();
        await story.begin(first, id);
        const died = dieAt(nth, when);
        await story.act(rig.agent, id);
        await until(async () => died() || (await rig.task(id)).state === story.state, Boolean);
        if (died()) {
          await expireLeases();
          await rig.start({ runner: patient, owner: 'second', graceMs: 50 });
        }
        await rig.taskWhere(id, ({ state }) => state === story.state);
        await until(
          () => Promise.resolve(rig.forge.subject(1).labels),
          (labels) => labels.join() === story.labels.join(),
        );
        expect((await rig.events(id)).filter((kind) => kind === story.event)).toHaveLength(1);
        const own = rig.forge.subject(1).comments.filter(({ marker }) => marker !== null);
        expect(own.length).toBeLessThanOrEqual(1);
        rig.forge.around = null;
        await rig.reset();
      }
    },
  );
});

test('a process that is stopped, and successors that die at any call: the last one ends the task', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let nth = 1; nth <= 7; nth += 1) {
      const first = await rig.start({ runner: patient, owner: 'first', graceMs: 50 });
      const id = await rig.hand();
      await running(id);
      await first.stop();
      expect(await rig.task(id)).toMatchObject({ state: 'paused', reason: 'drain' });
      const died = dieAt(nth, when);
      await rig.start({ owner: 'second', graceMs: 50 });
      await until(async () => died() || (await rig.task(id)).endedAt !== null, Boolean);
      if (died()) {
        await expireLeases();
        await rig.start({ owner: 'third', graceMs: 50 });
      }
      const task = await rig.ended(id);
      expect(task).toMatchObject({ state: 'succeeded' });
      expect(task.attempts.every(({ endedAt }) => endedAt !== null)).toBe(true);
      expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
      rig.forge.around = null;
      await rig.reset();
    }
  }
});

test('a process that vanishes while it pauses, and one that resumes before anybody noticed: the work goes on', async () => {
  let letGo = (): void => {};
  const deaf: Runner = {
    ...succeeding,
    run: () =>
      new Promise((resolve) => {
        letGo = () => resolve({ kind: 'succeeded', summary: 'too late' });
      }),
  };
  await rig.start({ runner: deaf, owner: 'first', graceMs: 3_600_000 });
  const id = await rig.hand();
  await running(id);
  await rig.agent.steer(id, 'pause', MEI);
  await rig.agent.steer(id, 'resume', MEI);
  await expireLeases();
  await rig.start({ owner: 'second' });
  const task = await rig.ended(id);
  expect(task).toMatchObject({ state: 'succeeded', worker: 'second' });
  expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['cancelled', 'succeeded']);
  letGo();
});
