import { z } from 'zod';
import { type Agent, TASK_STATES, type Task } from '../../agent/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type TaskView, pageOf, taskView } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';

const byId = z.object({ id: z.string().min(1) });
const query = z.object({
  state: z.enum(TASK_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Id of the last task of the page before. */
  cursor: z.string().optional(),
});

/** `/tasks`: issues and changes that were handed to the agent. */
export function registerTasks(app: ApiApp, { agent }: Pick<ControlPlane, 'agent'>): void {
  app.get(
    '/tasks',
    {
      onRequest: requireRole('viewer', 'list tasks'),
      schema: { summary: 'Agent tasks, newest first', querystring: query, response: { 200: pageOf(taskView) } },
    },
    async (request) => {
      const { items, next } = await agent.list(request.query);
      return { items: items.map(viewOf), next };
    },
  );

  app.get(
    '/tasks/:id',
    {
      onRequest: requireRole('viewer', 'read a task'),
      schema: { summary: 'One agent task with its attempts', params: byId, response: { 200: taskView } },
    },
    async (request) => viewOf(await known(agent, request.params.id)),
  );

  app.post(
    '/tasks/:id/retry',
    {
      onRequest: requireRole('deployer', 'retry a task'),
      schema: {
        summary: 'Hand the subject of an ended task over once more',
        params: byId,
        response: { 201: taskView },
      },
    },
    async (request, reply) =>
      reply.code(201).send(viewOf(await agent.retry(request.params.id, identityOf(request).user))),
  );
}

async function known(agent: Agent, id: string): Promise<Task> {
  const task = await agent.get(id);
  if (task === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'task', id, list: 'funade tasks list' });
  return task;
}

function viewOf({ host: _host, projectId: _projectId, actorId: _actorId, attempts, ...task }: Task): TaskView {
  return { ...task, attempts: attempts.map((attempt) => ({ ...attempt })) };
}
