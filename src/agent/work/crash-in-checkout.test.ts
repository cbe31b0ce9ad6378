import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentRig, LABELS, createAgentRig } from '../../../test/agent-rig.ts';
import { type MemoryWorkspaces, createMemoryWorkspaces } from '../../../test/memory-workspaces.ts';
import { until } from '../../../test/release-rig.ts';
import type { Runner } from '../port.ts';

let rig: AgentRig;
let workspaces: MemoryWorkspaces;
beforeAll(async () => {
  rig = await createAgentRig();
  workspaces = createMemoryWorkspaces();
});
afterAll(() => rig.close());

const runner: Runner = {
  id: 'agent',
  needsCheckout: true,
  run: async (job) => {
    job.report({ note: 'at work', used: { steps: 1 } });
    workspaces.write(job.task.id, 'answer', '42\n');
    await job.save('I wrote the answer.');
    return { kind: 'succeeded', summary: 'Wrote the answer.' };
  },
};

/** The first process dies at the nth call to the forge or to git: nothing comes back, and nothing follows. */
function dieAt(nth: number, when: 'before' | 'after'): { readonly died: () => boolean; revive(): void } {
  let calls = 0;
  let isDead = false;
  let isOver = false;
  function around(_: string, at: 'before' | 'after'): Promise<void> | void {
    if (isOver) return undefined;
    if (!isDead && at === 'before') calls += 1;
    if (!isDead && (calls !== nth || at !== when)) return undefined;
    isDead = true;
    return new Promise(() => {});
  }
  rig.forge.around = around;
  workspaces.around = around;
  return {
    died: () => isDead,
    revive: () => {
      isOver = true;
      Object.assign(rig.forge, { around: null });
      Object.assign(workspaces, { around: null });
    },
  };
}

async function expireLeases(): Promise<void> {
  await sql`update work set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null`.execute(
    rig.database.db,
  );
}

test.each([
  ['before', 'another process'],
  ['after', 'another process'],
  ['after', 'the same process, started again'],
] as const)(
  'a process that dies at any call, %s it had its effect, and %s goes on: one change, one comment, the right label',
  async (when, who) => {
    for (let nth = 1; ; nth += 1) {
      const end = dieAt(nth, when);
      const options = { runner, workspaces, graceMs: 20 };
      await rig.start({ ...options, owner: 'first' });
      const id = await rig.hand();
      await until(async () => end.died() || (await rig.task(id)).endedAt !== null, Boolean, 60_000);
      const died = end.died();
      end.revive();
      if (died) {
        await expireLeases();
        await rig.start({ ...options, owner: who === 'another process' ? 'second' : 'first' });
      }
      const task = await rig.ended(id);
      const subjects = [...rig.forge.subjects.values()];
      const seen = {
        nth,
        state: task.state,
        labels: rig.forge.subject(1).labels,
        comments: rig.forge.subject(1).comments.length,
        changes: subjects.filter(({ kind }) => kind === 'change').map(({ change }) => change?.head),
        answer: workspaces.remote.get('funade/issue-1')?.get('answer'),
        open: task.attempts.filter(({ endedAt }) => endedAt === null),
        ends: (await rig.events(id)).filter((kind) => kind === 'task.succeeded').length,
      };
      expect(seen).toEqual({
        nth,
        state: 'succeeded',
        labels: [LABELS.done],
        comments: 1,
        changes: ['funade/issue-1'],
        answer: '42\n',
        open: [],
        ends: 1,
      });
      await rig.reset();
      workspaces.reset();
      if (!died) {
        expect(nth).toBeGreaterThan(20);
        return;
      }
    }
  },
  600_000,
);
