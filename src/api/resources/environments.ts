import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import { type EnvironmentRow, listEnvironments, readEnvironment } from '../../rollouts/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { environmentView, pageOf, reasonRequest, rollbackAnswer, rollbackRequest } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { environmentViewOf } from '../views/environment.ts';
import { findRelease } from './releases.ts';

const place = z.object({ app: z.string().min(1), environment: z.string().min(1) });

/** `/environments`: where releases live, and the way back. */
export function registerEnvironments(app: ApiApp, plane: ControlPlane): void {
  const { db, rollouts } = plane;
  app.get(
    '/environments',
    {
      onRequest: requireRole('viewer', 'list environments'),
      schema: {
        summary: 'Environments',
        querystring: z.object({ app: z.string().optional() }),
        response: { 200: pageOf(environmentView) },
      },
    },
    async (request) => {
      const traffic = await plane.traffic();
      const rows = await listEnvironments(db, request.query.app);
      return { items: await Promise.all(rows.map((row) => environmentViewOf(plane, row, traffic))), next: null };
    },
  );

  app.get(
    '/environments/:app/:environment',
    {
      onRequest: requireRole('viewer', 'read an environment'),
      schema: { summary: 'One environment', params: place, response: { 200: environmentView } },
    },
    async (request) => environmentViewOf(plane, await found(plane, request.params), await plane.traffic()),
  );

  app.post(
    '/environments/:app/:environment/rollback',
    {
      onRequest: requireRole('deployer', 'roll back'),
      schema: {
        summary: 'Put an earlier release back; the last one that succeeded there when none is named',
        params: place,
        body: rollbackRequest,
        response: { 202: rollbackAnswer },
      },
    },
    async (request, reply) => {
      const { to, reason } = request.body;
      const key = request.params;
      await found(plane, key);
      const release = to === undefined ? null : (await findRelease(plane, to, key.app)).id;
      const by = identityOf(request).user;
      const rolloutId = await rollouts.requestRollback({
        ...key,
        to: release,
        by,
        reason: reason ?? `rolled back by ${by}`,
      });
      return reply.code(202).send({ rolloutId });
    },
  );

  app.post(
    '/environments/:app/:environment/release-hold',
    {
      onRequest: requireRole('deployer', 'release a hold'),
      schema: {
        summary: 'Let automation deploy again what was taken back',
        params: place,
        body: reasonRequest,
        response: { 200: environmentView },
      },
    },
    async (request) => {
      await found(plane, request.params);
      await rollouts.releaseHold(request.params, identityOf(request).user, request.body.reason ?? '');
      return environmentViewOf(plane, await found(plane, request.params), await plane.traffic());
    },
  );
}

async function found(
  { db }: ControlPlane,
  key: { readonly app: string; readonly environment: string },
): Promise<EnvironmentRow> {
  const row = await readEnvironment(db, key);
  if (row === undefined)
    throw new FunadeError('FUN_NOT_FOUND', {
      kind: 'environment',
      id: `${key.app}/${key.environment}`,
      list: 'funade status',
    });
  return row;
}
