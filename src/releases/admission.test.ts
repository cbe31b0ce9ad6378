import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import {
  FROM_GITHUB,
  type ReleaseRig,
  type TestRepository,
  configOf,
  createReleaseRig,
  createRepository,
} from '../../test/release-rig.ts';
import type { Admitted, RefUpdate } from './admission.ts';
import { listApprovals } from './approvals/store.ts';
import { transaction } from '../store/index.ts';
import { readApp, readRun } from './store.ts';

let rig: ReleaseRig;
beforeEach(async () => {
  rig = await createReleaseRig();
});
afterEach(() => rig.close());

const TEST = ['test: "true"'];

async function add(name: string, on?: string, repository?: TestRepository): Promise<string> {
  const place = repository ?? (await createRepository(join(rig.root, name)));
  const config = configOf(TEST, on === undefined ? { app: name } : { app: name, on });
  const sha = await place.commit({ 'funade.yaml': config, 'index.js': '' });
  await rig.releases.addApp({ source: place.path, ref: null, repository: 'Octo/Mono', by: 'aoi' });
  return sha;
}

function admit(update: Partial<RefUpdate>): Promise<Admitted> {
  const complete: RefUpdate = {
    kind: 'push',
    ref: 'main',
    sha: null,
    before: null,
    repository: { id: null, fullName: 'octo/mono', addresses: [] },
    actor: 'mona',
    commit: null,
    deliveryId: 'd1',
    ...FROM_GITHUB,
    ...update,
  };
  return transaction(rig.database.db, (trx) => rig.releases.admit(trx, complete));
}

const runsOf = (admitted: Admitted) => (admitted.kind === 'queued' ? admitted.runIds : []);

describe('a push', () => {
  test('makes one run for each application of the repository whose patterns fit', async () => {
    await add('one');
    await add('two', '{ branches: [main, "release/*"] }');
    expect(runsOf(await admit({ ref: 'main' }))).toHaveLength(2);
    const [only] = runsOf(await admit({ ref: 'release/1' }));
    expect(await readRun(rig.database.db, only ?? '')).toMatchObject({
      app: 'two',
      trigger: { kind: 'push', actor: 'mona', ref: 'release/1', deliveryId: 'd1' },
    });
  });

  test('to a branch that nobody wants is ignored, and says why', async () => {
    await add('one', '{ branches: [main] }');
    expect(await admit({ ref: 'feature/main' })).toEqual({ kind: 'ignored', reason: 'ref_not_matched' });
  });

  test('of a repository that nobody registered is ignored, and says why', async () => {
    await add('one');
    const repository = { id: null, fullName: 'octo/other', addresses: ['https://github.com/octo/other.git'] };
    expect(await admit({ repository })).toEqual({ kind: 'ignored', reason: 'unknown_repository' });
  });

  test('of a repository that was renamed is known by its id, once one with the old name was told', async () => {
    await add('one', '{ branches: [main] }');
    const repository = { id: '7', fullName: 'Octo/Mono', addresses: [] };
    const renamed = { ...repository, fullName: 'octo/renamed' };
    expect(await admit({ repository: renamed })).toEqual({ kind: 'ignored', reason: 'unknown_repository' });
    expect(await admit({ repository, ref: 'side' })).toEqual({ kind: 'ignored', reason: 'ref_not_matched' });
    expect(runsOf(await admit({ repository: renamed }))).toHaveLength(1);
    const elsewhere = { source: 'gitlab', forge: 'gitlab', host: 'gitlab.com' } as const;
    const ofAnother = await admit({ repository: renamed, ...elsewhere });
    expect(ofAnother).toEqual({ kind: 'ignored', reason: 'unknown_repository' });
  });

  test('of a repository that took over the name makes the old one a stranger, and so does adding it anew', async () => {
    await add('one');
    const named = (id: string) => ({ id, fullName: 'octo/mono', addresses: [] });
    const renamed = (id: string) => ({ id, fullName: 'octo/renamed', addresses: [] });
    expect(runsOf(await admit({ repository: named('7') }))).toHaveLength(1);
    expect(runsOf(await admit({ repository: named('8') }))).toHaveLength(1);
    expect(runsOf(await admit({ repository: renamed('7') }))).toEqual([]);
    expect(runsOf(await admit({ repository: renamed('8') }))).toHaveLength(1);
    await rig.releases.addApp({ source: join(rig.root, 'one'), ref: null, repository: 'octo/mono', by: 'aoi' });
    expect(runsOf(await admit({ repository: renamed('8') }))).toEqual([]);
  });

  test('that an added source delivers is not of an application from a folder', async () => {
    await add('one');
    expect(await admit({ source: 'team-b' })).toEqual({ kind: 'ignored', reason: 'other_host' });
  });

  test('that is rolled back with its delivery leaves no run', async () => {
    await add('one');
    const failing = transaction(rig.database.db, async (trx) => {
      await rig.releases.admit(trx, {
        kind: 'push',
        ref: 'main',
        sha: null,
        before: null,
        repository: { id: null, fullName: 'octo/mono', addresses: [] },
        actor: 'mona',
        commit: null,
        deliveryId: 'd1',
        ...FROM_GITHUB,
      });
      throw new Error('no space for the delivery');
    });
    await expect(failing).rejects.toThrow('no space');
    expect((await rig.events()).map(({ kind }) => kind)).not.toContain('run.queued');
  });
});

describe('a tag', () => {
  const ON = '{ branches: [main], tags: ["v*"] }';

  test('that is told of twice makes one run, also in the same millisecond', async () => {
    const sha = await add('one', ON);
    rig.repository.git('status');
    const tag = { kind: 'tag', ref: 'v1', sha } as const;
    const both = await Promise.all([admit({ ...tag, deliveryId: 'push' }), admit({ ...tag, deliveryId: 'create' })]);
    expect(both.flatMap(runsOf)).toHaveLength(1);
    expect(both).toContainEqual({ kind: 'ignored', reason: 'tag_has_run' });
  });

  test('that was moved to another commit makes another run', async () => {
    const sha = await add('one', ON);
    expect(runsOf(await admit({ kind: 'tag', ref: 'v1', sha }))).toHaveLength(1);
    expect(runsOf(await admit({ kind: 'tag', ref: 'v1', sha: 'a'.repeat(40) }))).toHaveLength(1);
  });

  test('is the tag, not a branch of the same name', async () => {
    const sha = await add('greeter', ON, rig.repository);
    rig.repository.git('tag', '--annotate', '--message', 'first', 'v1', sha);
    rig.repository.git('branch', 'v1');
    rig.repository.git('switch', '--quiet', 'v1');
    await rig.repository.commit();
    const [run] = runsOf(await admit({ kind: 'tag', ref: 'v1' }));
    expect(await rig.ended(run ?? '')).toMatchObject({ state: 'succeeded', sha });
  });
});

describe('what polling found', () => {
  const A = 'a'.repeat(40);
  const B = 'b'.repeat(40);
  const C = 'c'.repeat(40);
  const webhook = (before: string | null, sha: string) => admit({ before, sha, deliveryId: `${before}-${sha}` });
  const poll = (before: string | null, sha: string) =>
    admit({ before, sha, via: 'poll', actor: 'automation', deliveryId: `poll:${before}-${sha}` });
  const handled = { kind: 'ignored', reason: 'already_handled' };

  test('and a webhook tells in the same second, makes one run, whichever is first', async () => {
    await add('one');
    for (const [before, sha] of [
      [null, A],
      [A, B],
      [B, C],
    ] as const) {
      const both = await Promise.all([webhook(before, sha), poll(before, sha)]);
      expect(both.flatMap(runsOf)).toHaveLength(1);
      expect(both).toContainEqual(handled);
    }
    const polled = await poll(C, A);
    expect(await webhook(C, A)).toEqual(handled);
    const [run] = runsOf(polled);
    expect(await readRun(rig.database.db, run ?? '')).toMatchObject({
      trigger: { kind: 'push', actor: 'automation', via: 'poll' },
      sha: A,
    });
  });

  test('makes one run however often it is told at once, and none more by webhooks that follow', async () => {
    await add('one');
    const told = await Promise.all(Array.from({ length: 20 }, () => poll(A, B)));
    expect(told.flatMap(runsOf)).toHaveLength(1);
    const late = await Promise.all(Array.from({ length: 5 }, () => webhook(A, B)));
    expect(late.flatMap(runsOf)).toEqual([]);
  });

  test('is released again when it was pushed back in between, by webhook or by poll', async () => {
    await add('one');
    expect(runsOf(await poll(A, B))).toHaveLength(1);
    expect(await webhook(A, B)).toEqual(handled);
    expect(runsOf(await webhook(B, A))).toHaveLength(1);
    expect(await poll(B, A)).toEqual(handled);
    expect(runsOf(await poll(A, B))).toHaveLength(1);
    expect(runsOf(await poll(B, A))).toHaveLength(1);
  });

  test('is not taken back by webhooks that are late, and goes on with the next push', async () => {
    await add('one');
    expect(runsOf(await poll(A, C))).toHaveLength(1);
    expect(await webhook(B, C)).toEqual(handled);
    expect(await webhook(A, B)).toEqual({ kind: 'ignored', reason: 'push_overtaken' });
    expect(runsOf(await webhook(C, 'd'.repeat(40)))).toHaveLength(1);
  });

  test('is handled where it was shipped by hand, and a retry of something older does not hide that', async () => {
    const first = await add('greeter', '{ branches: [main] }', rig.repository);
    const [old] = runsOf(await webhook(null, first));
    await rig.ended(old ?? '');
    const sha = await rig.repository.commit();
    await rig.ended(await rig.releases.ship({ app: 'greeter', ref: 'main', by: 'aoi' }));
    await rig.releases.retry(old ?? '', 'aoi');
    expect(await poll(first, sha)).toEqual(handled);
  });

  test('is one run for a tag, annotated or told without its commit', async () => {
    const sha = await add('greeter', '{ tags: ["v*"] }', rig.repository);
    rig.repository.git('tag', '--annotate', '--message', 'first', 'v1', sha);
    const object = rig.repository.git('rev-parse', 'v1');
    expect(object).not.toBe(sha);
    const tag = { kind: 'tag', ref: 'v1' } as const;
    const [run] = runsOf(await admit({ ...tag, sha: object }));
    expect(await rig.ended(run ?? '')).toMatchObject({ state: 'succeeded', sha });
    rig.advance(30 * 60_000);
    expect(await admit({ ...tag, sha: object, via: 'poll' })).toEqual(handled);
    expect(runsOf(await admit({ ...tag, ref: 'v2', sha: object, via: 'poll' }))).toHaveLength(1);
    expect(await admit({ ...tag, ref: 'v2', sha: null })).toEqual(handled);
    expect(await admit({ ...tag, ref: 'v2', sha: object })).toEqual(handled);
    expect(runsOf(await admit({ ...tag, ref: 'v3', sha: null }))).toHaveLength(1);
    expect(await admit({ ...tag, ref: 'v3', sha: object, via: 'poll' })).toEqual(handled);
  });
});

describe('which pushes make a release', () => {
  test('is what the newest commit of the default branch says', async () => {
    await add('greeter', '{ branches: [main] }', rig.repository);
    const sha = await rig.repository.commit({
      'funade.yaml': configOf(TEST, { on: '{ branches: [main, next] }' }),
    });
    const [run] = runsOf(await admit({ sha }));
    await rig.ended(run ?? '');
    expect((await readApp(rig.database.db, 'greeter'))?.triggers.branches).toEqual(['main', 'next']);
  });

  test('is not changed by another branch, nor by an old commit', async () => {
    const old = await add('greeter', '{ branches: [main] }', rig.repository);
    rig.repository.git('switch', '--quiet', '--create', 'side');
    const side = await rig.repository.commit({ 'funade.yaml': configOf(TEST, { on: '{ branches: ["**"] }' }) });
    rig.repository.git('switch', '--quiet', 'main');
    const head = await rig.repository.commit({
      'funade.yaml': configOf(TEST, { on: '{ branches: [main, next] }' }),
    });
    for (const ref of [head, side, old]) {
      const run = await rig.releases.ship({ app: 'greeter', ref, by: 'aoi' });
      expect(await rig.ended(run)).toMatchObject({ state: 'succeeded', sha: ref });
    }
    expect((await readApp(rig.database.db, 'greeter'))?.triggers.branches).toEqual(['main', 'next']);
  });
});

describe('an application', () => {
  test('of a name that comes from elsewhere is refused, and one from the same place is renewed', async () => {
    await add('one');
    const other = await createRepository(join(rig.root, 'other'));
    await expect(add('one', undefined, other)).rejects.toMatchObject({
      code: 'FUN_CONFLICT',
      message: expect.stringContaining(join(rig.root, 'one')),
    });
    const again = await rig.releases.addApp({
      source: join(rig.root, 'one'),
      ref: null,
      repository: 'octo/new-name',
      by: 'dai',
    });
    expect(again).toMatchObject({ name: 'one', repository: 'octo/new-name', added_by: 'dai' });
  });

  test('with a broken funade.yaml is not registered, and all its faults are told', async () => {
    const broken = `${configOf(['test: { runn: "true" }'])}enviroment: 1\n`;
    await rig.repository.commit({ 'funade.yaml': broken });
    const adding = rig.releases.addApp({ source: rig.repository.path, ref: null, repository: null, by: 'aoi' });
    await expect(adding).rejects.toMatchObject({ code: 'FUN_CONFIG_INVALID', faults: { length: 2 } });
    expect(await readApp(rig.database.db, 'greeter')).toBeUndefined();
  });

  test('that is removed ends its runs as cancelled, closes their approvals, and can come back', async () => {
    const waiting = await rig.ship(['test: "true"', 'approve: { by: [approver] }', 'deploy: { to: production }']);
    await rig.waiting(waiting, 'approve');
    await rig.releases.removeApp('greeter', 'aoi');
    expect(await rig.ended(waiting)).toMatchObject({ state: 'cancelled', failure: { code: 'FUN_APP_REMOVED' } });
    expect((await rig.stages(waiting)).map(({ state }) => state)).toEqual(['succeeded', 'aborted', 'skipped']);
    const [approval] = await listApprovals(rig.database.db, { runIds: [waiting], limit: 1 });
    expect(approval).toMatchObject({ state: 'void', void_reason: expect.stringContaining('greeter was removed') });
    await expect(
      rig.releases.decideApproval({ approvalId: approval?.id ?? '', user: 'ben', decision: 'approve', comment: '' }),
    ).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
    await expect(rig.releases.retry(waiting, 'aoi')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
    expect(await rig.ended(await rig.ship(TEST))).toMatchObject({ state: 'succeeded' });
  });

  test('that is removed in the middle of a stage lets the stage end, and nothing after it', async () => {
    const run = await rig.ship(['test: sleep 1', 'deploy: { to: production }']);
    await expect.poll(async () => (await rig.stages(run))[0]?.state).toBe('running');
    await rig.releases.removeApp('greeter', 'aoi');
    expect(await rig.ended(run)).toMatchObject({ state: 'cancelled' });
    expect((await rig.stages(run)).map(({ state }) => state)).toEqual(['succeeded', 'skipped']);
    expect(rig.delivery.asked).toEqual([]);
  });
});

test('a tag that is told of twice at once makes one run, and only those that are named are written', async () => {
  await add('one', '{ tags: ["v*"] }');
  const repository = { id: null, fullName: 'octo/mono', addresses: [] };
  const told = { before: null, actor: 'mona', commit: null, deliveryId: 'd1', ...FROM_GITHUB } as const;
  const tag = { kind: 'tag', ref: 'v1', sha: null, repository, ...told } as const;
  const { db } = rig.database;
  const decisions = await transaction(db, async (trx) => {
    const updates = [tag, { ...tag, sha: 'a'.repeat(40) }, { ...tag, ref: 'v2' }, { ...tag, ref: 'v3' }];
    const plan = await rig.releases.planAdmission(trx, updates);
    await plan.write([0, 1, 2]);
    return plan.decisions;
  });
  expect(decisions).toMatchObject([
    { kind: 'queued' },
    { kind: 'ignored', reason: 'tag_has_run' },
    { kind: 'queued' },
    { kind: 'queued' },
  ]);
  const written = await Promise.all(decisions.flatMap(runsOf).map((id) => readRun(db, id)));
  expect(written.map((run) => run?.trigger.ref)).toEqual(['v1', 'v2', undefined]);
});
