import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AgentRig, LABELS, QUICK_PACE, createAgentRig, succeeding } from '../../../test/agent-rig.ts';
import { SELF } from '../../../test/memory-forge.ts';
import type { Job, Runner } from '../port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

describe('whether a task may begin', () => {
  test.each([
    ['a repository of the list', ['Octo/Greeter'], 'succeeded', null],
    ['any other', ['octo/other'], 'cancelled', 'repository_not_allowed'],
    ['any at all when the list is empty', [], 'succeeded', null],
  ] as const)('%s', async (_, repositories, state, reason) => {
    await rig.start({ repositories });
    const id = await rig.hand();
    expect(await rig.ended(id)).toMatchObject({ state, reason });
    if (state === 'cancelled') {
      expect(rig.forge.calls).toEqual([]);
      expect(rig.forge.subject(1)).toMatchObject({ labels: [LABELS.trigger], comments: [] });
    }
  });

  test('an issue that Funade itself opened needs no role', async () => {
    const jobs: Job[] = [];
    const asked: unknown[] = [];
    await rig.start({
      isOwnIssue: (issue) => Promise.resolve(asked.push(issue) > 0),
      runner: { ...succeeding, run: (job) => (jobs.push(job), succeeding.run(job)) },
    });
    rig.forge.roles.clear();
    expect(await rig.ended(await rig.hand({ actor: SELF }))).toMatchObject({ state: 'succeeded' });
    expect(asked[0]).toEqual({ source: 'github', projectId: '7', number: 1 });
    expect(jobs[0]?.labeler).toEqual(SELF);
  });

  test('whoever puts the label on such an issue once more needs one', async () => {
    await rig.start({ isOwnIssue: () => Promise.resolve(true) });
    rig.forge.roles.clear();
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'cancelled', reason: 'actor_not_allowed' });
  });

  test('an issue that was closed between two attempts is stopped', async () => {
    let runs = 0;
    const runner: Runner = {
      ...succeeding,
      run: () => {
        runs += 1;
        rig.forge.close(1);
        return Promise.resolve({ kind: 'failed', reason: 'agent_error', blame: 'agent' });
      },
    };
    await rig.start({ runner, pace: { ...QUICK_PACE, subject: 3_600_000 } });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'stopped', reason: 'subject_closed' });
    expect(runs).toBe(1);
    expect(rig.forge.subject(1).labels).toEqual([LABELS.stopped]);
  });
});
