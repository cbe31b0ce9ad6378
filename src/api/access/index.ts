export { type Access, type Denial, type Identity, type NewToken, createAccess } from './access.ts';
export { atLeast } from './roles.ts';
