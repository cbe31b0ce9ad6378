import { createPublicKey } from 'node:crypto';
import { type JWTPayload, errors, jwtVerify } from 'jose';
import type { Clock } from '../../kernel/index.ts';
import { SCOPES, type Scope } from '../contract/index.ts';
import type { Identity } from './identity.ts';

/** Whose JSON Web Tokens are taken, and the one key that proves them. */
export interface JwtSettings {
  readonly issuer: string;
  /** Null: `aud` is not looked at. */
  readonly audience: string | null;
  /** `secret`: HS256. `publicKey`: RS256, as PEM. */
  readonly key: { readonly kind: 'secret' | 'publicKey'; readonly value: string };
}

export interface VerifiedJwt {
  readonly identity: Identity;
  /** Epoch milliseconds from which on it is refused. */
  readonly endsAt: number;
}

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const LONGEST = 8192;
const TOLERANCE_S = 60;
/** What is written to logs and events as the name of a caller. */
const NAME = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]{1,200}$/u;

export function isJwtShaped(text: string): boolean {
  return text.length <= LONGEST && SHAPE.test(text);
}

/**
 * Verifies tokens of the configured issuer; null for every other one. The kind of the key alone decides the algorithm: what a
 * token says about itself is compared and never followed.
 */
export function createJwtVerifier(options: {
  readonly settings: JwtSettings;
  readonly clock: Clock;
}): (token: string) => Promise<VerifiedJwt | null> {
  const { issuer, audience, key } = options.settings;
  const isSecret = key.kind === 'secret';
  const verificationKey = isSecret ? new TextEncoder().encode(key.value) : createPublicKey(key.value);
  const rules = {
    algorithms: [isSecret ? 'HS256' : 'RS256'],
    issuer,
    ...(audience === null ? {} : { audience }),
    requiredClaims: ['exp', 'sub'],
    clockTolerance: TOLERANCE_S,
  };
  return async (token) => {
    try {
      const currentDate = new Date(options.clock.now());
      const { payload } = await jwtVerify(token, verificationKey, { ...rules, currentDate });
      return verifiedOf(payload);
    } catch (thrown) {
      if (thrown instanceof errors.JOSEError) return null;
      throw thrown;
    }
  };
}

function verifiedOf(payload: JWTPayload): VerifiedJwt | null {
  const { sub, exp = 0, jti } = payload;
  if (!isName(sub) || (jti !== undefined && !isName(jti))) return null;
  const identity = {
    user: `jwt:${sub}`,
    role: 'viewer',
    tokenId: `jwt:${jti ?? sub}`,
    scopes: scopesOf(payload),
  } as const;
  return { identity, endsAt: (exp + TOLERANCE_S) * 1000 };
}

function isName(claim: unknown): claim is string {
  return typeof claim === 'string' && claim.isWellFormed() && NAME.test(claim);
}

/** `scope` as in RFC 8693 (separated by spaces), or `scopes` as a list. What is no scope of Funade is somebody else's. */
function scopesOf({ scope, scopes }: JWTPayload): readonly Scope[] {
  const listed: readonly unknown[] = Array.isArray(scopes) ? scopes : [];
  const named = [...(typeof scope === 'string' ? scope.split(' ') : []), ...listed];
  return SCOPES.filter((known) => named.includes(known));
}
