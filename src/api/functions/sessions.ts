import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LANGUAGE_TITLE, type Execution, findUnrepresentable, sliceMembers } from '../../functions/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import { type Scope, functionSessionView, initializeAnswer, initializeRequest } from '../contract/index.ts';
import { identityOf, requireScope } from '../guard.ts';
import { EVENT_LIMIT, badRequest, rawBody, takeRawJson } from './bodies.ts';
import { OutcomeError } from './outcome-error.ts';
import type { FunctionsPlane } from './plane.ts';
import { limited } from './rates.ts';
import { iso, sessionViewOf } from './views.ts';

const byRequestId = z.object({ request_id: z.string().regex(/^[\w-]{1,64}$/) });
const titleHeader = z.object({ 'language-title': z.string() });
/** Bytes of a script. */
const SCRIPT_LIMIT = 1024 * 1024;

/** `initialize`, `execute`, `sessions`: scripts that a caller brings along and calls for a while. */
export function registerFunctionSessions(scope: ApiApp, plane: FunctionsPlane): void {
  const { sessions } = plane.functions;
  takeRawJson(scope);

  scope.post(
    '/initialize',
    {
      bodyLimit: 2 * SCRIPT_LIMIT,
      onRequest: [requireScope(scopeOfHeader, 'initialize a session'), limited(plane.limits.execute)],
      schema: {
        summary: 'Open a session of a function, with the script of it or without',
        headers: z.looseObject({ 'language-title': z.string().optional() }),
        response: { 200: initializeAnswer },
      },
    },
    async (request) => {
      const body = rawBody(request);
      const text = textOf(body);
      const read = initializeRequest.safeParse(parsed(text === '' ? '{}' : text));
      if (!read.success) {
        const faults = read.error.issues.map(({ message, path }) => ({ message, path: path.join('.') }));
        throw new FunadeError('FUN_BAD_REQUEST', { count: faults.length }, { faults });
      }
      const { script_content: script, affinity } = read.data;
      if (script !== undefined && Buffer.byteLength(script) > SCRIPT_LIMIT) {
        throw new FunadeError('FUN_BODY_TOO_LARGE', { limit: '1 MiB' });
      }
      const context = (text === '' ? undefined : sliceMembers(text, ['context']).get('context')) ?? '{}';
      refuseUnrepresentable('context', context);
      const order = {
        languageTitle: titleOf(request),
        context,
        ...{ script: script ?? null, affinity, by: identityOf(request).user },
      };
      const session = await sessions.initialize(order, (outcome) => new OutcomeError(outcome as never));
      return { request_id: session.id, status: 'initialized' as const, expires_at: iso(session.expiresAt) };
    },
  );

  scope.post(
    '/execute/:request_id',
    {
      bodyLimit: EVENT_LIMIT,
      onRequest: [requireScope(null, 'execute a function'), limited(plane.limits.execute)],
      schema: { summary: 'Call the function of a session', params: byRequestId },
    },
    async (request, reply) => {
      const { request_id: id } = request.params;
      await requireScope(executeScope(await sessions.titleOf(id)), 'execute a function')(request);
      const execution = await sessions.execute(id, paramsOf(rawBody(request)), { requestId: request.id });
      return reply
        .type('application/json; charset=utf-8')
        .serializer((text: unknown) => text as string)
        .send(answerOf(id, execution));
    },
  );

  scope.get(
    '/sessions/:request_id',
    {
      onRequest: requireScope(null, 'read a session'),
      schema: { summary: 'State of a session', params: byRequestId, response: { 200: functionSessionView } },
    },
    async (request) => sessionViewOf(await sessions.get(request.params.request_id)),
  );
}

function titleOf(request: FastifyRequest): string {
  const { 'language-title': title } = titleHeader.partial().parse(request.headers);
  if (title !== undefined && LANGUAGE_TITLE.test(title)) return title;
  throw badRequest(`the header Language-Title has to match ${LANGUAGE_TITLE.source}`, 'headers.Language-Title');
}

/** A title that is none is told after it is known who asks. */
function scopeOfHeader(request: FastifyRequest) {
  const { 'language-title': title } = titleHeader.partial().parse(request.headers);
  const runtime = LANGUAGE_TITLE.exec(title ?? '')?.[1];
  return runtime === undefined ? null : executeScope(runtime);
}

function executeScope(languageTitle: string): Scope {
  return `execute:${languageTitle.split('-')[0]}` as Scope;
}

function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new OutcomeError({ kind: 'invalid_event', message: 'The body is not UTF-8' });
  return body.toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new OutcomeError({ kind: 'invalid_event', message: 'The body is not JSON' });
  }
}

/** `params` as it was sent: numbers and nesting that JavaScript would change reach the function as they are, or are refused. */
function paramsOf(body: Buffer): string {
  const text = textOf(body);
  if (text === '') return '{}';
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the body has to be an object with `params`', 'body');
  }
  const params = sliceMembers(text, ['params']).get('params') ?? '{}';
  const first = params.trimStart()[0];
  if (first !== '{') throw badRequest('`params` has to be an object', 'params');
  refuseUnrepresentable('params', params);
  return params;
}

function refuseUnrepresentable(name: string, text: string): void {
  const fault = findUnrepresentable(text);
  if (fault === null) return;
  const message = `${name}: ${fault.reason.replaceAll('_', ' ')}, at character ${fault.offset}`;
  throw new OutcomeError({ kind: 'invalid_event', message });
}

/** The result is put in as the function wrote it. */
function answerOf(id: string, { session, outcome, duration, cached }: Execution): string {
  if (outcome.kind !== 'result') throw new OutcomeError(outcome as never);
  const head = {
    request_id: id,
    language_title: session.languageTitle,
    execution_time_ms: Math.round(duration * 1000) / 1000,
    cached,
  };
  const result = outcome.body.length === 0 ? 'null' : outcome.body.toString('utf8');
  return `${JSON.stringify(head).slice(0, -1)},"result":${result}}`;
}
