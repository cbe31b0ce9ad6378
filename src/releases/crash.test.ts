import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FROM_GITHUB, type ReleaseRig, type RigOptions, createReleaseRig } from '../../test/release-rig.ts';
import { silentLogger } from '../kernel/index.ts';
import { transaction } from '../store/index.ts';
import { createStageLog } from './logs/stage-log.ts';
import { readRun } from './store.ts';

let rig: ReleaseRig;
let options: RigOptions = {};
let broken: string | null = null;
beforeEach(async () => {
  broken = null;
  options = {
    override: ({ sandbox }) => ({
      sandbox: {
        ...sandbox,
        run: (request) => (broken === null ? sandbox.run(request) : Promise.reject(new TypeError(broken))),
      },
    }),
  };
  rig = await createReleaseRig(options);
});
afterEach(() => rig.close());

const staging = 'deploy: { to: staging }';
/** A file in the checkout of a run: what its commands and the test tell each other. */
const mark = (run: string, file: string) => join(rig.workspaces, run, 'checkout', file);

async function appeared(path: string): Promise<void> {
  await expect.poll(() => stat(path).then(Boolean, () => false), { timeout: 10_000, interval: 10 }).toBe(true);
}

async function wake(run: string): Promise<void> {
  await transaction(rig.database.db, (trx) => rig.releases.wake(trx, run));
}

/** Lets the next `count` statements of this kind fail, as if the process had died in front of them. */
async function failNext(table: 'stages' | 'stage_logs', condition: string, count = 1): Promise<void> {
  const { db } = rig.database;
  await sql`create sequence deaths`.execute(db);
  await sql
    .raw(
      `create function die() returns trigger language plpgsql as $$ begin
         if ${condition} and nextval('deaths') <= ${count} then raise exception 'the process died here'; end if;
         return new; end $$`,
    )
    .execute(db);
  await sql`create trigger die before insert or update on ${sql.table(table)} for each row execute function die()`.execute(
    db,
  );
}

describe('a process that ends', () => {
  test('in the middle of a stage: the stage runs again as attempt 2, and the log says so', async () => {
    const run = await rig.ship(['test: "echo begun; touch begun; test -f go || sleep 60"', staging]);
    await appeared(mark(run, 'begun'));
    await rig.releases.stop();
    expect((await rig.stages(run))[0]).toMatchObject({ state: 'running', attempt: 1 });
    await writeFile(mark(run, 'go'), '');
    await rig.restart();
    expect(await rig.ended(run)).toMatchObject({ state: 'succeeded' });
    expect((await rig.stages(run)).map(({ attempt }) => attempt)).toEqual([2, 1]);
    expect(await rig.log(run, 0)).toMatch(/^\$ .*\nbegun\n-- the server was restarted; attempt 2 --\n\$ .*\nbegun\n$/);
    expect(rig.delivery.asked).toHaveLength(1);
  });

  test('while another has taken over: what the old one finds counts no more', async () => {
    const run = await rig.ship(['test: "if test -f begun; then sleep 3; fi; touch begun; sleep 1; exit 1"', staging]);
    await appeared(mark(run, 'begun'));
    await rig.restart(); // frees all leases, as a process that believes to be alone
    await expect.poll(async () => (await rig.stages(run))[0]?.attempt).toBe(2);
    expect(await rig.ended(run)).toMatchObject({ state: 'failed' });
    const ends = (await rig.events(run)).filter(({ kind }) => kind.endsWith('.ended'));
    expect(ends.map(({ kind }) => kind)).toEqual(['stage.ended', 'run.ended']);
    const [first] = await rig.stages(run);
    const took = (first?.finished_at?.getTime() ?? 0) - (first?.started_at?.getTime() ?? 0);
    expect(took).toBeGreaterThan(3000); // the second attempt's end, not the first one's
  });

  test('between the artifact and the end of the build: one release, with no gap in the numbers', async () => {
    await failNext('stages', `new.state = 'succeeded'`);
    const run = await rig.ship(['build: { run: "mkdir -p out; date +%N > out/index.js", artifact: out }', staging]);
    const { release_id } = await rig.ended(run);
    const { rows } = await sql<{ id: string; number: number }>`select id, number from releases`.execute(
      rig.database.db,
    );
    expect(rows).toEqual([{ id: release_id, number: 1 }]);
    expect((await rig.events()).filter(({ kind }) => kind === 'release.sealed')).toHaveLength(1);
  });

  test('between asking for a rollout and knowing of it: the rollout is asked for once', async () => {
    await failNext('stages', `new.rollout_id is not null`);
    const run = await rig.ship([staging]);
    expect(await rig.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(rig.delivery.asked).toHaveLength(1);
  });

  test('between the verdict of a verification and the way back: the verdict stands, one rollback', async () => {
    await failNext('stages', `new.state = 'failed'`);
    rig.answer = { status: 500, body: '' };
    const run = await rig.ship([staging, 'verify: { in: staging, http: /hello, attempts: 1 }', 'deploy: production']);
    await expect.poll(() => rig.delivery.rollbacks.length, { timeout: 10_000 }).toBe(1);
    rig.answer = { status: 200, body: 'of the version that was put back' };
    expect(await rig.ended(run)).toMatchObject({ state: 'failed', failure: { code: 'FUN_VERIFY_FAILED' } });
    expect(rig.delivery.rollbacks).toHaveLength(1);
    expect(rig.delivery.asked.map(({ environment }) => environment)).toEqual(['staging']);
  });

  test('after the end of a run: its workspace goes all the same', async () => {
    const run = await rig.ship(['test: "true"']);
    await rig.ended(run);
    await mkdir(join(rig.workspaces, run, 'checkout'), { recursive: true });
    await wake(run);
    await expect.poll(() => readdir(rig.workspaces)).toEqual([]);
  });
});

describe('trouble that may pass', () => {
  const away = () => `${rig.repository.path}-away`;

  async function pushed(): Promise<string> {
    await rig.ended(await rig.ship(['test: "true"']));
    const sha = await rig.repository.commit();
    await rename(rig.repository.path, away());
    const admitted = await transaction(rig.database.db, (trx) =>
      rig.releases.admit(trx, {
        kind: 'push',
        ref: 'main',
        sha,
        before: null,
        ...FROM_GITHUB,
        repository: { id: null, fullName: 'octo/greeter', addresses: [] },
        actor: 'mona',
        commit: null,
        deliveryId: 'd1',
      }),
    );
    return admitted.kind === 'queued' ? (admitted.runIds[0] ?? '') : '';
  }

  const troubleOf = async (run: string) => (await readRun(rig.database.db, run))?.trouble ?? null;

  test('a repository that is away is tried again, and the wait names its cause and its end', async () => {
    const run = await pushed();
    await expect.poll(() => troubleOf(run)).not.toBeNull();
    const trouble = await troubleOf(run);
    expect(trouble).toMatchObject({
      cause: expect.stringMatching(/^Failed to fetch /),
      endedBy: 'the next try that succeeds',
    });
    expect(trouble?.until).toBe((trouble?.since ?? 0) + 600_000);
    await rename(away(), rig.repository.path);
    expect(await rig.ended(run)).toMatchObject({ state: 'succeeded', trouble: null });
  });

  test('a repository that stays away ends the run with the reason', async () => {
    const run = await pushed();
    await expect.poll(() => troubleOf(run)).not.toBeNull();
    rig.advance(600_000);
    expect(await rig.ended(run)).toMatchObject({
      state: 'failed',
      failure: { code: 'FUN_GIT_UNREACHABLE', evidence: [expect.stringMatching(/^tried again for 10m/)] },
    });
    const told = (await rig.events(run)).filter(({ kind }) => kind === 'run.troubled');
    expect(told).toHaveLength(1);
  });

  test('what nobody has foreseen is tried again as another attempt', async () => {
    broken = 'something is undefined';
    const run = await rig.ship(['test: echo fine']);
    await expect.poll(() => troubleOf(run)).toMatchObject({ cause: expect.stringContaining('Failed inside Funade') });
    broken = null;
    expect(await rig.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(await rig.log(run)).toMatch(
      /Failed inside Funade\.\n-- trying again; attempt \d+ --\n\$ echo fine\nfine\n$/,
    );
    expect(await rig.log(run)).not.toContain('undefined');
  });

  test('what nobody has foreseen and does not pass ends the run', async () => {
    broken = 'something is undefined';
    const run = await rig.ship(['test: echo fine', staging]);
    await expect.poll(() => troubleOf(run)).not.toBeNull();
    rig.advance(600_000);
    expect(await rig.ended(run)).toMatchObject({ state: 'failed', failure: { code: 'FUN_INTERNAL' } });
    expect(rig.delivery.asked).toEqual([]);
  });

  test('output that the database refuses for a while is stored later, whole and in order', async () => {
    const run = await rig.ship(['test: "true"']);
    await rig.ended(run);
    await failNext('stage_logs', 'true', 2);
    const { db } = rig.database;
    const before = await rig.log(run);
    const log = createStageLog(db, { run_id: run, index: 0 }, silentLogger);
    log.line('one');
    await log.flush();
    log.line('two');
    await log.flush();
    log.line('three');
    await expect.poll(() => rig.log(run), { timeout: 10_000 }).toBe(`${before}one\ntwo\nthree\n`);
  });
});

describe('what takes too long', () => {
  test('a rollout over the time of its stage is aborted, without asking again and again', async () => {
    rig.delivery.ends.set('staging', null);
    const run = await rig.ship(['deploy: { to: staging, timeout: 1s }']);
    await expect.poll(() => rig.delivery.aborted.length, { timeout: 10_000 }).toBe(1);
    expect(rig.delivery.aborted[0]?.reason).toBe('the stage did not end within 1s');
    await expect
      .poll(async () => (await rig.stages(run))[0]?.wait?.cause)
      .toBe('the end of the rollout to staging, which was aborted after 1s');
    for (let look = 0; look < 20; look += 1) await wake(run);
    await rig.delivery.end(rig.delivery.asked[0]?.id ?? '', 'aborted');
    expect((await rig.ended(run)).state).toBe('aborted');
    expect(rig.delivery.aborted).toHaveLength(1);
  });

  test('output of old runs can be forgotten; that of others stays', async () => {
    const old = await rig.ship(['test: echo old']);
    await rig.ended(old);
    const waiting = await rig.ship(['test: echo new', 'approve: { by: [approver] }']);
    await rig.waiting(waiting, 'approve');
    expect(await rig.releases.pruneLogs(Date.now() + 60_000)).toBeGreaterThan(0);
    expect(await rig.log(old)).toBe('');
    expect(await rig.log(waiting)).toContain('new');
  });
});
