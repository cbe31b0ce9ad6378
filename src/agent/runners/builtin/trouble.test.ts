import { afterEach, describe, expect, test } from 'vitest';
import {
  type FakeModelAnswer,
  type FakeModelScript,
  type FakeModelServer,
  startModelServer,
} from '../../../../test/fakes/model-server.ts';
import type { ModelConfig } from '../../../config/index.ts';
import { createManualClock } from '../../../kernel/index.ts';
import { createBuiltinRunner } from './index.ts';
import { type JobRig, createJobRig, meansFor, modelAt } from './testing.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
let rig: JobRig;
let server: FakeModelServer;
afterEach(async () => {
  await Promise.all([rig.remove(), server.close()]);
});

const finish = { calls: [{ name: 'finish', arguments: { summary: 'Done.' } }] };

async function runWith(script: FakeModelScript, more: { model?: Partial<ModelConfig>; call?: number } = {}) {
  rig = await createJobRig({ 'a.txt': 'a\n' });
  server = await startModelServer(script);
  const means = meansFor(modelAt(server, more.model), {
    clock: createManualClock(NOW),
    pace: { repeat: [1, 1, 1], ...(more.call === undefined ? {} : { call: more.call }) },
  });
  return createBuiltinRunner(means).run(rig.job());
}

function times(count: number, answer: FakeModelAnswer): readonly FakeModelAnswer[] {
  return Array.from({ length: count }, () => answer);
}

test.each([
  ['403', { status: 403 }, { reason: 'model_key_refused', blame: 'permanent' }],
  ['404', { status: 404 }, { reason: 'model_not_found', blame: 'permanent' }],
  [
    '400 with an unknown model',
    { status: 400, message: 'model "x" not found, try pulling it first' },
    { reason: 'model_not_found', blame: 'permanent' },
  ],
  [
    '400 for another reason',
    { status: 400, message: 'does not support tools' },
    { reason: 'model_refused', blame: 'permanent' },
  ],
  [
    '429 with seconds',
    { status: 429, headers: { 'retry-after': '90' } },
    { reason: 'model_limited', blame: 'transient', at: NOW + 90_000 },
  ],
  [
    '429 with a date',
    { status: 429, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:05:00 GMT' } },
    { reason: 'model_limited', blame: 'transient', at: NOW + 300_000 },
  ],
  ['429 without a time', { status: 429 }, { reason: 'model_limited', blame: 'transient', at: null }],
  [
    '429 with a nonsensical time',
    { status: 429, headers: { 'retry-after': 'soon' } },
    { reason: 'model_limited', blame: 'transient', at: null },
  ],
  [
    '429 because the account is used up',
    { status: 429, code: 'insufficient_quota', message: 'You exceeded your current quota' },
    { reason: 'model_limited', blame: 'permanent' },
  ],
  ['a redirect, which the key does not follow', { status: 302, headers: { location: '/v2' } }, { blame: 'permanent' }],
] as const)('%s is not asked again in this run', async (_, answer, expected) => {
  expect(await runWith([answer])).toMatchObject({ kind: 'failed', ...expected });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ['500', { status: 500 }],
  ['an overloaded endpoint', { status: 529 }],
  ['a connection that is closed', { how: 'drop' }],
] as const)('%s is asked again three times, and then told as unreachable', async (_, answer) => {
  expect(await runWith(times(4, answer))).toMatchObject({
    kind: 'failed',
    reason: 'model_unreachable',
    blame: 'transient',
  });
  expect(server.requests).toHaveLength(4);
});

test('trouble that passes costs nothing', async () => {
  expect(await runWith([{ status: 503 }, { how: 'drop' }, finish])).toMatchObject({ kind: 'succeeded' });
});

test('an endpoint that never answers is given up, and its connection is closed', async () => {
  expect(await runWith(() => ({ how: 'hang' }), { call: 200 })).toMatchObject({
    reason: 'model_unreachable',
    blame: 'transient',
  });
  expect(server.requests).toHaveLength(4);
  await expect.poll(() => server.requests.every(({ aborted }) => aborted)).toBe(true);
});

test('an endpoint that is not there is unreachable', async () => {
  const end = await runWith([], { model: { url: 'http://127.0.0.1:1/v1' } });
  expect(end).toMatchObject({ reason: 'model_unreachable', blame: 'transient' });
});

test.each([
  ['no name of a model', { name: null }, 'agent.model.name'],
  ['no address of a compatible endpoint', { url: null }, 'agent.model.url'],
] as const)('with %s nothing is asked', async (_, model, detail) => {
  const end = await runWith([], { model });
  expect(end).toMatchObject({ reason: 'config_invalid', blame: 'permanent', detail: expect.stringContaining(detail) });
});

describe('nonsense', () => {
  const read = { calls: [{ name: 'read_file', arguments: { path: 'a.txt' } }] };

  test.each([
    ['unknown tools', { calls: [{ name: 'fly', arguments: {} }] }, 'fly'],
    ['arguments that do not fit', { calls: [{ name: 'read_file', arguments: { file: 3 } }] }, 'path'],
    ['arguments that are no JSON', { calls: [{ name: 'read_file', arguments: '{"path": ' }] }, 'JSON'],
    ['arguments that are no object', { calls: [{ name: 'read_file', arguments: '"a.txt"' }] }, 'do not fit'],
    ['text without a call', { text: 'I am done.' }, 'called no tool'],
    ['empty answers', { text: '' }, 'called no tool'],
  ] as const)('%s are told to the model, and fail the run after five', async (_, answer, told) => {
    expect(await runWith(times(5, answer))).toMatchObject({ kind: 'failed', reason: 'model_nonsense', blame: 'agent' });
    expect(server.requests).toHaveLength(5);
    expect(server.faults).toEqual([]);
    expect(JSON.stringify(server.requests[1]!.body.messages.at(-1))).toContain(told);
  });

  test.each([
    ['a body that is no JSON', { raw: '<html>Welcome</html>' }],
    ['a body without choices', { raw: '{"choices":[]}' }],
    ['a body of another kind', { raw: '{"hello":"world"}' }],
  ] as const)('%s is asked for again, five times in all', async (_, answer) => {
    expect(await runWith(times(5, answer))).toMatchObject({ reason: 'model_nonsense', blame: 'agent' });
    expect(server.requests).toHaveLength(5);
  });

  test('four in a row are forgiven by one call that makes sense', async () => {
    const four = times(4, { calls: [{ name: 'fly', arguments: {} }] });
    expect(await runWith([...four, read, ...four, finish])).toMatchObject({ kind: 'succeeded' });
    expect(server.faults).toEqual([]);
  });

  test('a refusal of a tool is no nonsense', async () => {
    const missing = { calls: [{ name: 'read_file', arguments: { path: 'b.txt' } }] };
    expect(await runWith([...times(8, missing), finish])).toMatchObject({ kind: 'succeeded' });
  });

  test('a call that was cut at the limit of output is told why', async () => {
    const cut = { calls: [{ name: 'write_file', arguments: '{"path":"b","content":"aaaa' }], finish: 'length' };
    await runWith([cut, finish]);
    expect(JSON.stringify(server.requests[1]!.body.messages.at(-1))).toContain('write less in one call');
  });
});
