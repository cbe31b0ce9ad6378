import type { Role, Scope } from '../contract/index.ts';
import type { Identity } from './identity.ts';

const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ['read:functions'],
  deployer: ['execute:all', 'read:functions'],
  approver: ['execute:all', 'read:functions'],
  owner: ['execute:all', 'read:functions'],
};

/** Whether an identity may do what `scope` stands for: its own scopes decide, or its role where it has none. */
export function allows(identity: Identity, scope: Scope): boolean {
  const granted = identity.scopes ?? ROLE_SCOPES[identity.role];
  return granted.includes(scope) || (scope.startsWith('execute:') && granted.includes('execute:all'));
}

/** What an identity may do, in the words of a refusal: `deployer`, or `owner, scopes: execute:rust`. */
export function standingOf({ role, scopes }: Identity): string {
  if (scopes === null) return role;
  return scopes.length === 0 ? `${role}, no scopes` : `${role}, scopes: ${scopes.join(' ')}`;
}
