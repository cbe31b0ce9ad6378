import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Db, lastEventPosition, readEvents } from '../../store/index.ts';
import type { ApiApp } from '../app.ts';
import { eventView, pageOf } from '../contract/index.ts';
import type { EventHub } from '../events/hub.ts';
import { isStillKnown, requireRole } from '../guard.ts';

const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const query = z.object({
  /** Id of the last event that the caller has. */
  after: position.optional(),
  app: z.string().optional(),
  subject: z.string().optional(),
  /** Size of a JSON page. */
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const headers = z.looseObject({ 'last-event-id': position.optional() });

/** `GET /events`: server-sent events, or one JSON page for callers that accept only JSON. */
export function registerEvents(app: ApiApp, deps: { readonly db: Db; readonly hub: EventHub }): void {
  const { db, hub } = deps;
  app.get(
    '/events',
    {
      exposeHeadRoute: false,
      config: { longLived: true },
      onRequest: requireRole('viewer', 'read events'),
      schema: {
        summary: 'Events as they happen (text/event-stream), or a page of them (application/json)',
        querystring: query,
        headers,
        response: {
          200: {
            description: 'Events after the given id, oldest first',
            content: {
              'application/json': { schema: pageOf(eventView) },
              'text/event-stream': { schema: z.string() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { app: of, subject, limit } = request.query;
      // A browser that reconnects repeats the address it began with: the header is the newer word.
      const after = request.headers['last-event-id'] ?? request.query.after;
      if (acceptsOnlyJson(request.headers['accept'])) {
        const events = await readEvents(db, { after: after ?? 0, limit, app: of, subject });
        const last = events.at(-1);
        const next = last !== undefined && events.length === limit ? String(last.position) : null;
        return reply.type('application/json').send({ items: [...events], next });
      }
      await hub.start();
      const from = after ?? (await lastEventPosition(db));
      beginStream(reply);
      hub.open(reply.raw, { after: from, app: of, subject, mayStay: () => isStillKnown(request) });
      return reply;
    },
  );
}

function acceptsOnlyJson(accept: unknown): boolean {
  if (typeof accept !== 'string') return false;
  return accept.includes('application/json') && !accept.includes('text/event-stream');
}

function beginStream(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  reply.raw.write('retry: 2000\n\n');
}
