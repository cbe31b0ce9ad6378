export { type Access, type AccessOptions, type Denial, type NewToken, createAccess } from './access.ts';
export type { Identity } from './identity.ts';
export type { JwtSettings } from './jwt.ts';
export { atLeast } from './roles.ts';
export { allows, standingOf } from './scopes.ts';
