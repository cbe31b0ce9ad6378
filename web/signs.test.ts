import { describe, expect, test } from 'vitest';
import { makeRelease, makeRollout } from './fixtures/views.ts';
import { attemptSign, deliverySign, environmentSign, hookSign, rolloutSign, stageSign, taskSign } from './signs.ts';

const paused = { by: 'mika', reason: 'lunch', since: 0 };
const release = makeRelease('greeter', 2, 'second');

describe('a sign', () => {
  test('says that a person is needed wherever a rollout is paused, whatever its phase', () => {
    expect(rolloutSign({ phase: 'shifting', paused })).toEqual({ kind: 'paused', word: 'state.paused' });
    const rollout = makeRollout({ id: 'r', release, paused });
    expect(environmentSign('shifting', rollout)).toEqual({ kind: 'paused', word: 'state.paused' });
  });

  test('of an environment at rest stays idle', () => {
    expect(environmentSign('idle', undefined)).toEqual({ kind: 'idle', word: 'state.idle' });
  });

  test('tells a rollback under way from one that is done and one that failed', () => {
    const kinds = (['rolling_back', 'rolled_back', 'rollback_failed'] as const).map(
      (phase) => rolloutSign({ phase, paused: null }).kind,
    );
    expect(kinds).toEqual(['running', 'rolled_back', 'failed']);
  });

  test('of a stage that has not begun differs from one that is done', () => {
    expect(stageSign('pending').kind).not.toBe(stageSign('succeeded').kind);
  });
});

describe('a sign of the intake', () => {
  test('of a ping that warns of the settings of its hook differs from one that is in order', () => {
    expect(deliverySign({ outcome: 'pong', reason: null })).toEqual({ kind: 'done', word: 'delivery.pong' });
    expect(deliverySign({ outcome: 'pong', reason: 'hook_inactive' })).toEqual({
      kind: 'alert',
      word: 'delivery.pong',
    });
  });

  test('of a task that needs a person differs from one that waits by itself', () => {
    const sign = (state: 'paused' | 'queued', reason: string | null) => taskSign({ state, reason });
    expect([sign('paused', 'paused_by_person').kind, sign('queued', null).kind]).toEqual(['paused', 'waiting']);
    expect(sign('paused', 'drain')).toEqual({ kind: 'waiting', word: 'task.queued' });
  });

  test('of an attempt without an outcome says that it runs', () => {
    expect([attemptSign(null).kind, attemptSign('lost').kind]).toEqual(['running', 'alert']);
  });

  test('of a hook tells nothing, good or trouble', () => {
    const hook = { id: '1', url: null, troubles: [], checkedAt: 0 };
    const signs = [null, hook, { ...hook, troubles: ['hook_inactive'] }].map((each) => hookSign(each).kind);
    expect(signs).toEqual(['idle', 'done', 'alert']);
  });
});
