import { ROLES, type Role } from '../contract/index.ts';

/** Whether `role` includes what `needed` may do: viewer < deployer < approver < owner. */
export function atLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Why a user can't have this name with this role, or `null` when they can. */
export function nameFault(name: string, role: Role): string | null {
  if (name === 'automation') return '`automation` is how Funade signs what it does by itself';
  // Approvals name roles and users in one list: a viewer called `approver` would pass for the role.
  const named = ROLES.find((known) => known === name);
  return named === undefined || named === role ? null : `a user named after the role ${named} has that role`;
}
