import { z } from 'zod';
import type { ApiApp } from '../app.ts';
import { sessionRequest, sessionView } from '../contract/index.ts';
import {
  SESSION_COOKIE,
  clearSessionCookie,
  identityOf,
  refuse,
  requireSameOrigin,
  setSessionCookie,
} from '../guard.ts';

/** `/session`: the dashboard's way in and out, and for everybody the answer to "who am I?". */
export function registerSession(app: ApiApp): void {
  app.get(
    '/session',
    { schema: { summary: 'Who asks, and with which role', response: { 200: sessionView } } },
    (request) => {
      const { user, role } = identityOf(request);
      return { user, role };
    },
  );

  app.post(
    '/session',
    {
      config: { public: true },
      schema: {
        summary: 'Exchange a token for a session cookie',
        body: sessionRequest,
        response: { 200: sessionView },
      },
    },
    async (request, reply) => {
      requireSameOrigin(request, { whenUnknown: 'allow' }); // another site must not log its visitors in as somebody else
      const identity = (await app.access.authenticate(request.body.token.trim())) ?? refuse(request);
      const { secret, maxAgeMs } = await app.access.openSession(identity);
      setSessionCookie(reply, secret, maxAgeMs);
      return { user: identity.user, role: identity.role };
    },
  );

  app.delete(
    '/session',
    {
      config: { public: true },
      schema: { summary: 'End the session of the cookie', response: { 204: z.undefined().describe('Ended') } },
    },
    async (request, reply) => {
      requireSameOrigin(request, { whenUnknown: 'allow' });
      const secret = request.cookies[SESSION_COOKIE];
      if (secret !== undefined) await app.access.closeSession(secret);
      clearSessionCookie(reply);
      return reply.code(204).send();
    },
  );
}
