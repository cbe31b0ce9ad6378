import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ApprovalDecision, type ApprovalRequest, type Binding, evaluate, mayDecide } from './evaluate.ts';

const RANKS = ['viewer', 'deployer', 'approver', 'owner'];
const atLeast = (role: string, needed: string) => RANKS.indexOf(role) >= RANKS.indexOf(needed);

const binding: Binding = { releaseId: 'rel_1', configHash: 'c1', target: 'production', planHash: 'p1' };
const request: ApprovalRequest = {
  ...binding,
  state: 'pending',
  author: 'mona',
  allowed: ['approver'],
  quorum: 2,
  selfApproval: false,
  expiresAt: 1000,
};

function by(user: string, role: string | null = 'approver', decision: 'approve' | 'reject' = 'approve') {
  return { user, role, decision } satisfies ApprovalDecision;
}

function standing(
  decisions: readonly ApprovalDecision[],
  change: Partial<ApprovalRequest> = {},
  more: { readonly present?: Partial<Binding>; readonly now?: number } = {},
) {
  return evaluate({ ...request, ...change }, { ...binding, ...more.present }, decisions, {
    now: more.now ?? 0,
    atLeast,
  });
}

describe('quorum', () => {
  test('it needs as many different people as it says', () => {
    expect(standing([by('ben')])).toEqual({ kind: 'pending', given: 1 });
    expect(standing([by('ben'), by('cleo')])).toEqual({ kind: 'approved', by: ['ben', 'cleo'] });
  });

  test('the same person twice counts once', () => {
    expect(standing([by('ben'), by('ben')])).toEqual({ kind: 'pending', given: 1 });
  });

  test('one rejection ends it, whoever has approved', () => {
    expect(standing([by('ben'), by('cleo'), by('dai', 'owner', 'reject')])).toEqual({ kind: 'rejected', by: 'dai' });
  });

  test('a rejection by somebody who may not decide ends nothing', () => {
    expect(standing([by('eve', 'viewer', 'reject')])).toEqual({ kind: 'pending', given: 0 });
  });
});

describe('who may decide', () => {
  test('roles include those below them', () => {
    expect(mayDecide(request, 'ben', 'approver', atLeast)).toBe(true);
    expect(mayDecide(request, 'ben', 'owner', atLeast)).toBe(true);
    expect(mayDecide(request, 'ben', 'deployer', atLeast)).toBe(false);
  });

  test('a user who is named may decide whatever the role, as long as there is one', () => {
    const named = { ...request, allowed: ['eve'] };
    expect(mayDecide(named, 'eve', 'viewer', atLeast)).toBe(true);
    expect(mayDecide(named, 'eve', null, atLeast)).toBe(false);
    expect(mayDecide(named, 'ben', 'owner', atLeast)).toBe(false);
  });

  test('a user who is called like a role gains nothing by it', () => {
    expect(mayDecide({ ...request, allowed: ['owner'] }, 'owner', 'viewer', atLeast)).toBe(false);
    expect(mayDecide({ ...request, allowed: ['approver'] }, 'approver', 'deployer', atLeast)).toBe(false);
  });

  test('nobody approves a change of their own, unless it is allowed', () => {
    expect(mayDecide(request, 'mona', 'owner', atLeast)).toBe(false);
    expect(mayDecide({ ...request, selfApproval: true }, 'mona', 'owner', atLeast)).toBe(true);
  });

  test('the name of the author is the same in any case, as forges have it', () => {
    expect(mayDecide({ ...request, author: 'Mona' }, 'mona', 'owner', atLeast)).toBe(false);
  });

  test('membership counts when the approval is used: who has lost it no longer counts', () => {
    expect(standing([by('ben'), by('cleo', null)])).toEqual({ kind: 'pending', given: 1 });
    expect(standing([by('ben'), by('cleo', 'deployer')])).toEqual({ kind: 'pending', given: 1 });
  });
});

describe('time', () => {
  test('it expires after its time, not at it', () => {
    expect(standing([by('ben')], {}, { now: 1000 })).toEqual({ kind: 'pending', given: 1 });
    expect(standing([by('ben')], {}, { now: 1001 })).toEqual({ kind: 'expired' });
  });

  test('what was decided in time counts when it is used later', () => {
    expect(standing([by('ben'), by('cleo')], {}, { now: 5000 }).kind).toBe('approved');
  });
});

test('what was used stays so, whoever has lost access since', () => {
  expect(standing([by('ben'), by('cleo', null)], { state: 'approved' })).toEqual({
    kind: 'approved',
    by: ['ben', 'cleo'],
  });
});

describe('what it is bound to', () => {
  test.each([
    ['release', { releaseId: 'rel_2' }, 'the release changed from rel_1 to rel_2'],
    ['configuration', { configHash: 'c2' }, 'the configuration changed'],
    ['target', { target: 'elsewhere' }, 'the target changed from production to elsewhere'],
    ['plan', { planHash: 'p2' }, 'the rollout plan changed'],
  ])('a change of the %s makes it void, and says so', (_what, present, reason) => {
    expect(standing([by('ben'), by('cleo')], {}, { present })).toEqual({ kind: 'void', reason });
  });

  test('void goes before everything else', () => {
    const present = { releaseId: 'rel_2' };
    expect(standing([by('ben', 'owner', 'reject')], {}, { present, now: 5000 }).kind).toBe('void');
  });
});

test('nothing is approved without a quorum of distinct people who may decide and are not the author', () => {
  const decision = fc.record({
    user: fc.constantFrom('mona', 'ben', 'cleo', 'dai', 'eve'),
    role: fc.constantFrom(null, ...RANKS),
    decision: fc.constantFrom<'approve' | 'reject'>('approve', 'approve', 'approve', 'reject'),
  });
  fc.assert(
    fc.property(fc.array(decision, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (decisions, quorum) => {
      const result = standing(decisions, { quorum });
      const able = decisions.filter(({ user, role }) => user !== 'mona' && (role === 'approver' || role === 'owner'));
      const approvers = new Set(able.map(({ user }) => user));
      const isRejected = able.some((each) => each.decision === 'reject');
      expect(result.kind === 'approved').toBe(!isRejected && approvers.size >= quorum);
      expect(result.kind === 'rejected').toBe(isRejected);
    }),
  );
});
