import type { Role, Scope } from '../contract/index.ts';

/** Who asks. */
export interface Identity {
  readonly user: string;
  readonly role: Role;
  readonly tokenId: string;
  /** The only things that it may do; null: what its role may. */
  readonly scopes: readonly Scope[] | null;
}
