import type { FastifyReply, FastifyRequest } from 'fastify';
import { FunadeError } from '../kernel/index.ts';
import { type Access, type Identity, allows, atLeast, standingOf } from './access/index.ts';
import type { Attempts } from './attempts.ts';
import { type Role, SCOPES, type Scope } from './contract/index.ts';

export const SESSION_COOKIE = 'funade_session';
const COOKIE_PATH = '/api'; // functions under /fn get the caller's headers and must never see the session

declare module 'fastify' {
  interface FastifyInstance {
    access: Access;
    /** From then on every answer, and every stream, comes to its end. */
    isClosing(): boolean;
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
  request.identity = await readIdentity(request, reply);
  if (request.identity === null) throw new FunadeError('FUN_UNAUTHENTICATED');
}

/**
 * Who asks, outside of routes with guards of their own; `null` when no credentials were sent, or such that open only what
 * their scopes say. Wrong ones throw, and are counted against the address.
 */
export async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Identity | null> {
  const identity = await readIdentity(request, reply);
  return identity === null || identity.scopes !== null ? null : identity;
}

async function readIdentity(request: FastifyRequest, reply: FastifyReply): Promise<Identity | null> {
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
 * read. `action` completes "Can't … as mika (viewer)". Refused acts are written to the event log. Who has scopes is refused
 * whatever their role: scopes open functions, and nothing else.
 */
export function requireRole(needed: Role, action: Words) {
  return async function checkRole(request: FastifyRequest): Promise<void> {
    const { role, scopes } = identityOf(request);
    if (scopes !== null) await forbid(request, action, `${needed} with a token without scopes`);
    if (!atLeast(role, needed)) await forbid(request, action, needed);
  };
}

/**
 * Hook of one route about functions: `onRequest: requireScope('read:functions', 'list functions')`. Who has no scopes may do
 * what their role may. `null` where the scope shows only later: any will do, and the handler asks again.
 */
export function requireScope(needed: NeededScope | ((request: FastifyRequest) => NeededScope), action: Words) {
  return async function checkScope(request: FastifyRequest): Promise<void> {
    const scope = typeof needed === 'function' ? needed(request) : needed;
    const identity = identityOf(request);
    if ((scope === null ? SCOPES : [scope]).some((each) => allows(identity, each))) return;
    await forbid(request, action, scope === null ? 'a scope of functions' : `the scope ${scope}`);
  };
}

type NeededScope = Scope | null;
type Words = string | ((request: FastifyRequest) => string);

async function forbid(request: FastifyRequest, action: Words, needed: string): Promise<never> {
  const identity = identityOf(request);
  const words = typeof action === 'string' ? action : action(request);
  const path = request.url.split('?')[0] ?? '';
  if (isAct(request.method)) {
    await request.server.access.recordDenial({ identity, action: words, needed, method: request.method, path });
  }
  throw new FunadeError('FUN_FORBIDDEN', { action: words, user: identity.user, role: standingOf(identity), needed });
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
