import { describe, expect, test } from 'vitest';
import { makeRelease, makeRollout } from './fixtures/views.ts';
import { environmentSign, rolloutSign, stageSign } from './signs.ts';

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
