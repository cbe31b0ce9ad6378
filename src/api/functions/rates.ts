import type { FastifyRequest } from 'fastify';
import { FunadeError } from '../../kernel/index.ts';
import { identityOf } from '../guard.ts';
import type { RateLimit } from '../rate-limit.ts';

/** Hook of a route: takes one call from what the caller's token may make. */
export function limited(rate: RateLimit) {
  return async function takeCall(request: FastifyRequest): Promise<void> {
    const over = rate.take(identityOf(request).tokenId);
    if (over === null) return;
    const setting = 'functions.limits';
    throw new FunadeError('FUN_RATE_LIMITED', { limit: rate.limit, seconds: over.seconds, setting });
  };
}
