import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import cookie from '@fastify/cookie';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  type FastifyServerFactory,
  fastify,
} from 'fastify';
import { type ZodTypeProvider, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type Clock, FunadeError, type Language, type Logger, newId } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import type { Access } from './access/index.ts';
import { createAttempts } from './attempts.ts';
import { registerDashboard } from './dashboard.ts';
import { type ErrorHandler, createErrorHandler } from './errors.ts';
import type { EventHub } from './events/hub.ts';
import { authenticateRequest, identify } from './guard.ts';
import { registerHealth } from './health.ts';
import type { Metrics } from './metrics.ts';
import { collectSchemas, registerOpenApi } from './openapi.ts';
import type { HealthSource } from './port.ts';
import { registerEvents } from './resources/events.ts';
import { registerSession } from './resources/session.ts';
import { registerTokens } from './resources/tokens.ts';
import { refuseUnstorable } from './unstorable.ts';

/** What resource files get: routes are typed by their zod schemas, and everyone who reaches a handler is known. */
export type ApiApp = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

export interface AppOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly db: Db;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly language: Language;
  readonly version: string;
  readonly webRoot: string | null;
  readonly resources: readonly ((app: ApiApp) => void)[];
  readonly health: HealthSource;
  readonly hub: EventHub;
  readonly closing: () => boolean;
  readonly serverFactory: FastifyServerFactory;
}

const BODY_LIMIT = 1024 * 1024;
const REQUEST_ID = /^[\w.-]{1,64}$/;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
} as const;

/** The routes around and including `/api/v1`, ready to be started or injected into. */
export function buildApp(options: AppOptions): ApiApp {
  const { access, clock, logger } = options;
  const handleError = createErrorHandler({ logger, language: options.language });
  const app = fastify({
    serverFactory: options.serverFactory,
    bodyLimit: BODY_LIMIT,
    // Only a proxy on this machine may say for whom it speaks.
    trustProxy: 'loopback',
    genReqId: (request) => requestId(request.headers['x-request-id']),
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>() as unknown as ApiApp;

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((thrown, request, reply) => handleError(thrown, request, reply));
  app.decorate('access', access);
  app.decorate('attempts', createAttempts({ clock, limit: 20, windowMs: 60_000 }));
  app.decorate('isClosing', options.closing);
  app.decorateRequest('identity', null);
  acceptEmptyJson(app);
  void app.register(cookie);
  collectSchemas(app, options.version);

  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
  });
  observeRequests(app, options);
  const routes = recordRoutes(app);

  void app.register(async (root) => {
    const shell = root as unknown as ApiApp;
    registerHealth(shell, options);
    registerMetrics(shell, options.metrics);
  });
  void app.register(
    async (api) => {
      const scope = api as unknown as ApiApp;
      scope.addHook('onRequest', authenticateRequest);
      scope.addHook('preValidation', async (request) => {
        // An act without a body is an act without options; what is required is then named field by field.
        if (request.routeOptions.schema?.body !== undefined && request.body === undefined) request.body = {};
      });
      scope.addHook('preValidation', refuseUnstorable);
      registerSession(scope);
      registerTokens(scope);
      registerEvents(scope, options);
      registerOpenApi(scope);
      for (const register of options.resources) register(scope);
    },
    { prefix: '/api/v1' },
  );
  answerUnmatched(app, { webRoot: options.webRoot, routes, handleError });
  return app;
}

function requestId(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId('req');
}

function acceptEmptyJson(app: ApiApp): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
}

function observeRequests(app: ApiApp, options: Pick<AppOptions, 'metrics' | 'logger'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    const status = reply.statusCode;
    options.logger.debug(
      { requestId: request.id, method, route, status, ms: Math.round(reply.elapsedTime), user: request.identity?.user },
      'Served a request.',
    );
    if (request.routeOptions.config.longLived === true) return;
    options.metrics.observeRequest({ method, route, status, seconds: reply.elapsedTime / 1000 });
  });
}

function registerMetrics(app: ApiApp, metrics: Metrics): void {
  app.get('/metrics', { schema: { response: { 200: z.string() } } }, async (request, reply) => {
    // A proxy's address is loopback too, so whoever comes through one needs a token.
    const direct = request.headers['x-forwarded-for'] === undefined && request.headers['forwarded'] === undefined;
    const local = direct && LOOPBACK.test(request.socket.remoteAddress ?? '');
    if (!local && (await identify(request, reply)) === null) throw new FunadeError('FUN_UNAUTHENTICATED');
    const text = await metrics.registry.metrics();
    return reply
      .type(metrics.registry.contentType)
      .serializer((body: unknown) => String(body))
      .send(text);
  });
}

interface RouteShape {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Remembers which methods each address takes, so that a wrong one gets a 405 that names the right ones. */
function recordRoutes(app: ApiApp): ReadonlyMap<string, RouteShape> {
  const shapes = new Map<string, RouteShape>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const source = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:\w+/g, '[^/]+');
    const shape = shapes.get(url) ?? { pattern: new RegExp(`^${source}$`), methods: new Set<string>() };
    for (const each of [method].flat()) shape.methods.add(each);
    shapes.set(url, shape);
  });
  return shapes;
}

function answerUnmatched(
  app: ApiApp,
  parts: {
    readonly webRoot: string | null;
    readonly routes: ReadonlyMap<string, RouteShape>;
    readonly handleError: ErrorHandler;
  },
): void {
  const dashboard = registerDashboard(app, parts.webRoot);
  app.setNotFoundHandler((request: FastifyRequest, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const allowed = new Set<string>();
    for (const { pattern, methods } of parts.routes.values()) {
      if (pattern.test(path)) for (const method of methods) allowed.add(method);
    }
    if (allowed.size > 0) {
      const values = { method: request.method, path, allowed: [...allowed].sort().join(', ') };
      parts.handleError(new FunadeError('FUN_METHOD_NOT_ALLOWED', values), request, reply);
      return;
    }
    if (dashboard.answer(request, reply)) return;
    const values = { kind: 'address', id: `${request.method} ${path}`, list: 'GET /api/v1/openapi.json' };
    parts.handleError(new FunadeError('FUN_NOT_FOUND', values), request, reply);
  });
}
