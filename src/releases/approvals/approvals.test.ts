import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ReleaseRig, createReleaseRig } from '../../../test/release-rig.ts';
import { transaction } from '../../store/index.ts';
import { useApproval } from './approvals.ts';
import { listApprovals, readDecisions } from './store.ts';

let rig: ReleaseRig;
beforeAll(async () => {
  rig = await createReleaseRig();
});
afterEach(() => {
  rig.delivery.holds.clear();
  rig.roles.set('ben', 'approver');
});
afterAll(() => rig.close());

const deploy = 'deploy: { to: production }';

async function asked(approve = '{ by: [approver], quorum: 2 }'): Promise<{ run: string; approval: string }> {
  const run = await rig.ship([`approve: ${approve}`, deploy]);
  await rig.waiting(run, 'approve');
  const [row] = await listApprovals(rig.database.db, { runIds: [run], limit: 1 });
  return { run, approval: row?.id ?? '' };
}

const decide = (approvalId: string, user: string, decision: 'approve' | 'reject' = 'approve', comment = '') =>
  rig.releases.decideApproval({ approvalId, user, decision, comment });

const rolloutsOf = (run: string) => rig.delivery.asked.filter(({ runId }) => runId === run);

const stateOf = async (run: string) =>
  (await listApprovals(rig.database.db, { runIds: [run], limit: 10 })).map(({ state }) => state);

async function kindsOf(subject: string): Promise<readonly string[]> {
  return (await rig.events(subject)).map(({ kind }) => kind);
}

test('two people make a quorum, and the rollout knows who they were', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben', 'approve', 'looks good');
  await expect.poll(async () => (await rig.stages(run))[0]?.wait?.cause).toBe('approval by approver (1 of 2)');
  expect(rolloutsOf(run)).toEqual([]);
  await decide(approval, 'cleo');
  expect(await rig.ended(run)).toMatchObject({ state: 'succeeded' });
  expect(await stateOf(run)).toEqual(['approved']);
  expect(rolloutsOf(run)[0]?.initiator).toEqual({ kind: 'person', user: 'aoi', approvedBy: ['ben', 'cleo'] });
  expect(await kindsOf(approval)).toEqual(['approval.requested', 'approval.approved', 'approval.approved']);
});

test('the same person twice is refused and counts once', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben');
  await expect(decide(approval, 'ben')).rejects.toMatchObject({
    code: 'FUN_CONFLICT',
    message: expect.stringContaining('ben has decided already'),
  });
  expect(await readDecisions(rig.database.db, [approval])).toHaveLength(1);
  expect(await stateOf(run)).toEqual(['pending']);
});

test('two people in the same millisecond make one transition', async () => {
  const { run, approval } = await asked();
  await Promise.all([decide(approval, 'ben'), decide(approval, 'cleo')]);
  await rig.ended(run);
  const events = await rig.events(run);
  expect(events.filter(({ kind, data }) => kind === 'stage.ended' && data['stage'] === 'approve')).toHaveLength(1);
  expect(rolloutsOf(run)).toHaveLength(1);
});

test('ten clicks of one person in the same millisecond are one decision', async () => {
  const { approval } = await asked();
  const clicks = await Promise.allSettled(Array.from({ length: 10 }, () => decide(approval, 'ben')));
  expect(clicks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await readDecisions(rig.database.db, [approval])).toHaveLength(1);
});

test('one rejection ends the run, and nothing is deployed', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben');
  await decide(approval, 'cleo', 'reject', 'not on a Friday');
  expect(await rig.ended(run)).toMatchObject({
    state: 'failed',
    failure: { code: 'FUN_APPROVAL_REJECTED', message: 'cleo rejected the release for production.' },
  });
  expect(await stateOf(run)).toEqual(['rejected']);
  expect(rolloutsOf(run)).toEqual([]);
});

test.each([
  ['somebody below the role', 'dai', 'approver'],
  ['a viewer', 'eve', 'approver'],
  ['somebody without access', 'nobody', 'approver'],
  ['the author', 'aoi', 'somebody other than the author of the change'],
])('%s is refused: 403, an event, and nothing has changed', async (_who, user, needed) => {
  const { run, approval } = await asked('{ by: [approver] }');
  await expect(decide(approval, user)).rejects.toMatchObject({ code: 'FUN_FORBIDDEN', status: 403 });
  const denied = (await rig.events(approval)).filter(({ kind }) => kind === 'access.denied');
  expect(denied).toMatchObject([{ actor: user, data: { action: 'approve', needed } }]);
  expect(await stateOf(run)).toEqual(['pending']);
  expect(await readDecisions(rig.database.db, [approval])).toEqual([]);
});

test('an approval by somebody whose access was revoked before it was used no longer counts', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben');
  rig.roles.delete('ben');
  await decide(approval, 'cleo');
  await expect.poll(async () => (await rig.stages(run))[0]?.wait?.cause).toBe('approval by approver (1 of 2)');
  expect(await stateOf(run)).toEqual(['pending']);
});

test('it expires, and what comes too late is refused', async () => {
  const { run, approval } = await asked('{ by: [approver], within: 1h }');
  rig.advance(3_600_001);
  await expect(decide(approval, 'ben')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  const db = rig.database.db;
  await transaction(db, (trx) => rig.releases.wake(trx, run));
  expect(await rig.ended(run)).toMatchObject({ state: 'failed', failure: { code: 'FUN_APPROVAL_EXPIRED' } });
  expect(await stateOf(run)).toEqual(['expired']);
});

test('content that changed after the approval makes it void with a reason, and asks again', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben');
  await expect.poll(async () => (await rig.stages(run))[0]?.wait?.cause).toBe('approval by approver (1 of 2)');
  const { db } = rig.database;
  await sql`update approvals set plan_hash = 'of another plan' where id = ${approval}`.execute(db);
  await decide(approval, 'cleo');
  await expect.poll(() => stateOf(run)).toEqual(['pending', 'void']);
  const [fresh, old] = await listApprovals(db, { runIds: [run], limit: 10 });
  expect(old).toMatchObject({ id: approval, void_reason: 'the rollout plan changed' });
  expect(await readDecisions(db, [fresh?.id ?? ''])).toEqual([]);
  expect(await kindsOf(approval)).toContain('approval.voided');
  expect(rolloutsOf(run)).toEqual([]);
});

test('an approval is not used over a decision that came meanwhile', async () => {
  const { run, approval } = await asked();
  await decide(approval, 'ben');
  expect(await useApproval(rig.database.db, approval, 0)).toBe(false);
  expect(await stateOf(run)).toEqual(['pending']);
  expect(await useApproval(rig.database.db, approval, 1)).toBe(true);
  expect(await stateOf(run)).toEqual(['approved']);
  await expect(decide(approval, 'cleo', 'reject')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
});

test('a decision on a request that is closed, or that never was, is refused', async () => {
  const { run, approval } = await asked('{ by: [approver] }');
  await decide(approval, 'ben');
  await rig.ended(run);
  await expect(decide(approval, 'cleo', 'reject')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  await expect(decide('approval_none', 'ben')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
});

test('the one who retries a run of somebody else is not its author; the author still is', async () => {
  const { run, approval } = await asked('{ by: [approver] }');
  await decide(approval, 'ben', 'reject');
  await rig.ended(run);
  const again = await rig.releases.retry(run, 'cleo');
  await rig.waiting(again, 'approve');
  const [row] = await listApprovals(rig.database.db, { runIds: [again], limit: 1 });
  expect(row?.author).toBe('aoi');
  await expect(decide(row?.id ?? '', 'aoi')).rejects.toMatchObject({ code: 'FUN_FORBIDDEN' });
  await decide(row?.id ?? '', 'cleo');
  expect(await rig.ended(again)).toMatchObject({ state: 'succeeded' });
});

test('a release that is held is not offered for approval, and is once the hold is gone', async () => {
  rig.delivery.holds.set('production', 'held: v2 was taken back');
  const run = await rig.ship(['approve: { by: [approver] }', deploy]);
  const stage = await rig.waiting(run, 'approve');
  expect(stage.wait).toMatchObject({ cause: 'held: v2 was taken back', needsPerson: true });
  expect(stage.wait?.next[0]?.command).toContain('funade hold release greeter production');
  expect(await stateOf(run)).toEqual([]);
  rig.delivery.holds.clear();
  await transaction(rig.database.db, (trx) => rig.releases.wake(trx, run));
  await expect.poll(() => stateOf(run)).toEqual(['pending']);
});

test('a run that waits for a person blocks nobody', async () => {
  const { run } = await asked();
  await rig.repository.commit({ 'index.js': 'exports.handler = 2;\n' });
  const other = await rig.releases.ship({ app: 'greeter', ref: null, by: 'aoi' });
  const stage = await rig.waiting(other, 'approve');
  const [row] = await listApprovals(rig.database.db, { runIds: [other], limit: 1 });
  await decide(row?.id ?? '', 'ben');
  await decide(row?.id ?? '', 'cleo');
  expect(await rig.ended(other)).toMatchObject({ state: 'succeeded' });
  expect(stage.wait?.cause).toBe('approval by approver (0 of 2)');
  expect((await rig.stages(run))[0]?.state).toBe('waiting');
});
