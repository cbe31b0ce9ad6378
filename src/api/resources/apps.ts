import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import { type AppRow, listApps, listRuns, readApp } from '../../releases/index.ts';
import { listEnvironments } from '../../rollouts/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane, Traffic } from '../control-plane.ts';
import { type AppView, addAppRequest, appView, pageOf } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { environmentViewOf } from '../views/environment.ts';

const named = z.object({ name: z.string().min(1) });

/** `/apps`: registered applications with their environments. */
export function registerApps(app: ApiApp, plane: ControlPlane): void {
  app.get(
    '/apps',
    {
      onRequest: requireRole('viewer', 'list applications'),
      schema: { summary: 'Applications with their environments', response: { 200: pageOf(appView) } },
    },
    async () => {
      const traffic = await plane.traffic();
      const items: AppView[] = [];
      for (const row of await listApps(plane.db)) items.push(await appViewOf(plane, row, traffic));
      return { items, next: null };
    },
  );

  app.get(
    '/apps/:name',
    {
      onRequest: requireRole('viewer', 'read an application'),
      schema: { summary: 'One application', params: named, response: { 200: appView } },
    },
    async (request) => {
      const row = await readApp(plane.db, request.params.name);
      if (row === undefined)
        throw new FunadeError('FUN_NOT_FOUND', {
          kind: 'application',
          id: request.params.name,
          list: 'funade app list',
        });
      return appViewOf(plane, row, await plane.traffic());
    },
  );

  app.post(
    '/apps',
    {
      onRequest: requireRole('deployer', 'add an application'),
      schema: {
        summary: 'Register a repository; its funade.yaml is checked at once',
        body: addAppRequest,
        response: { 201: appView },
      },
    },
    async (request, reply) => {
      const { source, ref, repository } = request.body;
      const row = await plane.releases.addApp({
        source,
        ref: ref ?? null,
        repository: repository ?? null,
        by: identityOf(request).user,
      });
      return reply.code(201).send(await appViewOf(plane, row, []));
    },
  );

  app.delete(
    '/apps/:name',
    {
      onRequest: requireRole('owner', 'remove an application'),
      schema: { summary: 'Forget a repository; what it deployed stays up', params: named, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await plane.releases.removeApp(request.params.name, identityOf(request).user);
      return reply.code(204).send(null);
    },
  );
}

async function appViewOf(plane: ControlPlane, row: AppRow, traffic: readonly Traffic[]): Promise<AppView> {
  const environments = await listEnvironments(plane.db, row.name);
  const [last] = await listRuns(plane.db, { app: row.name, limit: 1 });
  return {
    name: row.name,
    repository: row.repository,
    forge: row.forge,
    addedAt: row.created_at.getTime(),
    environments: await Promise.all(environments.map((environment) => environmentViewOf(plane, environment, traffic))),
    lastRunId: last?.id ?? null,
  };
}
