import { z } from 'zod';
import type { ApiApp } from '../app.ts';
import { pageOf, secretName, secretOwner, secretQuery, secretView, setSecretRequest } from '../contract/index.ts';
import type { ControlPlane } from '../control-plane.ts';
import { identityOf, requireRole } from '../guard.ts';

const ofApp = z.object({ app: secretOwner });
const bySecret = z.object({ app: secretOwner, name: secretName });

/**
 * `/apps/{app}/secrets`: set, listed and removed, never read. `app` may be the name of a function that stands alone, and of
 * what does not exist yet: a secret has to be there before what needs it.
 */
export function registerSecrets(app: ApiApp, plane: Pick<ControlPlane, 'secrets'>): void {
  const { secrets } = plane;

  app.get(
    '/apps/:app/secrets',
    {
      onRequest: requireRole('deployer', 'list secrets'),
      schema: {
        summary: 'Secrets of an application or function, without their values',
        params: ofApp,
        response: { 200: pageOf(secretView) },
      },
    },
    async (request) => ({ items: [...(await secrets.list({ app: request.params.app }))], next: null }),
  );

  app.put(
    '/apps/:app/secrets/:name',
    {
      onRequest: requireRole('approver', 'set a secret'),
      schema: {
        summary: 'Set a secret; the same value again keeps its version',
        params: bySecret,
        body: setSecretRequest,
        response: { 200: secretView },
      },
    },
    (request) => {
      const { value, environment = null } = request.body;
      return secrets.set({ ...request.params, environment, value, by: identityOf(request).user });
    },
  );

  app.delete(
    '/apps/:app/secrets/:name',
    {
      onRequest: requireRole('approver', 'remove a secret'),
      schema: {
        summary: 'Remove a secret; releases that are pinned to it keep it',
        params: bySecret,
        querystring: secretQuery,
        response: { 204: z.undefined().describe('Removed') },
      },
    },
    async (request, reply) => {
      const { environment = null } = request.query;
      await secrets.remove({ ...request.params, environment, by: identityOf(request).user });
      return reply.code(204).send();
    },
  );
}
