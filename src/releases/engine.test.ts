import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ReleaseRig, configOf, createReleaseRig } from '../../test/release-rig.ts';
import { readRelease } from './store.ts';

let rig: ReleaseRig;
beforeAll(async () => {
  rig = await createReleaseRig();
});
afterEach(() => {
  rig.delivery.ends.clear();
  rig.delivery.faults.clear();
  rig.answer = { status: 200, body: 'Hello' };
});
afterAll(() => rig.close());

const names = async (run: string) => (await rig.stages(run)).map(({ name, state }) => `${name} ${state}`);
const rolloutsOf = (run: string) =>
  rig.delivery.asked.filter(({ runId }) => runId === run).map(({ environment }) => environment);
async function approve(): Promise<void> {
  const asked = (await rig.events()).findLast(({ kind }) => kind === 'approval.requested');
  await rig.releases.decideApproval({
    approvalId: asked?.subject ?? '',
    user: 'ben',
    decision: 'approve',
    comment: '',
  });
}

const production = 'deploy: { to: production, name: production }';
const staging = 'deploy: { to: staging, name: staging }';

describe('the way of a run', () => {
  test('it goes from its commit to production through every kind of stage, in order', async () => {
    const run = await rig.ship([
      'validate: test -f index.js',
      'build: { run: "mkdir dist && cp index.js dist/", artifact: dist }',
      'test: test -d dist',
      staging,
      'verify: { in: staging, http: /hello, expect: { body: Hello } }',
      'approve: { by: [approver] }',
      production,
    ]);
    await rig.waiting(run, 'approve');
    expect(rolloutsOf(run)).toEqual(['staging']);
    await approve();
    const ended = await rig.ended(run);
    expect(ended).toMatchObject({ state: 'succeeded', failure: null });
    expect((await rig.stages(run)).map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'succeeded'));
    expect(rolloutsOf(run)).toEqual(['staging', 'production']);
    expect(rig.delivery.asked.at(-1)).toMatchObject({
      releaseId: ended.release_id,
      initiator: { approvedBy: ['ben'] },
    });
    const kinds = (await rig.events(run)).map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual(['run.queued', 'run.started', 'run.planned', 'stage.started']);
    expect(kinds.at(-1)).toBe('run.ended');
    await expect.poll(() => readdir(rig.workspaces)).toEqual([]);
  });

  test('a failing check never touches an environment, and its last words are the evidence', async () => {
    const run = await rig.ship(['validate: echo a style fault; exit 3', staging, production]);
    const { state, failure } = await rig.ended(run);
    expect(state).toBe('failed');
    expect(failure).toMatchObject({
      code: 'FUN_COMMAND_FAILED',
      message: '`echo a style fault; exit 3` ended with exit code 3.',
      evidence: ['$ echo a style fault; exit 3', 'a style fault'],
    });
    expect(await names(run)).toEqual(['validate failed', 'staging skipped', 'production skipped']);
    expect(rolloutsOf(run)).toEqual([]);
  });

  test('failure() and always() run after a failure, and the run stays failed', async () => {
    const run = await rig.ship([
      'test: "false"',
      'run: { name: clean, run: "true", when: always() }',
      'run: { name: tell, run: "true", when: failure() }',
      staging,
    ]);
    expect(await rig.ended(run)).toMatchObject({ state: 'failed' });
    expect(await names(run)).toEqual(['test failed', 'clean succeeded', 'tell succeeded', 'staging skipped']);
  });

  test.each(['aborted', 'rolled_back', 'superseded'])(
    'a rollout that ended as %s ends the run as such',
    async (phase) => {
      rig.delivery.ends.set('staging', phase);
      const run = await rig.ship([staging, production]);
      const { state, failure } = await rig.ended(run);
      expect(state).toBe(phase);
      expect(failure).toMatchObject({ code: 'FUN_ROLLOUT_ENDED', evidence: ['evidence of the rollout'] });
      expect(rolloutsOf(run)).toEqual(['staging']);
    },
  );

  test('a rollout that could not be rolled back fails the run', async () => {
    rig.delivery.ends.set('staging', 'rollback_failed');
    expect((await rig.ended(await rig.ship([staging]))).state).toBe('failed');
  });

  test('a retry is a run of its own, of the same commit', async () => {
    const first = await rig.ended(await rig.ship(['test: "false"']));
    await rig.repository.commit({ 'index.js': 'exports.handler = 9;\n' });
    const again = await rig.ended(await rig.releases.retry(first.id, 'dai'));
    expect(again.id).not.toBe(first.id);
    expect(again).toMatchObject({ sha: first.sha, trigger: { kind: 'retry', actor: 'dai', author: 'aoi' } });
  });

  test('a run that has not ended is not retried', async () => {
    const run = await rig.ship(['approve: { by: [approver] }', staging]);
    await rig.waiting(run, 'approve');
    await expect(rig.releases.retry(run, 'dai')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  });
});

describe('commands', () => {
  test('a stage that hangs is stopped at its timeout, with everything that it started', async () => {
    const run = await rig.ship(['test: { run: "sleep 987 & echo $! > pid; sleep 986", timeout: 1s }', staging]);
    const { failure } = await rig.ended(run);
    expect(failure).toMatchObject({ code: 'FUN_COMMAND_TIMEOUT' });
    expect(await processes('sleep 98[67]')).toBe('');
  });

  test('output far over the cap is dropped, and the command is still judged', { timeout: 60_000 }, async () => {
    const flood = 'head -c 40000000 /dev/zero | tr "\\0" x';
    const run = await rig.ship([`build: { run: '${flood}; echo; mkdir out; echo 1 > out/index.js', artifact: out }`]);
    expect(await rig.ended(run, 50_000)).toMatchObject({ state: 'succeeded' });
    const log = await rig.log(run);
    expect(log.length).toBeLessThan(11_000_000);
    expect(log).toMatch(/\(\d+ bytes of output were dropped at the cap\)/);
  });

  test('the log has all of the output, in order', async () => {
    const run = await rig.ship(['test: seq 1 40000', 'run: echo after']);
    await rig.ended(run);
    const expected = Array.from({ length: 40_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(expected.length).toBeGreaterThan(200_000);
    expect(await rig.log(run, 0)).toBe(`$ seq 1 40000\n${expected}`);
    expect(await rig.log(run)).toBe(`$ seq 1 40000\n${expected}$ echo after\nafter\n`);
  });

  test('output that PostgreSQL can’t hold is stored with replacements', async () => {
    const run = await rig.ship([`test: printf 'a\\000b\\n'; exit 1`]);
    const { failure } = await rig.ended(run);
    expect(failure?.evidence.at(-1)).toBe('a\uFFFDb');
  });

  test('a command knows its application, run and commit, and nothing of the server', async () => {
    process.env['FUNADE_TEST_SECRET'] = 'not for builds';
    const run = await rig.ship(['test: { run: env, environment: { GREETING: hello } }']);
    delete process.env['FUNADE_TEST_SECRET'];
    const { sha } = await rig.ended(run);
    const log = await rig.log(run);
    expect(log).toContain(`FUNADE_APP=greeter\n`);
    expect(log).toContain(`FUNADE_RUN=${run}\n`);
    expect(log).toContain(`FUNADE_COMMIT=${sha}\n`);
    expect(log).toContain('GREETING=hello\n');
    expect(log).not.toContain('not for builds');
  });
});

describe('releases', () => {
  const build = 'build: { run: "mkdir out && cp index.js out/", artifact: out }';

  test('the same content is the same release with the same number; other content is the next one', async () => {
    const first = await rig.ended(await rig.ship([build]));
    const again = await rig.ended(await rig.releases.retry(first.id, 'aoi'));
    expect(again.release_id).toBe(first.release_id);
    const other = await rig.ended(await rig.ship([build], { 'index.js': 'exports.handler = "other";\n' }));
    const [v1, v2] = await Promise.all([first, other].map((run) => readRelease(rig.database.db, run.release_id ?? '')));
    expect(v2?.number).toBe((v1?.number ?? 0) + 1);
    expect(v2?.range[0]?.sha).toBe(other.sha);
    expect((await rig.events(first.release_id ?? '')).map(({ kind }) => kind)).toEqual([
      'release.sealed',
      'release.reused',
    ]);
  });

  test('a pipeline without a build ships its checkout', async () => {
    const run = await rig.ended(await rig.ship([production]));
    expect(run.release_id).toMatch(/^rel_/);
    expect(rig.delivery.asked.at(-1)?.releaseId).toBe(run.release_id);
  });

  test('an artifact that the build did not make fails the build, before any rollout', async () => {
    const run = await rig.ship(['build: { run: "true", artifact: nowhere }', production]);
    expect((await rig.ended(run)).failure).toMatchObject({
      code: 'FUN_ARTIFACT_REFUSED',
      message: expect.stringContaining('nowhere'),
    });
    expect(rolloutsOf(run)).toEqual([]);
  });

  test('an artifact that is gone when it is to be deployed is told, before any rollout', async () => {
    const run = await rig.ship([build, 'approve: { by: [approver] }', production], { 'index.js': '// soon gone\n' });
    await rig.waiting(run, 'approve');
    await rm(join(rig.root, 'artifacts', 'sha256'), { recursive: true });
    await approve();
    expect((await rig.ended(run)).failure).toMatchObject({ code: 'FUN_ARTIFACT_GONE' });
    expect(rolloutsOf(run)).toEqual([]);
    await mkdir(join(rig.root, 'artifacts', 'sha256'));
  });

  test('an artifact that is a link out of the checkout is refused: the server’s files are not the build’s', async () => {
    await mkdir(join(rig.root, 'private'), { recursive: true });
    await writeFile(join(rig.root, 'private', 'key'), 'secret');
    const run = await rig.ship([`build: { run: ln -s ${join(rig.root, 'private')} out, artifact: out }`]);
    expect((await rig.ended(run)).failure).toMatchObject({ code: 'FUN_ARTIFACT_REFUSED' });
  });

  test('an artifact that can’t run on its target is found before any rollout, with every fault', async () => {
    rig.delivery.faults.set('production', ['hello: index.js has no export handler', 'time: time.js is missing']);
    const run = await rig.ship([production]);
    expect((await rig.ended(run)).failure).toMatchObject({
      code: 'FUN_TARGET_UNSUITABLE',
      evidence: ['hello: index.js has no export handler', 'time: time.js is missing'],
    });
    expect(rolloutsOf(run)).toEqual([]);
  });
});

describe('verification', () => {
  const verify = 'verify: { in: staging, http: /hello, expect: { status: 200 }, attempts: 2 }';

  test('a failure takes back what this run deployed there, once, and goes no further', async () => {
    rig.answer = { status: 500, body: 'boom' };
    const run = await rig.ship([staging, verify, production], { 'index.js': `// ${rig.now()}\n` });
    const { state, failure, release_id } = await rig.ended(run);
    expect(state).toBe('failed');
    expect(failure).toMatchObject({ code: 'FUN_VERIFY_FAILED', message: expect.stringContaining('status 500') });
    expect(failure?.evidence.at(-1)).toMatch(/^staging goes back: rollout_back_/);
    const own = rig.delivery.rollbacks.filter(({ releaseId }) => releaseId === release_id);
    expect(own).toMatchObject([{ environment: 'staging', reason: `verification of run ${run} failed` }]);
    expect(rolloutsOf(run)).toEqual(['staging']);
  });

  test('a failure takes nothing back where this run deployed nothing', async () => {
    rig.answer = { status: 500, body: 'boom' };
    const before = rig.delivery.rollbacks.length;
    const run = await rig.ship(['test: "true"', verify, production]);
    expect((await rig.ended(run)).state).toBe('failed');
    expect(rig.delivery.rollbacks).toHaveLength(before);
  });

  test('a newer release that is live by now stays: it is not what failed', async () => {
    rig.answer = { status: 500, body: 'boom' };
    const run = await rig.ship([staging, 'approve: { by: [approver] }', verify], { 'index.js': `// ${rig.now()}\n` });
    await rig.waiting(run, 'approve');
    rig.delivery.live.set('staging', 'rel_newer');
    await approve();
    const { failure } = await rig.ended(run);
    expect(failure?.evidence.at(-1)).toBe('there was nothing to roll staging back to');
    expect(rig.delivery.live.get('staging')).toBe('rel_newer');
  });

  test('an answer that is cut in the middle of an emoji can be kept', async () => {
    rig.answer = { status: 500, body: `${'x'.repeat(199)}😀 \0` };
    const run = await rig.ship(['test: "true"', verify]);
    expect((await rig.ended(run)).failure?.message).toContain('\uFFFD');
  });

  test('commands get the address of what was deployed', async () => {
    const run = await rig.ship([staging, 'verify: { in: staging, run: "echo at $FUNADE_URL in $FUNADE_ENVIRONMENT" }']);
    expect((await rig.ended(run)).state).toBe('succeeded');
    expect(await rig.log(run, 1)).toContain('at http://fake/fn/staging/greeter in staging');
  });
});

describe('what can’t be planned', () => {
  test('a broken funade.yaml fails the run with every fault, its place and the nearest key', async () => {
    await rig.ship([staging]);
    const broken = `${configOf(['test: "true"', 'deploy: { to: nowhere }'])}enviroment: 1\n`;
    await rig.repository.commit({ 'funade.yaml': broken });
    const run = await rig.releases.ship({ app: 'greeter', ref: null, by: 'aoi' });
    const { state, failure } = await rig.ended(run);
    expect(state).toBe('failed');
    expect(failure?.code).toBe('FUN_CONFIG_INVALID');
    expect(failure?.evidence).toHaveLength(2);
    expect(failure?.evidence.join('\n')).toMatch(/funade\.yaml:6:\d+ .*nowhere/);
    expect(failure?.evidence.join('\n')).toMatch(/funade\.yaml:10:1 .*enviroment.*Did you mean "environments"\?/);
    expect(await rig.stages(run)).toEqual([]);
  });

  test('a commit without funade.yaml fails the run and says where it was looked for', async () => {
    rig.repository.git('rm', '--quiet', 'funade.yaml');
    const sha = await rig.repository.commit();
    const run = await rig.releases.ship({ app: 'greeter', ref: null, by: 'aoi' });
    expect((await rig.ended(run)).failure).toMatchObject({
      code: 'FUN_CONFIG_MISSING',
      message: `Can't find funade.yaml in commit ${sha.slice(0, 7)}.`,
    });
  });

  test('a funade.yaml of another application fails the run', async () => {
    await rig.repository.commit({ 'funade.yaml': configOf([staging], { app: 'other' }) });
    const run = await rig.releases.ship({ app: 'greeter', ref: null, by: 'aoi' });
    expect((await rig.ended(run)).failure?.evidence.join()).toContain('app is other, but');
  });

  test('a ref that is not there is refused at once, and no run is made', async () => {
    const before = (await rig.events()).filter(({ kind }) => kind === 'run.queued').length;
    await expect(rig.releases.ship({ app: 'greeter', ref: 'mian', by: 'aoi' })).rejects.toMatchObject({
      code: 'FUN_GIT_REF_MISSING',
      message: expect.stringContaining('near it: main'),
    });
    expect((await rig.events()).filter(({ kind }) => kind === 'run.queued')).toHaveLength(before);
  });

  test('an application that nobody registered is refused', async () => {
    await expect(rig.releases.ship({ app: 'unknown', ref: null, by: 'aoi' })).rejects.toMatchObject({
      code: 'FUN_NOT_FOUND',
    });
  });

  test('a source that is not the registered one is refused, not ignored', async () => {
    await expect(
      rig.releases.ship({ app: 'greeter', ref: null, source: '/elsewhere', by: 'aoi' }),
    ).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  });
});

/** Processes whose command line fits, as pgrep shows them. */
function processes(pattern: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('pgrep', ['-f', '-a', pattern], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    child.on('close', () => resolve(text));
  });
}
