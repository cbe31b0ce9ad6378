import type { FastifyReply, FastifyRequest } from 'fastify';
import { FunadeError } from '../kernel/index.ts';
import { type Access, type Identity, atLeast } from './access/index.ts';
import type { Attempts } from './attempts.ts';
import type { Role } from './contract/index.ts';

export const SESSION_COOKIE = 'funade_session';
const COOKIE_PATH = '/api'; // functions under /fn get the caller's headers and must never see the session

declare module 'fastify' {
  interface FastifyInstance {
    access: Access;
    attempts: Attempts;
  }
  interface FastifyRequest {
    identity: Identity | null;
  }
  interface FastifyContextConfig {
    /** Served without credentials; everything else below `/api/v1` needs them. */
    readonly public?: boolean;
    /** Its answer may last for hours: left out of the duration metrics. */
    readonly longLived?: boolean;
  }
}

/** Hook of everything below `/api/v1`: nobody passes unknown, except to routes with `config: { public: true }`. */
export async function authenticateRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.routeOptions.config.public === true) return;
  request.identity = await identify(request, reply);
  if (request.identity === null) throw new FunadeError('FUN_UNAUTHENTICATED');
}

/** Who asks; `null` when no credentials were sent. Wrong ones throw, and are counted against the address. */
export async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Identity | null> {
  const caller = await recognise(request);
  if (caller.kind === 'known') return caller.identity;
  if (caller.kind === 'anonymous') return null;
  if (request.headers.authorization === undefined) clearSessionCookie(reply);
  return refuse(request);
}

/** Whether the credentials of a request that is still open would let it in again. */
export async function isStillKnown(request: FastifyRequest): Promise<boolean> {
  return (await recognise(request)).kind === 'known';
}

type Caller = { readonly kind: 'known'; readonly identity: Identity } | { readonly kind: 'anonymous' | 'wrong' };

async function recognise(request: FastifyRequest): Promise<Caller> {
  const { access } = request.server;
  const header = request.headers.authorization;
  const secret = request.cookies[SESSION_COOKIE];
  if (header === undefined && secret === undefined) return { kind: 'anonymous' };
  if (header === undefined && isAct(request.method)) requireSameOrigin(request, { whenUnknown: 'refuse' });
  const identity =
    header === undefined
      ? await access.authenticateSession(secret ?? '')
      : await access.authenticate(/^Bearer +(\S+)$/i.exec(header)?.[1] ?? '');
  return identity === null ? { kind: 'wrong' } : { kind: 'known', identity };
}

/**
 * Counts a wrong token. A valid one is never refused on account of others from the same address (a stale dashboard tab
 * and the CLI share 127.0.0.1); with 256 random bits a token, what the limit saves is work and log, not secrecy.
 */
export function refuse(request: FastifyRequest): never {
  const over = request.server.attempts.record(request.ip);
  if (over !== null) throw new FunadeError('FUN_TOO_MANY_ATTEMPTS', { address: request.ip, ...over });
  throw new FunadeError('FUN_UNAUTHENTICATED');
}

/**
 * Hook of one route: `onRequest: requireRole('deployer', 'pause a rollout')`, so that a refusal comes before the body is
 * read. `action` completes "Can't … as mika (viewer)". Refused acts are written to the event log.
 */
export function requireRole(needed: Role, action: string | ((request: FastifyRequest) => string)) {
  return async function checkRole(request: FastifyRequest): Promise<void> {
    const identity = identityOf(request);
    if (atLeast(identity.role, needed)) return;
    const words = typeof action === 'string' ? action : action(request);
    const path = request.url.split('?')[0] ?? '';
    if (isAct(request.method)) {
      await request.server.access.recordDenial({ identity, action: words, needed, method: request.method, path });
    }
    throw new FunadeError('FUN_FORBIDDEN', { action: words, user: identity.user, role: identity.role, needed });
  };
}

/** Who asks, in the handler of a route that is not public. */
export function identityOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new FunadeError('FUN_UNAUTHENTICATED');
  return request.identity;
}

/**
 * Refuses a request that a page of another origin made a browser send. Browsers name the origin of every act; `unknown`
 * callers are programs, which have no cookie to be tricked with unless they say so.
 */
export function requireSameOrigin(
  request: FastifyRequest,
  options: { readonly whenUnknown: 'allow' | 'refuse' },
): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  if (site === 'same-origin') return;
  if (site === undefined && origin !== undefined && hostOf(origin) === request.host) return;
  if (site === undefined && origin === undefined && options.whenUnknown === 'allow') return;
  throw new FunadeError('FUN_CROSS_ORIGIN', { origin: origin ?? 'none named' });
}

export function setSessionCookie(reply: FastifyReply, secret: string, maxAgeMs: number): void {
  void reply.setCookie(SESSION_COOKIE, secret, {
    path: COOKIE_PATH,
    httpOnly: true,
    sameSite: 'strict',
    secure: reply.request.protocol === 'https',
    maxAge: Math.floor(maxAgeMs / 1000),
  });
}

export function clearSessionCookie(reply: FastifyReply): void {
  void reply.clearCookie(SESSION_COOKIE, { path: COOKIE_PATH });
}

function isAct(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
