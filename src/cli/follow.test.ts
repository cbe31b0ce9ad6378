import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { type CliOptions, startCli } from '../../test/fakes/terminal.ts';
import { view as aborted } from '../../test/fixtures/run-aborted-by-analysis/view.ts';
import { view as building } from '../../test/fixtures/run-building/view.ts';
import { view as canary, rollout } from '../../test/fixtures/run-canary-at-25/view.ts';
import { view as failed } from '../../test/fixtures/run-failed-in-test/view.ts';
import { view as paused } from '../../test/fixtures/run-paused-by-analysis/view.ts';
import { view as approval } from '../../test/fixtures/run-waiting-for-approval/view.ts';
import type { RunView } from '../api/contract/index.ts';

const RUN = '/api/v1/runs/run_01hzx3v5qabcdefg';
const succeeded: RunView = { ...canary, state: 'succeeded', stages: [], wait: null };

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function show(run: RunView): void {
  plane.route(`GET ${RUN}`, { json: run });
}

function watch(argv: readonly string[], options: CliOptions = {}) {
  const environment = { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN };
  return startCli(argv, { environment, ...options });
}

function streamOpen() {
  return expect.poll(() => plane.streams(), { timeout: 10_000 }).toBe(1);
}

function eventStreams() {
  return plane.seen.filter((request) => request.path === '/api/v1/events');
}

test.each([
  [succeeded, 0],
  [failed, 1],
  [aborted, 3],
])('the exit code tells how the run ended (%#)', async (run, code) => {
  show(run);
  const outcome = await watch(['watch', run.id]).ended;
  expect(outcome.code).toBe(code);
});

test('an event makes it look again, long before it would by itself', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  await expect.poll(() => watched.stdout()).toContain('build  ◌ running');
  show(failed);
  const changedAt = performance.now();
  plane.emit({ app: 'greeter' });
  const { code, stdout } = await watched.ended;
  expect(performance.now() - changedAt).toBeLessThan(1500);
  expect(code).toBe(1);
  expect(stdout).toContain('test  ✖ failed');
});

test('events of another application do not make it look', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  await expect.poll(() => watched.stdout()).toContain('running');
  const looks = () => plane.seen.filter((request) => request.path === RUN).length;
  const before = looks();
  const until = performance.now() + 1000;
  while (performance.now() < until) {
    plane.emit({ app: 'billing' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(looks() - before).toBeLessThanOrEqual(1);
  watched.interrupt();
  await watched.ended;
});

test('a hundred events in a second cost at most five or six looks', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  const looks = () => plane.seen.filter((request) => request.path === RUN).length;
  const before = looks();
  const until = performance.now() + 1000;
  while (performance.now() < until) {
    plane.emit({});
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(looks() - before).toBeLessThanOrEqual(6);
  watched.interrupt();
  await watched.ended;
});

test('after a broken stream it connects again and looks again', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  plane.cutStreams();
  await expect.poll(() => eventStreams().length, { timeout: 10_000 }).toBe(2);
  show(succeeded);
  plane.emit({});
  expect((await watched.ended).code).toBe(0);
});

test('Ctrl-C ends with 130 and says that the work goes on', async () => {
  show(canary);
  const watched = watch(['watch', canary.id]);
  await streamOpen();
  watched.interrupt();
  const { code, stderr } = await watched.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('greeter v12 goes on; follow it with `funade watch run_01hzx3v5qabcdefg`.');
  await expect.poll(() => plane.streams()).toBe(0);
});

test('--timeout ends with 5 while the work goes on', async () => {
  show(canary);
  const { code, stderr } = await watch(['watch', canary.id, '--timeout', '300ms']).ended;
  expect(code).toBe(5);
  expect(stderr).toContain('FUN_WAIT_TIMEOUT');
});

test.each([
  [approval, 'funade approve apr_01hzx3v5qabcdefg'],
  [paused, 'funade resume greeter production'],
])('--no-input ends with 4 and the next commands when only a person can move it (%#)', async (run, command) => {
  show(run);
  const { code, stdout } = await watch(['watch', run.id, '--no-input', '--json']).ended;
  expect(code).toBe(4);
  const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { status: string; next: { command: string }[] };
  expect(answer.status).toBe('action_required');
  expect(answer.next.map((next) => next.command)).toContain(command);
});

test('without --no-input a pending approval is waited for', async () => {
  show(approval);
  const watched = watch(['watch', approval.id]);
  await streamOpen();
  show(succeeded);
  plane.emit({});
  expect((await watched.ended).code).toBe(0);
});

test('--json prints one JSON line per change and nothing else', async () => {
  show(building);
  const watched = watch(['watch', building.id, '--json']);
  await streamOpen();
  await expect.poll(() => watched.stdout()).not.toBe('');
  plane.emit({});
  show(succeeded);
  plane.emit({});
  const { stdout, stderr } = await watched.ended;
  const states = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as RunView).state);
  expect(states).toEqual(['running', 'succeeded']);
  expect(stderr).toBe('');
});

test('on a terminal the tree is repainted in place and stands at the end', async () => {
  show(building);
  const watched = watch(['watch', building.id], { tty: true, columns: 100 });
  await streamOpen();
  await expect.poll(() => watched.stdout()).toContain('├─ ◌ running  build');
  show(failed);
  plane.emit({});
  const { stdout } = await watched.ended;
  expect(stdout).toMatch(/\u001B\[\d+A\r/u);
  expect(stdout.slice(stdout.lastIndexOf('\u001B[?2026h'))).toContain('├─ ✖ failed   test');
  expect(stdout.endsWith('\u001B[?25h')).toBe(true);
});

test('a revoked token ends the watch with 6', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  plane.route(`GET ${RUN}`, { problem: { status: 401, code: 'FUN_UNAUTHENTICATED' } });
  plane.emit({});
  expect((await watched.ended).code).toBe(6);
});

test('a server that restarts is waited for', async () => {
  show(building);
  const watched = watch(['watch', building.id]);
  await streamOpen();
  plane.route(`GET ${RUN}`, { problem: { status: 503, code: 'FUN_UNAVAILABLE' } });
  plane.cutStreams();
  await expect.poll(() => watched.stderr(), { timeout: 10_000 }).toContain('does not answer');
  expect(watched.stderr()).not.toContain('(0ms)');
  show(succeeded);
  expect((await watched.ended).code).toBe(0);
});

test('without an id the newest run is followed, with a name the newest of that application', async () => {
  show(succeeded);
  plane.route('GET /api/v1/runs', { json: { items: [succeeded], next: null } });
  expect((await watch(['watch']).ended).code).toBe(0);
  expect((await watch(['watch', 'greeter']).ended).code).toBe(0);
  const lists = plane.seen.filter((request) => request.path === '/api/v1/runs');
  expect(lists.map((request) => request.query)).toEqual([{ limit: '1' }, { app: 'greeter', limit: '1' }]);
});

test('an id that is no run is looked up as a rollout', async () => {
  plane.route(`GET /api/v1/rollouts/${rollout.id}`, { json: { ...rollout, phase: 'aborted' } });
  expect((await watch(['watch', rollout.id]).ended).code).toBe(3);
});

test('an unknown id ends with 2', async () => {
  expect((await watch(['watch', 'run_01hzx3v5qzzzzzzz']).ended).code).toBe(2);
});
