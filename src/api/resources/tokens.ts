import { z } from 'zod';
import { parseDuration } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import { createTokenAnswer, createTokenRequest, pageOf, tokenView } from '../contract/index.ts';
import { badRequest } from '../errors.ts';
import { identityOf, requireRole } from '../guard.ts';

const LONGEST_VALIDITY = 3653 * 86_400_000;

/** `/tokens`: an owner makes, lists and revokes the tokens of everybody. */
export function registerTokens(app: ApiApp): void {
  app.get(
    '/tokens',
    {
      onRequest: requireRole('owner', 'list tokens'),
      schema: { summary: 'All tokens, without their secrets', response: { 200: pageOf(tokenView) } },
    },
    async () => ({ items: [...(await app.access.listTokens())], next: null }),
  );

  app.post(
    '/tokens',
    {
      onRequest: requireRole('owner', 'make a token'),
      schema: {
        summary: 'Make a token; the answer is the only place where it can be read',
        body: createTokenRequest,
        response: { 201: createTokenAnswer },
      },
    },
    async (request, reply) => {
      const { name, role, scopes, expiresIn, aws } = request.body;
      const by = identityOf(request).user;
      const validFor = expiresIn === undefined ? undefined : validityOf(expiresIn);
      const token = await app.access.createToken({ name, role, by, scopes, validFor, aws });
      return reply.code(201).header('cache-control', 'no-store').send(token);
    },
  );

  app.delete(
    '/tokens/:id',
    {
      onRequest: requireRole('owner', 'revoke a token'),
      schema: {
        summary: 'Revoke a token',
        params: z.object({ id: z.string().min(1) }),
        response: { 200: tokenView },
      },
    },
    (request) => app.access.revokeToken(request.params.id, identityOf(request).user),
  );
}

function validityOf(text: string): number {
  const validFor = parseDuration(text);
  if (validFor !== undefined && validFor > 0 && validFor <= LONGEST_VALIDITY) return validFor;
  throw badRequest([{ message: 'must be a duration of at most ten years, for example `30d`', path: 'expiresIn' }]);
}
