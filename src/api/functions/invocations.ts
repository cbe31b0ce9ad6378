import { z } from 'zod';
import { FUNCTION_NAME, INVOCATION_STATES, type Invoked, checkJson } from '../../functions/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import { functionInvocationView, listedInvocationView, pageOf } from '../contract/index.ts';
import { identityOf, requireRole, requireScope } from '../guard.ts';
import { EVENT_LIMIT, badRequest, rawBody, takeRawJson } from './bodies.ts';
import { OutcomeError } from './outcome-error.ts';
import type { FunctionsPlane } from './plane.ts';
import { limited } from './rates.ts';
import { invocationViewOf, listedInvocationViewOf } from './views.ts';

const byName = z.object({ name: z.string().regex(FUNCTION_NAME) });
const byId = byName.extend({ id: z.uuid() });
const invokeQuery = z.object({
  /** Alias or number of a standalone function; environment of an application's. */
  qualifier: z.string().max(128).optional(),
  /** `event`: answer at once and call it in the background. */
  type: z.enum(['request', 'event']).default('request'),
});
const listQuery = z.object({
  state: z.enum(INVOCATION_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
/** Bytes of an event that is called in the background. */
const BACKGROUND_LIMIT = 1024 * 1024;

/** `/functions/{name}/invocations`: calls with an event, and what became of those in the background. */
export function registerFunctionInvocations(scope: ApiApp, { functions, limits }: FunctionsPlane): void {
  const { invoker, events, runOnce } = functions;
  takeRawJson(scope);

  scope.post(
    '/functions/:name/invocations',
    {
      bodyLimit: EVENT_LIMIT,
      onRequest: [requireScope('execute:all', 'invoke a function'), limited(limits.execute)],
      schema: { summary: 'Call a function with an event', params: byName, querystring: invokeQuery },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { qualifier = null, type } = request.query;
      const body = rawBody(request);
      const key = idempotencyKey(request.headers['idempotency-key']);
      if (type === 'event') {
        const order = { name, qualifier, payload: backgroundEvent(body), idempotencyKey: key };
        const { id, isNew } = await events.accept({ ...order, by: identityOf(request).user });
        return reply.code(202).send({ id, state: 'queued', duplicate: !isNew });
      }
      const stickyKey = request.headers['x-funade-sticky-key'];
      const call = () => {
        const invocation = { requestId: request.id, name, qualifier, body, caller: { gone: false } };
        return invoker.invoke({ ...invocation, stickyKey: typeof stickyKey === 'string' ? stickyKey : undefined });
      };
      const identified = Buffer.concat([Buffer.from(`${qualifier ?? ''}\0`), body]);
      const { invoked, isReplay } =
        key === null
          ? { invoked: await call(), isReplay: false }
          : await runOnce({ name, key, request: identified }, call);
      void reply.headers({ ...headersOf(invoked), 'x-funade-replayed': String(isReplay) });
      if (invoked.outcome.kind !== 'result') throw new OutcomeError(invoked.outcome as never);
      return reply.type('application/json; charset=utf-8').send(invoked.outcome.body);
    },
  );

  scope.get(
    '/functions/:name/invocations',
    {
      onRequest: [requireScope('read:functions', 'list invocations'), limited(limits.read)],
      schema: {
        summary: 'Calls in the background without their events, newest first; `state=dead` lists the dead letters',
        params: byName,
        querystring: listQuery,
        response: { 200: pageOf(listedInvocationView) },
      },
    },
    async ({ params, query }) => ({
      items: (await events.list({ name: params.name, ...query })).map(listedInvocationViewOf),
      next: null,
    }),
  );

  scope.get(
    '/functions/:name/invocations/:id',
    {
      onRequest: [requireScope('read:functions', 'read an invocation'), limited(limits.read)],
      schema: { summary: 'One call in the background', params: byId, response: { 200: functionInvocationView } },
    },
    async ({ params }) => invocationViewOf(await events.get(params.id)),
  );

  scope.post(
    '/functions/:name/invocations/:id/retry',
    {
      onRequest: requireRole('deployer', 'retry a dead letter'),
      schema: { summary: 'Try a dead letter again', params: byId, response: { 202: functionInvocationView } },
    },
    async ({ params }, reply) => {
      await events.retry(params.id);
      return reply.code(202).send(invocationViewOf(await events.get(params.id)));
    },
  );
}

function idempotencyKey(header: unknown): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw badRequest('Idempotency-Key has to be 1 to 255 visible characters', 'headers.Idempotency-Key');
}

function backgroundEvent(body: Buffer): Buffer {
  if (body.length > BACKGROUND_LIMIT) throw new FunadeError('FUN_BODY_TOO_LARGE', { limit: '1 MiB' });
  if (body.length > 0 && !checkJson(body.toString('utf8')).ok) {
    throw new OutcomeError({ kind: 'invalid_event', message: 'The event is not JSON' });
  }
  return body;
}

function headersOf({ version, alias, duration, cached }: Invoked): Readonly<Record<string, string>> {
  return {
    'x-funade-version': version,
    'x-funade-alias': alias,
    'x-funade-duration-ms': duration.toFixed(3),
    'x-funade-cached': String(cached),
  };
}
