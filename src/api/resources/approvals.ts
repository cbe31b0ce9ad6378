import { z } from 'zod';
import { listApprovals, readApproval } from '../../releases/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type ApprovalView, approvalView, decisionRequest, pageOf } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { approvalViews } from '../views/run.ts';

const query = z.object({
  state: z.enum(['pending', 'approved', 'rejected', 'void', 'expired']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Id of the last approval of the page before. */
  cursor: z.string().optional(),
});

/** `/approvals`: what waits for people. Who may decide is written in the approval and checked by the releases room. */
export function registerApprovals(app: ApiApp, plane: ControlPlane): void {
  const { db, releases } = plane;
  app.get(
    '/approvals',
    {
      onRequest: requireRole('viewer', 'list approvals'),
      schema: { summary: 'Approvals, newest first', querystring: query, response: { 200: pageOf(approvalView) } },
    },
    async (request) => {
      const { state, limit, cursor } = request.query;
      const rows = await listApprovals(db, { state, limit, before: cursor });
      return {
        items: await approvalViews(db, rows),
        next: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
      };
    },
  );

  app.post(
    '/approvals/:id',
    {
      onRequest: requireRole('viewer', 'decide an approval'),
      schema: {
        summary: 'Approve or reject',
        params: z.object({ id: z.string().min(1) }),
        body: decisionRequest,
        response: { 200: approvalView },
      },
    },
    async (request): Promise<ApprovalView> => {
      const { decision, comment } = request.body;
      await releases.decideApproval({
        approvalId: request.params.id,
        user: identityOf(request).user,
        decision,
        comment,
      });
      const row = await readApproval(db, request.params.id);
      const [view] = row === undefined ? [] : await approvalViews(db, [row]);
      if (view === undefined) throw new Error(`no view of approval ${request.params.id}`);
      return view;
    },
  );
}
