import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { cli } from '../../test/fakes/terminal.ts';
import { view as deliveries, ignored } from '../../test/fixtures/deliveries-of-a-morning/view.ts';
import { delivery } from '../../test/fixtures/intake-views.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function funade(argv: readonly string[], columns = 120) {
  return cli(argv, { columns, environment: { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN } });
}

test('deliveries list narrows by source and outcome', async () => {
  plane.route('GET /api/v1/deliveries', { json: { items: deliveries, next: null } });
  const { code, stdout } = await funade([
    'deliveries',
    'list',
    '--source',
    'github',
    '--outcome',
    'ignored',
    '--limit',
    '3',
  ]);
  expect([code, plane.seen.at(-1)?.query]).toEqual([0, { source: 'github', outcome: 'ignored', limit: '3' }]);
  expect(stdout).toContain('task_01hzx3v5qabcdefg');
  expect(stdout).toContain('not_target_label');
});

test('an outcome that is none is a usage error', async () => {
  const { code, stderr } = await funade(['deliveries', 'list', '--outcome', 'lost']);
  expect([code, plane.seen]).toEqual([2, []]);
  expect(stderr).toContain('queued, ignored, pong, rejected');
});

test.each([
  ['en', 'The label is not the one that hands an issue or change to the agent.', 'came again 2 times'],
  ['ja', 'エージェントに渡すためのラベルではありません。', '重複 2 回'],
])('deliveries show tells in %s why nothing happened, who sent it and how often', async (language, why, again) => {
  plane.route(`GET /api/v1/deliveries/${ignored.id}`, { json: ignored });
  const { stdout } = await funade(['deliveries', 'show', ignored.id, '--lang', language]);
  for (const part of [why, again, '20260131-3fa9', '192.0.2.7', '{"action":"labeled"}']) expect(stdout).toContain(part);
});

test('a ping shows every setting that will hurt', async () => {
  const pong = delivery({ event: 'ping', outcome: 'pong', reason: 'missing_event,tls_verification_off' });
  plane.route(`GET /api/v1/deliveries/${pong.id}`, { json: pong });
  const { stdout } = await funade(['deliveries', 'show', pong.id]);
  expect(stdout).toContain('does not send all events');
  expect(stdout).toContain('does not check the TLS certificate');
});

test('what a sender wrote can not move the cursor', async () => {
  const hostile = delivery({
    event: 'push\u001b[2J',
    remoteAddress: '\u009b31m',
    headers: { 'user-agent\u001b[2J': '\u001b]0;title\u0007\u009b31mred' },
    body: 'a\u001b[2Jb\u0000',
  });
  plane.route(`GET /api/v1/deliveries/${hostile.id}`, { json: hostile });
  const { stdout } = await funade(['deliveries', 'show', hostile.id]);
  expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('deliveries replay tells what became of it this time', async () => {
  const replayed = delivery({
    id: 'dlv_new',
    outcome: 'queued',
    reason: null,
    taskIds: ['task_1'],
    replayOf: 'dlv_old',
  });
  plane.route('POST /api/v1/deliveries/dlv_old/replay', { json: replayed, status: 201 });
  const { code, stdout, stderr } = await funade(['deliveries', 'replay', 'dlv_old']);
  expect(code).toBe(0);
  expect(stdout).toContain('funade tasks show task_1');
  expect(stderr).toContain('dlv_new');
  const json = await funade(['deliveries', 'replay', 'dlv_old', '--json']);
  expect(JSON.parse(json.stdout)).toEqual(replayed);
});
