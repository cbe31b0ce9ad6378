import { describe, expect, test } from 'vitest';
import type { Role } from '../src/api/contract/index.ts';
import { makeApproval } from './fixtures/views.ts';
import { mayCommand, mayDecide, mayReadDelivery, maySteer, rolloutCommands } from './permissions.ts';

const as = (role: Role, user = 'mika') => ({ user, role });

describe('deciding an approval', () => {
  test.each([
    ['owner', [], false],
    ['viewer', ['approver'], false],
    ['deployer', ['approver'], false],
    ['approver', ['approver'], true],
    ['approver', ['owner'], false],
    ['owner', ['owner'], true],
    ['owner', ['approver'], true],
    ['owner', ['kenji'], false],
    ['deployer', ['kenji', 'mika'], true],
  ] as const)('as %s, where %j may: %s', (role, by, allowed) => {
    expect(mayDecide(as(role), makeApproval({ id: 'a', by: [...by] }))).toBe(allowed);
  });

  test('is offered once to each person, and only while it is pending', () => {
    const decisions = [{ user: 'mika', decision: 'approve' as const, comment: '', at: 0 }];
    expect(mayDecide(as('owner'), makeApproval({ id: 'a', decisions }))).toBe(false);
    expect(mayDecide(as('owner'), makeApproval({ id: 'a', state: 'void' }))).toBe(false);
  });
});

test('commands on a rollout are for deployers and above', () => {
  expect((['viewer', 'deployer', 'approver', 'owner'] as const).filter((role) => mayCommand(as(role)))).toEqual([
    'deployer',
    'approver',
    'owner',
  ]);
});

describe('the commands of a rollout', () => {
  const paused = { by: 'mika', reason: '', since: 0 };

  test('that waits for its turn: abort', () => {
    expect(rolloutCommands({ kind: 'deploy', phase: 'waiting_lock', paused: null })).toEqual(['abort']);
  });

  test('that is under way: promote, pause and abort, and resume while it is paused', () => {
    expect(rolloutCommands({ kind: 'deploy', phase: 'holding', paused: null })).toEqual(['promote', 'pause', 'abort']);
    expect(rolloutCommands({ kind: 'deploy', phase: 'holding', paused })).toEqual(['promote', 'resume', 'abort']);
    expect(rolloutCommands({ kind: 'deploy', phase: 'preparing', paused: null })).toEqual(['pause', 'abort']);
  });

  test('that is a rollback: abort', () => {
    expect(rolloutCommands({ kind: 'rollback', phase: 'shifting', paused: null })).toEqual(['abort']);
  });

  test.each(['succeeded', 'aborting', 'aborted', 'rolling_back', 'rolled_back', 'rollback_failed'] as const)(
    'that is %s: none',
    (phase) => {
      expect(rolloutCommands({ kind: 'deploy', phase, paused: null })).toEqual([]);
    },
  );
});

test('the content of a delivery is for deployers and above', () => {
  expect((['viewer', 'deployer', 'approver', 'owner'] as const).filter((role) => mayReadDelivery(as(role)))).toEqual([
    'deployer',
    'approver',
    'owner',
  ]);
});

test('plans are approved by approvers and above, everything else is for deployers', () => {
  const roles = ['viewer', 'deployer', 'approver', 'owner'] as const;
  expect(roles.filter((role) => maySteer(as(role), 'stop'))).toEqual(['deployer', 'approver', 'owner']);
  expect(roles.filter((role) => maySteer(as(role), 'approve'))).toEqual(['approver', 'owner']);
});
