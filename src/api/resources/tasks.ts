import { z } from 'zod';
import { type Agent, TASK_STATES, type Task } from '../../agent/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import {
  type Role,
  STEERING_ACTS,
  type SteeringAct,
  type TaskView,
  pageOf,
  steerTaskRequest,
  taskLogView,
  taskView,
} from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';

const byId = z.object({ id: z.string().min(1) });
const query = z.object({
  state: z.enum(TASK_STATES).optional(),
  /** `owner/name`, in any case. */
  project: z.string().min(1).max(255).optional(),
  number: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Id of the last task of the page before. */
  cursor: z.string().optional(),
});
const logQuery = z.object({
  /** `next` of the piece before. */
  after: z.coerce.number().int().min(0).default(0),
});

const ACTS: Readonly<Record<SteeringAct, { readonly role: Role; readonly act: string; readonly summary: string }>> = {
  pause: {
    role: 'deployer',
    act: 'pause a task',
    summary: 'Stop the agent for now; branch, plan, comment and conversation are kept',
  },
  resume: {
    role: 'deployer',
    act: 'resume a task',
    summary: 'Go on with a paused task where it was; a plan that waits is made anew',
  },
  stop: { role: 'deployer', act: 'stop a task', summary: 'End a task; work that was done is kept on its branch' },
  approve: { role: 'approver', act: 'approve the plan of a task', summary: 'Let the agent work by its plan' },
};

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
      return { items: items.map((task) => viewOf(task, agent)), next };
    },
  );

  app.get(
    '/tasks/:id',
    {
      onRequest: requireRole('viewer', 'read a task'),
      schema: { summary: 'One agent task with its attempts', params: byId, response: { 200: taskView } },
    },
    async (request) => viewOf(await known(agent, request.params.id), agent),
  );

  app.get(
    '/tasks/:id/log',
    {
      onRequest: requireRole('viewer', 'read the log of a task'),
      schema: {
        summary: 'A piece of what the agent said, with known secrets masked; `next` asks for what came since',
        params: byId,
        querystring: logQuery,
        response: { 200: taskLogView },
      },
    },
    (request) => agent.readLog(request.params.id, request.query.after),
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
      reply.code(201).send(viewOf(await agent.retry(request.params.id, identityOf(request).user), agent)),
  );

  for (const act of STEERING_ACTS) registerAct(app, agent, act);
}

function registerAct(app: ApiApp, agent: Agent, act: SteeringAct): void {
  const { role, act: told, summary } = ACTS[act];
  app.post(
    `/tasks/:id/${act}`,
    {
      onRequest: requireRole(role, told),
      schema: { summary, params: byId, body: steerTaskRequest, response: { 200: taskView } },
    },
    async (request) => {
      const reason = request.body.reason?.trim() ?? '';
      const by = { actor: identityOf(request).user, reason: reason === '' ? null : reason };
      return viewOf(await agent.steer(request.params.id, act, by), agent);
    },
  );
}

async function known(agent: Agent, id: string): Promise<Task> {
  const task = await agent.get(id);
  if (task === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'task', id, list: 'funade tasks list' });
  return task;
}

function viewOf(
  { host: _host, projectId: _projectId, actorId: _actorId, attempts, acts, plan, ...task }: Task,
  { pausedFor }: Pick<Agent, 'pausedFor'>,
): TaskView {
  return {
    ...task,
    attempts: attempts.map((attempt) => ({ ...attempt })),
    acts: [...acts],
    plan: plan.map((item) => ({ ...item })),
    expiresAt: isResting(task) && task.pausedAt !== null ? task.pausedAt + pausedFor : null,
  };
}

/** A task whose process was stopped goes on by itself. */
function isResting({ state, reason }: Pick<Task, 'state' | 'reason'>): boolean {
  return state === 'awaiting_approval' || (state === 'paused' && reason !== 'drain');
}
