import { describe, expect, test } from 'vitest';
import {
  type EnvironmentFacts,
  GATE_LIMIT,
  type Hold,
  type Initiator,
  type WaitingRollout,
  admit,
  heldBecause,
} from './admit.ts';

const NOW = 1_750_000_000_000;
const AUTOMATION: Initiator = { kind: 'automation', user: 'github', approvedBy: [] };
const PERSON: Initiator = { kind: 'person', user: 'mei', approvedBy: [] };
const APPROVED: Initiator = { kind: 'automation', user: 'github', approvedBy: ['mei'] };
const IDLE: EnvironmentFacts = { live: 'rel_41', hold: null, drift: null, active: null };

function waiting(number: number, overrides: Partial<WaitingRollout> = {}): WaitingRollout {
  return {
    id: `ro_${number}`,
    kind: 'deploy',
    releaseId: `rel_${number}`,
    number,
    initiator: AUTOMATION,
    createdAt: NOW - 60_000,
    concurrency: 'supersede',
    older: false,
    ...overrides,
  };
}

function hold(number: number, scope: Hold['scope']): Hold {
  const taken = { releaseId: `rel_${number}`, releaseNumber: number };
  return { ...taken, scope, by: 'mei', reason: 'it was slow', since: NOW - 3_600_000 };
}

/** What becomes of each, by release number. */
function outcome(environment: EnvironmentFacts, line: readonly WaitingRollout[], now = NOW): Record<string, string> {
  return Object.fromEntries(
    admit(environment, line, now).map((admission) => [
      admission.id,
      admission.kind === 'wait' ? admission.phase : admission.kind,
    ]),
  );
}

describe('the line', () => {
  test('an environment that nobody has is given to the one that waits', () => {
    expect(outcome(IDLE, [waiting(42)])).toEqual({ ro_42: 'start' });
  });

  test('while a rollout has the environment the next one waits, and its wait names who blocks it', () => {
    const [admission] = admit({ ...IDLE, active: 'ro_41' }, [waiting(42)], NOW);
    expect(admission).toEqual({
      id: 'ro_42',
      kind: 'wait',
      phase: 'waiting_lock',
      wait: {
        cause: 'rollout ro_41 has the environment',
        since: NOW - 60_000,
        until: null,
        endedBy: 'its end, or `funade abort`',
      },
    });
  });

  test('at most one starts', () => {
    const line = [waiting(42, { concurrency: 'queue' }), waiting(43, { concurrency: 'queue' })];
    expect(outcome(IDLE, line)).toEqual({ ro_42: 'start', ro_43: 'waiting_lock' });
  });

  test('queue keeps the order of the requests', () => {
    const line = [44, 42, 43].map((number) => waiting(number, { concurrency: 'queue' }));
    expect(outcome(IDLE, line)).toEqual({ ro_44: 'start', ro_42: 'waiting_lock', ro_43: 'waiting_lock' });
  });

  test('supersede keeps the newest; the older ones end visibly and name it', () => {
    const admissions = admit({ ...IDLE, active: 'ro_41' }, [waiting(42), waiting(43), waiting(44)], NOW);
    expect(admissions).toContainEqual({ id: 'ro_42', kind: 'superseded', reason: 'superseded by ro_44' });
    expect(admissions).toContainEqual({ id: 'ro_43', kind: 'superseded', reason: 'superseded by ro_44' });
    expect(admissions).toContainEqual(expect.objectContaining({ id: 'ro_44', phase: 'waiting_lock' }));
  });

  test('two requests in the same millisecond: one goes, the other ends or waits, and nobody is forgotten', () => {
    expect(outcome(IDLE, [waiting(42, { createdAt: NOW }), waiting(43, { createdAt: NOW })])).toEqual({
      ro_42: 'superseded',
      ro_43: 'start',
    });
  });

  test('automation that arrives late with an older release does not supersede a newer one', () => {
    expect(outcome({ ...IDLE, active: 'ro_41' }, [waiting(44), waiting(43)])).toEqual({
      ro_44: 'waiting_lock',
      ro_43: 'superseded',
    });
  });

  test('a person may ship an older release over a waiting newer one', () => {
    expect(outcome({ ...IDLE, active: 'ro_41' }, [waiting(44), waiting(43, { initiator: PERSON })])).toEqual({
      ro_44: 'superseded',
      ro_43: 'waiting_lock',
    });
  });

  test('a rollback goes first and supersedes nobody', () => {
    const line = [waiting(43), waiting(40, { kind: 'rollback', initiator: PERSON })];
    expect(outcome(IDLE, line)).toEqual({ ro_40: 'start', ro_43: 'waiting_lock' });
  });

  test('what is live already has nothing to do', () => {
    expect(outcome(IDLE, [waiting(41)])).toEqual({ ro_41: 'already_live' });
  });
});

describe('a commit older than what is live', () => {
  test('is not deployed by itself, and ends visibly', () => {
    const [admission] = admit(IDLE, [waiting(40, { older: true })], NOW);
    expect(admission).toEqual({ id: 'ro_40', kind: 'superseded', reason: 'older than what is live' });
  });

  test('is deployed when a person asks for it', () => {
    expect(outcome(IDLE, [waiting(40, { older: true, initiator: PERSON })])).toEqual({ ro_40: 'start' });
  });

  test('takes no place from a newer one that waits', () => {
    expect(outcome(IDLE, [waiting(42), waiting(40, { older: true })])).toEqual({ ro_42: 'start', ro_40: 'superseded' });
  });
});

describe('a hold after a rollback from v42 to v41', () => {
  const held = { ...IDLE, hold: hold(42, 'environment') };

  test('keeps v42 out: automation does not bring it back', () => {
    const [admission] = admit(held, [waiting(42)], NOW);
    expect(admission).toMatchObject({ kind: 'wait', phase: 'waiting_gate' });
    expect(heldBecause(held.hold, 'rel_42', AUTOMATION)).toBe(
      'held: v42 was taken back by mei (it was slow); automation does not bring it back',
    );
  });

  test('keeps v42 out even when it was approved', () => {
    expect(outcome(held, [waiting(42, { initiator: APPROVED })])).toEqual({ ro_42: 'waiting_gate' });
  });

  test('v43 by automation obeys it, and says until when it waits and who can end that', () => {
    const [admission] = admit(held, [waiting(43)], NOW);
    expect(admission).toMatchObject({
      phase: 'waiting_gate',
      wait: {
        cause: 'held: v42 was taken back by mei (it was slow); the next release needs an approval or a person',
        until: NOW - 60_000 + GATE_LIMIT,
        endedBy: '`funade hold release`, or `funade ship` by a person',
      },
    });
  });

  test('v43 that was approved, or that a person ships, passes', () => {
    expect(outcome(held, [waiting(43, { initiator: APPROVED })])).toEqual({ ro_43: 'start' });
    expect(outcome(held, [waiting(43, { initiator: PERSON })])).toEqual({ ro_43: 'start' });
  });

  test('once lifted it keeps nobody out', () => {
    expect(outcome(IDLE, [waiting(43)])).toEqual({ ro_43: 'start' });
  });

  test('never blocks a rollback', () => {
    expect(outcome(held, [waiting(40, { kind: 'rollback' })])).toEqual({ ro_40: 'start' });
  });

  test('nobody waits at it for ever: after seven days it is cancelled', () => {
    const admissions = admit(held, [waiting(43)], NOW + GATE_LIMIT);
    expect(admissions[0]).toMatchObject({ kind: 'cancelled' });
    expect(admissions[0]).toHaveProperty('reason', expect.stringContaining('nobody decided within 7d'));
  });

  test('who waits at it blocks nobody: one that may go is not superseded by it', () => {
    expect(outcome(held, [waiting(43, { initiator: PERSON }), waiting(44)])).toEqual({
      ro_43: 'start',
      ro_44: 'waiting_gate',
    });
  });

  test('of two that wait at it the newest stays', () => {
    expect(outcome(held, [waiting(43), waiting(44)])).toEqual({ ro_43: 'superseded', ro_44: 'waiting_gate' });
  });
});

describe('a hold of one release', () => {
  const held = { ...IDLE, hold: hold(42, 'release') };

  test('keeps only that one out', () => {
    expect(outcome(held, [waiting(42)])).toEqual({ ro_42: 'waiting_gate' });
    expect(outcome(held, [waiting(43)])).toEqual({ ro_43: 'start' });
  });

  test('a person may bring it back', () => {
    expect(outcome(held, [waiting(42, { initiator: PERSON })])).toEqual({ ro_42: 'start' });
  });
});

describe('drift', () => {
  const drifted = { ...IDLE, drift: 'the ledger says rel_41 is live, the target gives rel_40 100%' };

  test('keeps automation out until the target agrees with the ledger', () => {
    const [admission] = admit(drifted, [waiting(42, { initiator: APPROVED })], NOW);
    expect(admission).toMatchObject({ phase: 'waiting_gate', wait: { cause: `drift: ${drifted.drift}` } });
  });

  test('lets a person deploy and roll back', () => {
    expect(outcome(drifted, [waiting(42, { initiator: PERSON })])).toEqual({ ro_42: 'start' });
    expect(outcome(drifted, [waiting(40, { kind: 'rollback', initiator: PERSON })])).toEqual({ ro_40: 'start' });
  });

  test('lets a person put the live release in place again: the ledger alone does not make it live', () => {
    expect(outcome(drifted, [waiting(41, { initiator: PERSON })])).toEqual({ ro_41: 'start' });
  });
});
