import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND, canary, deployment, pause, rollback, weight } from '../../../test/rollouts/plans.ts';
import { type Walk, startWalk } from '../../../test/rollouts/walk.ts';
import { CANDIDATE } from '../../../test/rollouts/world.ts';

function abortedAt10(): Walk {
  const walk = startWalk(deployment({ strategy: canary([weight(10), pause(HOUR)]), progressDeadline: 5 * MINUTE }));
  walk.until('holding');
  return walk;
}

describe('abort', () => {
  test('ends when the router is seen to give everything to stable, not when the call returned', () => {
    const walk = abortedAt10();
    walk.look({ command: 'abort', obeys: false });
    walk.wait(5 * SECOND);
    expect(walk.state.phase).toBe('aborting');
    walk.look({ weight: 0 });
    expect(walk.state).toMatchObject({ phase: 'aborted', weight: 0, weightsSeen: [10, 0] });
  });

  test('gives no traffic to a stable version that is not ready: capacity first', () => {
    const walk = abortedAt10();
    walk.look({ command: 'abort', stableReady: false });
    walk.wait(MINUTE);
    expect(walk.asked).toEqual([10]);
    walk.look({ stableReady: true });
    expect(walk.asked).toEqual([10, 0]);
  });

  test('is asked for again, under a new key, while it is not seen', () => {
    const walk = abortedAt10();
    const first = walk.look({ command: 'abort', obeys: false });
    walk.wait(9 * SECOND);
    expect(walk.asked).toEqual([10, 0]);
    walk.wait(2 * SECOND);
    expect(walk.asked).toEqual([10, 0, 0]);
    expect(first.effects.map(({ key }) => key)).toEqual(['ro_1:back']);
    walk.wait(10 * SECOND, { obeys: true });
    expect(walk.state.phase).toBe('aborted');
  });

  test('that the target never does ends as rollback_failed at the deadline, and is not tried for ever', () => {
    const walk = abortedAt10();
    walk.look({ command: 'abort', obeys: false });
    const state = walk.until('rollback_failed');
    expect(state).toMatchObject({ phase: 'rollback_failed', weight: 10, weightsSeen: [10] });
    expect(state.outcome?.evidence).toEqual(['the stable version did not get all traffic within 5m']);
  });

  test('after two hours without anybody watching is carried on, not given up', () => {
    const walk = abortedAt10();
    walk.look({ command: 'abort', obeys: false });
    walk.look({ after: 2 * HOUR, obeys: true });
    expect(walk.until('aborted').phase).toBe('aborted');
  });

  test('asks for weight 0 even where it is seen: a call that is still on its way must not land behind it', () => {
    const walk = startWalk(deployment());
    walk.until('shifting');
    walk.look({ obeys: false });
    walk.look({ command: 'abort', obeys: true });
    expect(walk.until('aborted').weightsSeen).toEqual([]);
    expect(walk.asked).toEqual([10, 0]);
  });

  test('before the version is there asks the target for nothing', () => {
    const walk = startWalk(deployment());
    walk.look({ obeys: false });
    walk.look({ command: 'abort' });
    expect(walk.state.phase).toBe('aborted');
    expect(walk.asked).toEqual([]);
  });

  test('of a first release takes its traffic away: there is nothing to go back to', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(100)], HOUR) }), null);
    walk.until('baking');
    walk.look({ command: 'abort' });
    expect(walk.until('rolled_back')).toMatchObject({ phase: 'rolled_back', weight: 0, weightsSeen: [100, 0] });
    expect(walk.asked).toEqual([100, 0]);
  });

  test('of the live release, which was put in place again, takes no traffic from it', () => {
    const walk = startWalk(deployment({ strategy: canary([weight(100)], HOUR) }), CANDIDATE);
    walk.until('baking');
    walk.look({ command: 'abort' });
    expect(walk.state.phase).toBe('rolled_back');
    expect(walk.asked).toEqual([100]);
  });
});

describe('rollback', () => {
  test('switches at once, without steps, pauses or analysis', () => {
    const walk = startWalk(rollback());
    expect(walk.until('rolled_back')).toMatchObject({ phase: 'rolled_back', weight: 100, weightsSeen: [100] });
    expect(walk.asked).toEqual([100]);
  });

  test('gives no traffic to a version that is not ready', () => {
    const walk = startWalk(rollback({ progressDeadline: MINUTE }));
    const state = walk.until('rollback_failed', { ready: false });
    expect(state).toMatchObject({ phase: 'rollback_failed', weightsSeen: [] });
    expect(walk.asked).toEqual([]);
  });

  test('whose switch is never seen ends as rollback_failed and is not itself taken back', () => {
    const walk = startWalk(rollback({ progressDeadline: MINUTE }));
    walk.until('rolling_back');
    const state = walk.until('rollback_failed', { obeys: false });
    expect(state.phase).toBe('rollback_failed');
    expect(walk.asked).not.toContain(0);
    expect(walk.asked.length).toBeGreaterThan(1);
  });

  test('of a version that breaks fails at once and says why', () => {
    const walk = startWalk(rollback());
    walk.until('rolling_back');
    walk.look({ failure: 'the port is taken', ready: false, obeys: false });
    expect(walk.state).toMatchObject({ phase: 'rollback_failed', outcome: { evidence: ['the port is taken'] } });
  });

  test('that a person aborts before the switch is seen leaves all traffic where it was', () => {
    const walk = startWalk(rollback());
    walk.until('rolling_back');
    walk.look({ obeys: false });
    walk.look({ command: 'abort', obeys: true });
    expect(walk.until('aborted')).toMatchObject({ phase: 'aborted', weight: 0 });
    expect(walk.asked).toEqual([100, 0]);
  });

  test('that is seen to have happened is over: an abort in that moment comes too late', () => {
    const walk = startWalk(rollback());
    walk.until('rolling_back');
    walk.look({ obeys: true });
    walk.look({ command: 'abort' });
    expect(walk.state.phase).toBe('rolled_back');
  });

  test('after hours without anybody watching is carried on, never forward and never given up', () => {
    const walk = startWalk(rollback());
    walk.until('rolling_back');
    walk.look({ obeys: false });
    walk.look({ after: 3 * HOUR, obeys: true });
    expect(walk.until('rolled_back').phase).toBe('rolled_back');
  });
});
