import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import { type Command, type RolloutRow, listRollouts, readOpenRollouts, readRollout } from '../../rollouts/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type RolloutView, pageOf, promoteRequest, reasonRequest, rolloutView } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { summariesOf } from '../views/release.ts';
import { rolloutViewOf } from '../views/rollout.ts';

const byId = z.object({ id: z.string().min(1) });
const listQuery = z.object({
  app: z.string().optional(),
  environment: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.coerce.number().int().optional(),
});

/** `/rollouts`: environments on their way from one release to another, and the acts on them. */
export function registerRollouts(app: ApiApp, plane: ControlPlane): void {
  const { db, rollouts } = plane;
  app.get(
    '/rollouts',
    {
      onRequest: requireRole('viewer', 'list rollouts'),
      schema: { summary: 'Rollouts, newest first', querystring: listQuery, response: { 200: pageOf(rolloutView) } },
    },
    async (request) => {
      const { app: name, environment, limit, cursor } = request.query;
      const rows = await listRollouts(db, {
        ...(name === undefined ? {} : { app: name }),
        ...(environment === undefined ? {} : { environment }),
        limit,
        before: cursor,
      });
      return {
        items: await rolloutViews(plane, rows),
        next: rows.length === limit ? String(rows.at(-1)?.sequence) : null,
      };
    },
  );

  app.get(
    '/rollouts/:id',
    {
      onRequest: requireRole('viewer', 'read a rollout'),
      schema: { summary: 'One rollout', params: byId, response: { 200: rolloutView } },
    },
    async (request) => one(plane, request.params.id),
  );

  app.post(
    '/rollouts/:id/promote',
    {
      onRequest: requireRole('deployer', 'promote a rollout'),
      schema: {
        summary: 'Take the next step; `full` skips the rest and needs a reason',
        params: byId,
        body: promoteRequest,
        response: { 200: rolloutView },
      },
    },
    async (request) => {
      const { full = false, reason = '' } = request.body;
      if (full && reason.trim() === '') {
        throw new FunadeError(
          'FUN_BAD_REQUEST',
          { count: 1 },
          {
            faults: [
              { message: 'skipping the remaining steps needs a reason', path: 'reason', fix: 'add --reason "…"' },
            ],
          },
        );
      }
      return give(plane, request.params.id, {
        kind: full ? 'promote_full' : 'promote',
        by: identityOf(request).user,
        reason,
      });
    },
  );

  for (const kind of ['pause', 'resume', 'abort'] as const) {
    app.post(
      `/rollouts/:id/${kind}`,
      {
        onRequest: requireRole('deployer', `${kind} a rollout`),
        schema: { summary: SUMMARIES[kind], params: byId, body: reasonRequest, response: { 200: rolloutView } },
      },
      (request) =>
        give(plane, request.params.id, { kind, by: identityOf(request).user, reason: request.body.reason ?? '' }),
    );
  }

  async function give(place: ControlPlane, id: string, command: Command): Promise<RolloutView> {
    await rollouts.command(id, command);
    return one(place, id);
  }
}

const SUMMARIES = {
  pause: 'Keep the present weight until resumed',
  resume: 'Go on with fresh samples',
  abort: 'Give all traffic back to the stable version',
} as const;

async function one(plane: ControlPlane, id: string): Promise<RolloutView> {
  const row = await readRollout(plane.db, id);
  if (row === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'rollout', id, list: 'funade rollout list' });
  const [view] = await rolloutViews(plane, [row]);
  if (view === undefined) throw new Error(`no view of rollout ${id}`);
  return view;
}

async function rolloutViews({ db }: ControlPlane, rows: readonly RolloutRow[]): Promise<RolloutView[]> {
  const summaries = await summariesOf(
    db,
    rows.flatMap((row) => [row.release_id, row.stable_id]),
  );
  return Promise.all(
    rows.map(async (row) => {
      const open = await readOpenRollouts(db, row);
      return rolloutViewOf(
        row,
        summaries,
        open.filter((other) => other.sequence < row.sequence),
      );
    }),
  );
}
