import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FUNCTION_NAME, type LogQuery } from '../../functions/index.ts';
import { FunadeError, type Logger, messageOf, sleep } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import { functionLogView, functionMetricsView, pageOf, runtimesView } from '../contract/index.ts';
import { isStillKnown, requireRole, requireScope } from '../guard.ts';
import type { FunctionsPlane } from './plane.ts';

const byName = z.object({ name: z.string().regex(FUNCTION_NAME) });
const logQuery = z.object({
  /** Of an application. */
  environment: z.string().optional(),
  function: z.string().optional(),
  version: z.string().optional(),
  /** Position of the last line that the caller has. */
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const metricsQuery = z.object({ minutes: z.coerce.number().int().min(1).max(1440).default(15) });
const headers = z.looseObject({ 'last-event-id': z.coerce.number().int().min(0).optional() });

const LOOK_EVERY = 300;
const BEAT_EVERY = 15_000;
/** How long a reader whose token was revoked may go on. */
const ASK_EVERY = 5000;

/** What functions write and count, and what they run with. */
export function registerFunctionObservability(app: ApiApp, { functions }: FunctionsPlane, logger: Logger): void {
  const { logs, metrics } = functions;

  async function whereIs(name: string) {
    const found = await functions.whereIs(name);
    if (found === undefined)
      throw new FunadeError('FUN_NOT_FOUND', { kind: 'function', id: name, list: 'funade fn list' });
    return found;
  }

  app.get(
    '/functions/:name/logs',
    {
      exposeHeadRoute: false,
      config: { longLived: true },
      onRequest: requireRole('viewer', 'read logs'),
      schema: {
        summary: 'Output of a function, or of all functions of an application; live with Accept: text/event-stream',
        ...{ params: byName, querystring: logQuery, headers },
        response: {
          200: {
            description: 'Lines, oldest first',
            content: {
              'application/json': { schema: pageOf(functionLogView) },
              'text/event-stream': { schema: z.string() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const query: LogQuery = { ...request.query, ...(await whereIs(request.params.name)) };
      if (!String(request.headers['accept'] ?? '').includes('text/event-stream')) {
        return reply.type('application/json').send({ items: [...(await logs.list(query))], next: null });
      }
      await follow(request, reply, { ...query, after: request.headers['last-event-id'] ?? query.after });
      return reply;
    },
  );

  /** The newest lines, then whatever comes, until the reader leaves or may not read any more. */
  async function follow(request: FastifyRequest, reply: FastifyReply, query: LogQuery): Promise<void> {
    const left = new AbortController();
    reply.hijack();
    const { raw } = reply;
    raw.once('close', () => left.abort());
    raw.on('error', () => {}); // a reader that vanishes is an ordinary end; 'close' follows
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 2000\n\n');
    try {
      await passOn(request, raw, { query, left: left.signal });
    } catch (thrown) {
      logger.warn({ reason: messageOf(thrown) }, 'Failed to read lines for a stream; its reader can resume.');
    } finally {
      raw.end();
    }
  }

  async function passOn(
    request: FastifyRequest,
    raw: FastifyReply['raw'],
    { query, left }: { readonly query: LogQuery; readonly left: AbortSignal },
  ): Promise<void> {
    let after = query.after;
    let beat = performance.now();
    let asked = beat;
    while (!left.aborted && !app.isClosing()) {
      if (performance.now() - asked > ASK_EVERY) {
        asked = performance.now();
        if (!(await isStillKnown(request))) return;
      }
      const lines = await logs.list({ ...query, after });
      for (const line of lines) raw.write(`id: ${line.position}\nevent: line\ndata: ${JSON.stringify(line)}\n\n`);
      after = lines.at(-1)?.position ?? after ?? 0;
      if (performance.now() - beat > BEAT_EVERY) {
        beat = performance.now();
        raw.write(': beat\n\n');
      }
      if (raw.writableNeedDrain) await once(raw, 'drain', { signal: left }).catch(() => {}); // it left
      else if (lines.length < query.limit) await sleep(LOOK_EVERY, left);
    }
  }

  app.get(
    '/functions/:name/metrics',
    {
      onRequest: requireScope('read:functions', 'read metrics'),
      schema: {
        summary: 'Calls, errors and latency of the last minutes, by version',
        ...{ params: byName, querystring: metricsQuery, response: { 200: functionMetricsView } },
      },
    },
    async ({ params, query }) => {
      const { app: name } = await whereIs(params.name);
      return { versions: [...(await metrics.ofApp(name, query.minutes))] };
    },
  );

  app.get(
    '/runtimes',
    {
      onRequest: requireRole('viewer', 'read what functions run with'),
      schema: { summary: 'Languages, isolation and memory of this server', response: { 200: runtimesView } },
    },
    async () => {
      const { tier, reason, layers } = functions.isolation();
      const runtimes = [...(await functions.languages())].map(([name, status]) =>
        status.available
          ? { name, available: true, version: status.version, reason: null, fix: null }
          : { name, available: false, version: null, reason: status.reason, fix: status.fix },
      );
      const isolation = { tier, reason, layers: layers.map((layer) => ({ ...layer })) };
      return { isolation, untrusted: functions.untrusted, runtimes, memory: { ...functions.memory() } };
    },
  );
}
