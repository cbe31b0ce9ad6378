import { type Clock, FunadeError, type Logger, messageOf, newId } from '../../kernel/index.ts';
import { type Db, appendEvent, transaction } from '../../store/index.ts';
import type { CreateTokenAnswer, Role, Scope, TokenView } from '../contract/index.ts';
import { isAccessKeyId, secretAccessKeyOf } from './access-keys.ts';
import type { Identity } from './identity.ts';
import { type JwtSettings, createJwtVerifier, isJwtShaped } from './jwt.ts';
import { readOwnerToken } from './owner-token.ts';
import { nameFault } from './roles.ts';
import { standingOf } from './scopes.ts';
import { hashOf, isTokenShaped, newSessionSecret, newToken } from './secrets.ts';
import {
  type TokenRow,
  deleteSession,
  findSession,
  findToken,
  findTokenByHash,
  insertSession,
  insertToken,
  listTokenRows,
  lockUser,
  markRevoked,
  markUsed,
  setRole,
  validTokens,
} from './store.ts';

const CACHE_MS = 5000;
const USE_RECORDED_EVERY_MS = 60_000;
const SESSION_MS = 14 * 24 * 3_600_000;
const CACHE_ENTRIES = 10_000;

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  /** User who makes it, or `automation`. */
  readonly by: string;
  /** Milliseconds; a token without it is valid until it is revoked. */
  readonly validFor?: number | undefined;
  /** The only things that it may do, whatever its role; left out: what the role may. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Whether to answer its access key too. */
  readonly aws?: boolean | undefined;
}

export interface Denial {
  readonly identity: Identity;
  /** The act in words, as in the message of `FUN_FORBIDDEN`. */
  readonly action: string;
  /** Role or scope, in words. */
  readonly needed: string;
  readonly method: string;
  readonly path: string;
}

/** Users, their roles, and the secrets that prove who asks. */
export interface Access {
  /**
   * Makes sure that `<secretsFolder>/owner-token` (mode 0600) holds a registered owner token; prints nothing.
   * `created` tells whether the file was written now. A token that was revoked stays revoked: delete the file to get a
   * new one.
   */
  ensureOwnerToken(secretsFolder: string): Promise<{ readonly path: string; readonly created: boolean }>;
  /** The only moment when the plain token exists. `FUN_ROLE_CONFLICT` when the name has valid tokens of another role. */
  createToken(token: NewToken): Promise<CreateTokenAnswer>;
  listTokens(): Promise<readonly TokenView[]>;
  /** Revoking twice is the same as once. `FUN_NOT_FOUND`, or `FUN_LAST_OWNER` for the last way in. */
  revokeToken(id: string, by: string): Promise<TokenView>;
  /**
   * Who a bearer token stands for; `null` when it is unknown, expired or revoked (elsewhere: for up to 5 s more). A JSON Web
   * Token of the configured issuer is one too.
   */
  authenticate(token: string): Promise<Identity | null>;
  /** The secret access key behind an access key id, which is the id of a token; `null` as for `authenticate`. */
  secretOfKey(id: string): Promise<string | null>;
  /** Who an access key stands for, once its signature has been verified. */
  identityOfKey(id: string): Promise<Identity | null>;
  /** The role of a user now; `null` without any valid token. Never cached: approvals ask at the moment of use. */
  roleOf(user: string): Promise<Role | null>;
  /** A secret for the dashboard's cookie that is valid while its token is, for 14 days at most. Not for who has scopes. */
  openSession(identity: Identity): Promise<{ readonly secret: string; readonly maxAgeMs: number }>;
  authenticateSession(secret: string): Promise<Identity | null>;
  closeSession(secret: string): Promise<void>;
  /** Writes `access.denied`; trouble with that is logged and never turns the refusal into something else. */
  recordDenial(denial: Denial): Promise<void>;
}

interface Cached {
  readonly identity: Identity;
  readonly until: number;
}

export interface AccessOptions {
  readonly db: Db;
  /** Should show the database's time, since several processes share expiry dates. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the secrets of access keys are derived from; all processes need the same. Without it there are no access keys. */
  readonly accessKeySeed?: Buffer | undefined;
  readonly jwt?: JwtSettings | null | undefined;
}

/** Opens the access tables. */
export function createAccess(options: AccessOptions): Access {
  const { db, clock, logger, accessKeySeed: seed } = options;
  const verifyJwt = options.jwt ? createJwtVerifier({ settings: options.jwt, clock }) : null;
  const cache = new Map<string, Cached>();

  function isValid(row: TokenRow): boolean {
    return row.revokedAt === null && (row.expiresAt === null || row.expiresAt.getTime() > clock.now());
  }

  function recall(key: string): Identity | null {
    const cached = cache.get(key);
    if (cached === undefined) return null;
    if (cached.until > clock.now()) return cached.identity;
    cache.delete(key);
    return null;
  }

  function remember(key: string, identity: Identity, end: number): Identity {
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    cache.set(key, { identity, until: Math.min(clock.now() + CACHE_MS, end) });
    return identity;
  }

  async function recordUse(row: TokenRow): Promise<void> {
    const now = clock.now();
    const notSince = now - USE_RECORDED_EVERY_MS;
    if (row.lastUsedAt !== null && row.lastUsedAt.getTime() > notSince) return;
    // A full disk must not lock people out of looking: the use is a note, not a condition.
    await markUsed(db, row.id, new Date(now), new Date(notSince)).catch((thrown: unknown) =>
      logger.warn({ tokenId: row.id, reason: messageOf(thrown) }, 'Failed to record the use of a token.'),
    );
  }

  async function authenticateJwt(token: string): Promise<Identity | null> {
    if (verifyJwt === null || !isJwtShaped(token)) return null;
    const key = hashOf(token);
    const known = recall(key);
    if (known !== null) return known;
    const verified = await verifyJwt(token);
    return verified === null ? null : remember(key, verified.identity, verified.endsAt);
  }

  /** Who an access key stands for. Its use counts once a signature has proven more than the id. */
  async function holderOf(id: string, proven: boolean): Promise<Identity | null> {
    if (seed === undefined || !isAccessKeyId(id)) return null;
    const key = `${proven ? 'proven' : 'claimed'} access key ${id}`;
    const known = recall(key);
    if (known !== null) return known;
    const row = await findToken(db, id);
    if (row === undefined || !isValid(row)) return null;
    if (proven) await recordUse(row);
    return remember(key, identityOf(row), endOf(row));
  }

  async function register(secret: string, token: NewToken): Promise<CreateTokenAnswer> {
    const at = new Date(clock.now());
    const id = newId('tok', at.getTime());
    const { name, role, by, scopes = null, validFor } = token;
    const expiresAt = validFor === undefined ? null : at.getTime() + validFor;
    await transaction(db, async (trx) => {
      const present = await lockUser(trx, { name, role, at });
      if (present !== role) {
        const valid = await validTokens(trx, { at, user: name });
        if (valid.length > 0) throw new FunadeError('FUN_ROLE_CONFLICT', { name, wanted: role, present });
        await setRole(trx, name, role);
      }
      const end = expiresAt === null ? null : new Date(expiresAt);
      await insertToken(trx, { id, user: name, hash: hashOf(secret), by, at, expiresAt: end, scopes });
      await appendEvent(trx, {
        kind: 'token.created',
        subject: id,
        actor: by,
        data: { name, role, scopes, expiresAt },
      });
    });
    return { id, name, role, scopes: scopes === null ? null : [...scopes], expiresAt, token: secret };
  }

  return {
    ensureOwnerToken: async (secretsFolder) => {
      const { path, token, created } = await readOwnerToken(secretsFolder, newToken);
      const known = await findTokenByHash(db, hashOf(token));
      if (known === undefined) await register(token, { name: 'owner', role: 'owner', by: 'automation' });
      return { path, created };
    },

    createToken: async (token) => {
      const fault = nameFault(token.name, token.role);
      if (fault !== null) throw badRequest(fault, 'name');
      if (token.aws !== true) return register(newToken(), token);
      if (seed === undefined) throw badRequest('this server has no access keys', 'aws');
      const made = await register(newToken(), token);
      return { ...made, accessKeyId: made.id, secretAccessKey: secretAccessKeyOf(made.id, seed) };
    },

    listTokens: async () => (await listTokenRows(db)).map(viewOf),

    revokeToken: async (id, by) => {
      const at = new Date(clock.now());
      const row = await transaction(db, async (trx) => {
        // The lock on all owner tokens lets only one of two simultaneous revocations see the other token as still valid.
        const valid = await validTokens(trx, { at, role: 'owner', lock: true });
        const owners = valid.filter((owner) => owner.scopes === null); // one with scopes is no way in
        const found = await findToken(trx, id);
        if (found === undefined) {
          throw new FunadeError('FUN_NOT_FOUND', { kind: 'token', id, list: 'funade token list' });
        }
        if (found.revokedAt !== null) return found;
        if (owners.length === 1 && owners[0]?.id === id) throw new FunadeError('FUN_LAST_OWNER', { id });
        await markRevoked(trx, { id, by, at });
        const data = { name: found.user, role: found.role };
        await appendEvent(trx, { kind: 'token.revoked', subject: id, actor: by, data });
        return { ...found, revokedAt: at };
      });
      cache.clear();
      return viewOf(row);
    },

    authenticate: async (token) => {
      if (!isTokenShaped(token)) return authenticateJwt(token);
      const hash = hashOf(token);
      const known = recall(hash);
      if (known !== null) return known;
      const row = await findTokenByHash(db, hash);
      if (row === undefined || !isValid(row)) return null;
      await recordUse(row);
      return remember(hash, identityOf(row), endOf(row));
    },

    secretOfKey: async (id) => {
      if (seed === undefined || (await holderOf(id, false)) === null) return null;
      return secretAccessKeyOf(id, seed);
    },

    identityOfKey: (id) => holderOf(id, true),

    roleOf: async (user) => {
      const [row] = await validTokens(db, { at: new Date(clock.now()), user });
      return row?.role ?? null;
    },

    openSession: async (identity) => {
      if (identity.scopes !== null) {
        const values = { action: 'open the dashboard', user: identity.user, role: standingOf(identity) };
        throw new FunadeError('FUN_FORBIDDEN', { ...values, needed: 'a token without scopes' });
      }
      const secret = newSessionSecret();
      const at = clock.now();
      const session = { hash: hashOf(secret), tokenId: identity.tokenId };
      await insertSession(db, { ...session, at: new Date(at), expiresAt: new Date(at + SESSION_MS) });
      return { secret, maxAgeMs: SESSION_MS };
    },

    authenticateSession: async (secret) => {
      const hash = hashOf(secret);
      const known = recall(sessionKey(hash));
      if (known !== null) return known;
      const session = await findSession(db, hash);
      if (session === undefined || session.expiresAt.getTime() <= clock.now() || !isValid(session.token)) return null;
      await recordUse(session.token);
      const end = Math.min(session.expiresAt.getTime(), endOf(session.token));
      return remember(sessionKey(hash), identityOf(session.token), end);
    },

    closeSession: async (secret) => {
      const hash = hashOf(secret);
      cache.delete(sessionKey(hash));
      await deleteSession(db, hash);
    },

    recordDenial: async ({ identity, action, needed, method, path }) => {
      const { user, role, scopes } = identity;
      const data = { action, needed, role, ...(scopes === null ? {} : { scopes }), method, path };
      const event = { kind: 'access.denied', subject: user, actor: user, data };
      await transaction(db, (trx) => appendEvent(trx, event)).catch((thrown: unknown) =>
        logger.error({ user, action, needed, reason: messageOf(thrown) }, 'Failed to store a denial.'),
      );
    },
  };
}

/** Keeps a token that is sent as a cookie from passing for a session. */
function sessionKey(hash: string): string {
  return `session ${hash}`;
}

function identityOf({ user, role, id, scopes }: TokenRow): Identity {
  return { user, role, tokenId: id, scopes };
}

function endOf(row: TokenRow): number {
  return row.expiresAt?.getTime() ?? Infinity;
}

function badRequest(message: string, path: string): FunadeError {
  return new FunadeError('FUN_BAD_REQUEST', { count: 1 }, { faults: [{ message, path }] });
}

function viewOf(row: TokenRow): TokenView {
  return {
    id: row.id,
    name: row.user,
    role: row.role,
    scopes: row.scopes === null ? null : [...row.scopes],
    createdAt: row.createdAt.getTime(),
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
    expiresAt: row.expiresAt?.getTime() ?? null,
    revokedAt: row.revokedAt?.getTime() ?? null,
  };
}
