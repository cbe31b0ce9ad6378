import type { Generated } from 'kysely';
import type { Db, Trx } from '../../store/index.ts';
import type { Role, Scope } from '../contract/index.ts';

type AccessTables = {
  users: { name: string; role: Role; created_at: Date };
  tokens: {
    id: string;
    user_name: string;
    hash: string;
    created_at: Date;
    created_by: string;
    last_used_at: Generated<Date | null>;
    expires_at: Date | null;
    scopes: Scope[] | null;
    revoked_at: Generated<Date | null>;
    revoked_by: Generated<string | null>;
  };
  sessions: { hash: string; token_id: string; created_at: Date; expires_at: Date };
};

export interface TokenRow {
  readonly id: string;
  readonly user: string;
  readonly role: Role;
  readonly scopes: readonly Scope[] | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewTokenRow {
  readonly id: string;
  readonly user: string;
  readonly hash: string;
  readonly by: string;
  readonly at: Date;
  readonly expiresAt: Date | null;
  readonly scopes: readonly Scope[] | null;
}

function tables(db: Db | Trx) {
  return db.withTables<AccessTables>();
}

function tokensWithUsers(db: Db | Trx) {
  return tables(db)
    .selectFrom('tokens')
    .innerJoin('users', 'users.name', 'tokens.user_name')
    .select([
      'tokens.id',
      'tokens.user_name as user',
      'users.role',
      'tokens.scopes',
      'tokens.created_at as createdAt',
      'tokens.last_used_at as lastUsedAt',
      'tokens.expires_at as expiresAt',
      'tokens.revoked_at as revokedAt',
    ]);
}

export function findTokenByHash(db: Db | Trx, hash: string): Promise<TokenRow | undefined> {
  return tokensWithUsers(db).where('tokens.hash', '=', hash).executeTakeFirst();
}

/** The token behind an open session; `expiresAt` is the session's own end. */
export async function findSession(
  db: Db,
  hash: string,
): Promise<{ readonly token: TokenRow; readonly expiresAt: Date } | undefined> {
  const row = await tokensWithUsers(db)
    .innerJoin('sessions', 'sessions.token_id', 'tokens.id')
    .select('sessions.expires_at as sessionExpiresAt')
    .where('sessions.hash', '=', hash)
    .executeTakeFirst();
  return row === undefined ? undefined : { token: row, expiresAt: row.sessionExpiresAt };
}

export function listTokenRows(db: Db): Promise<readonly TokenRow[]> {
  return tokensWithUsers(db).orderBy('tokens.created_at').orderBy('tokens.id').execute();
}

/** Tokens of a user that are valid at `at`; inside a transaction `lock` keeps others from changing them. */
export async function validTokens(
  db: Db | Trx,
  filter: { readonly at: Date; readonly user?: string; readonly role?: Role; readonly lock?: boolean },
): Promise<readonly TokenRow[]> {
  let query = tokensWithUsers(db)
    .where('tokens.revoked_at', 'is', null)
    .where((where) => where.or([where('tokens.expires_at', 'is', null), where('tokens.expires_at', '>', filter.at)]))
    .orderBy('tokens.id');
  if (filter.user !== undefined) query = query.where('tokens.user_name', '=', filter.user);
  if (filter.role !== undefined) query = query.where('users.role', '=', filter.role);
  return (filter.lock === true ? query.forUpdate() : query).execute();
}

/** The user's role after making sure that the user exists; the row stays locked until the transaction ends. */
export async function lockUser(
  trx: Trx,
  user: { readonly name: string; readonly role: Role; readonly at: Date },
): Promise<Role> {
  await tables(trx)
    .insertInto('users')
    .values({ name: user.name, role: user.role, created_at: user.at })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const row = await tables(trx)
    .selectFrom('users')
    .select('role')
    .where('name', '=', user.name)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return row.role;
}

export async function setRole(trx: Trx, name: string, role: Role): Promise<void> {
  await tables(trx).updateTable('users').set({ role }).where('name', '=', name).execute();
}

export async function insertToken(trx: Trx, token: NewTokenRow): Promise<void> {
  await tables(trx)
    .insertInto('tokens')
    .values({
      id: token.id,
      user_name: token.user,
      hash: token.hash,
      created_at: token.at,
      created_by: token.by,
      expires_at: token.expiresAt,
      scopes: token.scopes === null ? null : [...token.scopes],
    })
    .execute();
}

export function findToken(db: Db | Trx, id: string): Promise<TokenRow | undefined> {
  return tokensWithUsers(db).where('tokens.id', '=', id).executeTakeFirst();
}

export async function markRevoked(
  trx: Trx,
  token: { readonly id: string; readonly by: string; readonly at: Date },
): Promise<void> {
  await tables(trx)
    .updateTable('tokens')
    .set({ revoked_at: token.at, revoked_by: token.by })
    .where('id', '=', token.id)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Records a use unless one was recorded after `notSince`. */
export async function markUsed(db: Db, id: string, at: Date, notSince: Date): Promise<void> {
  await tables(db)
    .updateTable('tokens')
    .set({ last_used_at: at })
    .where('id', '=', id)
    .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<=', notSince)]))
    .execute();
}

/** Opens a session and forgets those that have ended. */
export async function insertSession(
  db: Db,
  session: { readonly hash: string; readonly tokenId: string; readonly at: Date; readonly expiresAt: Date },
): Promise<void> {
  await tables(db).deleteFrom('sessions').where('expires_at', '<=', session.at).execute();
  await tables(db)
    .insertInto('sessions')
    .values({
      hash: session.hash,
      token_id: session.tokenId,
      created_at: session.at,
      expires_at: session.expiresAt,
    })
    .execute();
}

export async function deleteSession(db: Db, hash: string): Promise<void> {
  await tables(db).deleteFrom('sessions').where('hash', '=', hash).execute();
}
