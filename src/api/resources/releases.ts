import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import { listReleases, readRelease, readReleaseByNumber } from '../../releases/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { pageOf, releaseView, shipAnswer, shipRequest } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { releaseViewOf } from '../views/release.ts';

const listQuery = z.object({
  app: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  /** Id of the last release of the page before. */
  cursor: z.string().optional(),
});

/** `/releases`: what was built, and the way to ship a commit. */
export function registerReleases(app: ApiApp, plane: ControlPlane): void {
  const { db, releases } = plane;
  app.get(
    '/releases',
    {
      onRequest: requireRole('viewer', 'list releases'),
      schema: { summary: 'Releases, newest first', querystring: listQuery, response: { 200: pageOf(releaseView) } },
    },
    async (request) => {
      const { app: name, limit, cursor } = request.query;
      const rows = await listReleases(db, { app: name, limit, before: cursor });
      return { items: rows.map(releaseViewOf), next: rows.length === limit ? (rows.at(-1)?.id ?? null) : null };
    },
  );

  app.get(
    '/releases/:id',
    {
      onRequest: requireRole('viewer', 'read a release'),
      schema: {
        summary: 'One release, by id or as v12 with ?app=',
        params: z.object({ id: z.string() }),
        querystring: z.object({ app: z.string().optional() }),
        response: { 200: releaseView },
      },
    },
    async (request) => releaseViewOf(await findRelease(plane, request.params.id, request.query.app)),
  );

  app.post(
    '/releases',
    {
      onRequest: requireRole('deployer', 'ship'),
      schema: {
        summary: 'Ship a branch, tag or commit of an application',
        body: shipRequest,
        response: { 201: shipAnswer },
      },
    },
    async (request, reply) => {
      const { app: name, ref, sha, source } = request.body;
      const by = identityOf(request).user;
      const runId = await releases.ship({ app: name, ref: sha ?? ref ?? null, source, by });
      return reply.code(201).send({ runId });
    },
  );
}

/** By id, or `v12` of an application. */
export async function findRelease({ db }: ControlPlane, id: string, app: string | undefined) {
  const number = /^v(\d{1,9})$/.exec(id)?.[1];
  if (number !== undefined && app === undefined) {
    throw new FunadeError(
      'FUN_BAD_REQUEST',
      { count: 1 },
      { faults: [{ message: `${id} is a number within an application: name the application`, path: 'app' }] },
    );
  }
  const row =
    number === undefined || app === undefined
      ? await readRelease(db, id)
      : await readReleaseByNumber(db, app, Number(number));
  if (row === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'release', id, list: 'funade release list' });
  return row;
}
