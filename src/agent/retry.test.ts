import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AgentRig, LABELS, commented, createAgentRig, succeeding } from '../../test/agent-rig.ts';
import { MONA, OUTSIDER } from '../../test/memory-forge.ts';
import { until } from '../../test/release-rig.ts';
import type { Runner, RunnerEnd } from './port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

describe('a retry in a comment', () => {
  async function failedOnce(): Promise<string> {
    let runs = 0;
    const runner: Runner = {
      ...succeeding,
      run: () => {
        runs += 1;
        return Promise.resolve<RunnerEnd>(
          runs === 1
            ? { kind: 'failed', reason: 'agent_error', blame: 'permanent' }
            : { kind: 'succeeded', summary: 'ok' },
        );
      },
    };
    await rig.start({ runner });
    const id = await rig.hand();
    expect(await rig.ended(id)).toMatchObject({ state: 'failed' });
    return id;
  }

  test('of a writer makes the next generation, once however often it is told', async () => {
    const id = await failedOnce();
    rig.forge.comment(1, MONA, 'I have fixed the runner.\n/funade retry');
    const told = commented('/funade retry');
    expect(await rig.admit(told, told)).toEqual([1, 2].map(() => ({ kind: 'ignored', reason: 'task_told' })));
    const tasks = await until(
      () => rig.tasks(),
      (all) => all.length === 2 && all[0]?.state === 'succeeded',
    );
    expect(tasks[0]).toMatchObject({ generation: 2, via: 'retry', actor: 'mona' });
    await rig.admit(told);
    await until(
      () => attentionOf(id),
      (at) => at === null,
    );
    expect(await rig.tasks()).toHaveLength(2);
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
  });

  test('of an outsider does nothing, and other comments on an ended task are no news', async () => {
    const id = await failedOnce();
    expect(await rig.admit(commented('Thanks!'))).toEqual([{ kind: 'ignored', reason: 'nothing_to_do' }]);
    rig.forge.comment(1, OUTSIDER, '/funade retry');
    await rig.admit(commented('/funade retry'));
    await until(
      () => attentionOf(id),
      (at) => at === null,
    );
    expect(await rig.tasks()).toHaveLength(1);
  });

  test('is looked for again when the forge does not answer', async () => {
    await failedOnce();
    rig.forge.comment(1, MONA, '/funade retry');
    let failures = 0;
    rig.forge.around = (verb, when) => {
      if (verb !== 'listComments' || when !== 'before' || failures >= 2) return;
      failures += 1;
      throw new Error('reset');
    };
    await rig.admit(commented('/funade retry'));
    await until(
      () => rig.tasks(),
      (all) => all.length === 2 && all[0]?.state === 'succeeded',
    );
    expect(failures).toBe(2);
  });

  async function attentionOf(id: string): Promise<Date | null> {
    const { rows } = await sql<{ at: Date | null }>`select attention_at as at from tasks where id = ${id}`.execute(
      rig.database.db,
    );
    return rows[0]?.at ?? null;
  }
});
