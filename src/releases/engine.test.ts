import { access, readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ReleaseRig, createReleaseRig } from '../../test/release-rig.ts';

let rig: ReleaseRig;
beforeEach(async () => {
  rig = await createReleaseRig();
});
afterEach(() => rig.close());

const names = async (runId: string) => (await rig.stages(runId)).map(({ name, state }) => `${name} ${state}`);

test('a run goes from its commit to production through every kind of stage, in order', async () => {
  const runId = await rig.ship([
    'validate: test -f index.js',
    'build: { run: "mkdir dist && cp index.js dist/", artifact: dist }',
    'test: test -d dist',
    'deploy: { to: staging, name: deploy staging }',
    'verify: { in: staging, http: /hello, expect: { body: Hello } }',
    'approve: { by: [approver] }',
    'deploy: { to: production, name: deploy production }',
  ]);
  const stage = await rig.waiting(runId, 'approve');
  const [approval] = (await rig.events()).filter(({ kind }) => kind === 'approval.requested');
  expect(rig.delivery.asked.map(({ environment }) => environment)).toEqual(['staging']);
  expect(stage.wait).toMatchObject({ cause: 'approval by approver (0 of 1)', needsPerson: true });
  await rig.releases.decideApproval({
    approvalId: approval?.subject ?? '',
    user: 'ben',
    decision: 'approve',
    comment: '',
  });
  const run = await rig.ended(runId);
  expect(run).toMatchObject({ state: 'succeeded', failure: null });
  expect(await names(runId)).toEqual([
    'validate succeeded',
    'build succeeded',
    'test succeeded',
    'deploy staging succeeded',
    'verify succeeded',
    'approve succeeded',
    'deploy production succeeded',
  ]);
  expect(rig.delivery.asked.map(({ environment }) => environment)).toEqual(['staging', 'production']);
  expect(rig.delivery.asked[1]).toMatchObject({ releaseId: run.release_id, initiator: { approvedBy: ['ben'] } });
  await expect.poll(() => readdir(rig.workspaces)).toEqual([]);
});
