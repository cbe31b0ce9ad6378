import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import { type RunRow, hasRunEnded, listRuns, readLog, readRun, readStages } from '../../releases/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type RunView, pageOf, runView, shipAnswer } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';
import { runViews } from '../views/run.ts';

const byId = z.object({ id: z.string().min(1) });
const listQuery = z.object({
  app: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.coerce.number().int().optional(),
});
const logQuery = z.object({ stage: z.string().optional(), follow: z.coerce.number().optional() });
const FOLLOW_MS = 300;

/** `/runs`: releases on their way through the pipeline. */
export function registerRuns(app: ApiApp, plane: ControlPlane): void {
  const { db } = plane;
  app.get(
    '/runs',
    {
      onRequest: requireRole('viewer', 'list runs'),
      schema: { summary: 'Runs, newest first', querystring: listQuery, response: { 200: pageOf(runView) } },
    },
    async (request) => {
      const { app: name, limit, cursor } = request.query;
      const rows = await listRuns(db, { app: name, limit, before: cursor });
      return { items: await runViews(db, rows), next: rows.length === limit ? String(rows.at(-1)?.sequence) : null };
    },
  );

  app.get(
    '/runs/:id',
    {
      onRequest: requireRole('viewer', 'read a run'),
      schema: { summary: 'One run with its stages', params: byId, response: { 200: runView } },
    },
    async (request) => one(plane, request.params.id),
  );

  app.post(
    '/runs/:id/retry',
    {
      onRequest: requireRole('deployer', 'retry a run'),
      schema: { summary: 'Run the same commit again', params: byId, response: { 201: shipAnswer } },
    },
    async (request, reply) =>
      reply.code(201).send({ runId: await plane.releases.retry(request.params.id, identityOf(request).user) }),
  );

  app.get(
    '/runs/:id/log',
    {
      config: { longLived: true },
      onRequest: requireRole('viewer', 'read a log'),
      schema: {
        summary: 'Output of the stages as text; `follow=1` stays until the run ends',
        params: byId,
        querystring: logQuery,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const run = await found(plane, request.params.id);
      const stage = await stageIndex(plane, run, request.query.stage);
      const lines = linesOf(plane, {
        run,
        stage,
        follow: request.query.follow === 1,
        isGone: () => reply.raw.destroyed,
      });
      return reply.type('text/plain; charset=utf-8').send(Readable.from(lines) as never);
    },
  );
}

async function found({ db }: ControlPlane, id: string): Promise<RunRow> {
  const row = await readRun(db, id);
  if (row === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'run', id, list: 'funade run list' });
  return row;
}

async function one(plane: ControlPlane, id: string): Promise<RunView> {
  const [view] = await runViews(plane.db, [await found(plane, id)]);
  if (view === undefined) throw new Error(`no view of run ${id}`);
  return view;
}

async function stageIndex({ db }: ControlPlane, run: RunRow, name: string | undefined): Promise<number | undefined> {
  if (name === undefined) return undefined;
  const stages = await readStages(db, [run.id]);
  const stage = stages.find((entry) => entry.name === name);
  if (stage === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'stage', id: name, list: `funade run show ${run.id}` });
  return stage.index;
}

async function* linesOf(
  plane: ControlPlane,
  {
    run,
    stage,
    follow,
    isGone,
  }: {
    readonly run: RunRow;
    readonly stage: number | undefined;
    readonly follow: boolean;
    readonly isGone: () => boolean;
  },
): AsyncGenerator<string> {
  let after = 0;
  for (;;) {
    const ended = hasRunEnded((await readRun(plane.db, run.id))?.state ?? 'cancelled');
    const chunks = await readLog(plane.db, run.id, { after, stage, limit: 200 });
    for (const chunk of chunks) {
      after = chunk.position;
      yield chunk.text;
    }
    if (chunks.length === 200) continue;
    if (!follow || ended || isGone()) return;
    await delay(FOLLOW_MS);
  }
}
