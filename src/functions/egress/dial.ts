import { type Socket, isIP } from 'node:net';
import type { Clock } from '../../kernel/index.ts';
import type { Connect, Resolve } from './port.ts';
import { type Refusal, forbiddenAddress, timedOut, unreachable, unresolved } from './refusals.ts';
import type { EgressTarget } from './request-target.ts';

export interface DialTools {
  readonly resolve: Resolve;
  readonly connect: Connect;
  readonly isForbidden: (address: string) => string | null;
  /** Milliseconds for all of it. */
  readonly connectTimeout: number;
  readonly clock: Clock;
}

/** A connection, a refusal, or nothing because the signal was aborted meanwhile. */
export type Dialled =
  | { readonly kind: 'connected'; readonly remote: Socket }
  | { readonly kind: 'abandoned' }
  | Refusal;

type Cut = 'timeout' | 'abandoned';

/**
 * Resolves the name once, refuses it if any of its addresses is forbidden, and connects to one of exactly these addresses,
 * in their order. Never rejects. Each address gets its share of the time that is left, so that one that does not answer
 * leaves some to the next.
 */
export async function dial(target: EgressTarget, tools: DialTools, signal: AbortSignal): Promise<Dialled> {
  const end = tools.clock.now() + tools.connectTimeout;
  const addresses = await addressesOf(target, tools, signal);
  if (addresses === 'abandoned') return { kind: 'abandoned' };
  if (addresses === 'timeout') return timedOut(target, 'was not resolved in time');
  if (addresses instanceof Error) return unresolved(target, causeOf(addresses));
  for (const address of addresses) {
    const reason = tools.isForbidden(address);
    if (reason !== null) return forbiddenAddress(target, reason);
  }
  let failure = unresolved(target, 'it has no addresses');
  for (const [index, address] of addresses.entries()) {
    const share = Math.max(0, (end - tools.clock.now()) / (addresses.length - index));
    const attempt = await connected(tools.connect(address, target.port), share, signal);
    if (attempt === 'abandoned') return { kind: 'abandoned' };
    if (attempt === 'timeout') failure = timedOut(target, 'did not answer in time');
    else if (attempt instanceof Error) failure = unreachable(target, causeOf(attempt));
    else return { kind: 'connected', remote: attempt };
  }
  return failure;
}

async function addressesOf(
  { host }: EgressTarget,
  { resolve, connectTimeout }: DialTools,
  signal: AbortSignal,
): Promise<readonly string[] | Error | Cut> {
  if (isIP(host) !== 0) return [host];
  return within<readonly string[] | Error>(connectTimeout, signal, (settle) => {
    resolve(host).then(settle, (thrown: unknown) =>
      settle(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  });
}

async function connected(socket: Socket, milliseconds: number, signal: AbortSignal): Promise<Socket | Error | Cut> {
  const outcome = await within<Socket | Error>(milliseconds, signal, (settle) => {
    socket.once('connect', () => settle(socket));
    // Stays: an error of a socket that nobody listens to would end the process. Whoever uses it goes by `close`.
    socket.on('error', settle);
  });
  if (outcome !== socket) socket.destroy();
  return outcome;
}

/** What `start` settles with, unless the time is over or the signal aborted before. */
function within<T>(milliseconds: number, signal: AbortSignal, start: (settle: (value: T) => void) => void) {
  return new Promise<T | Cut>((resolve) => {
    const finish = (value: T | Cut) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      resolve(value);
    };
    const abandon = () => finish('abandoned');
    const timer = setTimeout(() => finish('timeout'), milliseconds);
    signal.addEventListener('abort', abandon);
    start(finish);
    if (signal.aborted) abandon();
  });
}

/** The code of a system's error: its text may tell addresses. */
export function causeOf(thrown: Error): string {
  const { code } = thrown as NodeJS.ErrnoException;
  return code ?? 'unknown cause';
}
