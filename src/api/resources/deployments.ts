import { z } from 'zod';
import { listDeployments } from '../../rollouts/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { deploymentView, pageOf } from '../contract/index.ts';
import { requireRole } from '../guard.ts';
import { requireSummary, summariesOf } from '../views/release.ts';

const query = z.object({
  app: z.string().optional(),
  environment: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** `/deployments`: the ledger. */
export function registerDeployments(app: ApiApp, { db }: ControlPlane): void {
  app.get(
    '/deployments',
    {
      onRequest: requireRole('viewer', 'read the ledger'),
      schema: {
        summary: 'The deployment ledger, newest first',
        querystring: query,
        response: { 200: pageOf(deploymentView) },
      },
    },
    async (request) => {
      const { app: name, environment, limit } = request.query;
      const rows = await listDeployments(db, {
        ...(name === undefined ? {} : { app: name }),
        ...(environment === undefined ? {} : { environment }),
        limit,
      });
      const summaries = await summariesOf(
        db,
        rows.flatMap((row) => [row.release_id, row.previous_release_id]),
      );
      const items = rows.map((row) => ({
        id: row.id,
        app: row.app,
        environment: row.environment,
        kind: row.kind,
        status: row.status,
        release: requireSummary(summaries, row.release_id),
        previous: summaries(row.previous_release_id),
        by: row.by_user,
        reason: row.reason,
        evidence: [...row.evidence],
        startedAt: row.started_at.getTime(),
        finishedAt: row.finished_at?.getTime() ?? null,
      }));
      return { items, next: null };
    },
  );
}
