import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  ALIAS_NAME,
  type CodeSource,
  FUNCTION_NAME,
  type Functions,
  LATEST,
  type StandaloneFunction,
  type StandaloneVersion,
} from '../../functions/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import { atLeast } from '../access/index.ts';
import type { ApiApp } from '../app.ts';
import {
  type DeployFunctionRequest,
  deployFunctionAnswer,
  deployFunctionRequest,
  functionAliasRequest,
  functionAliasView,
  functionListView,
  functionRuntime,
  functionVersionView,
  functionView,
  pageOf,
} from '../contract/index.ts';
import { identityOf, requireRole, requireScope } from '../guard.ts';
import { badRequest } from './bodies.ts';
import { OutcomeError } from './outcome-error.ts';
import type { FunctionsPlane } from './plane.ts';
import { limited } from './rates.ts';
import { aliasViewOf, functionViewOf, versionViewOf } from './views.ts';

const byName = z.object({ name: z.string().regex(FUNCTION_NAME) });
const byAlias = byName.extend({ alias: z.string().regex(ALIAS_NAME) });
const byAnyAlias = byName.extend({ alias: z.union([z.string().regex(ALIAS_NAME), z.literal(LATEST)]) });
const byNumber = byName.extend({ number: z.coerce.number().int().min(1) });
const listQuery = z.object({
  language: functionRuntime.optional(),
  type: z.enum(['session', 'function']).optional(),
  user_id: z.string().optional(),
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(100).default(20),
});
/** A zip of 50 MB in base64, and what is around it. */
const DEPLOY_LIMIT = 70 * 1024 * 1024;

/** `/functions`: functions that are deployed by themselves, their versions and aliases. */
export function registerStandaloneFunctions(app: ApiApp, { functions, limits }: FunctionsPlane): void {
  const { standalone } = functions;

  async function viewOf(found: StandaloneFunction) {
    const version = found.latest === 0 ? undefined : await standalone.version(found.name, found.latest);
    return functionViewOf(found, version?.form ?? 'module');
  }

  app.get(
    '/functions',
    {
      onRequest: [requireScope('read:functions', 'list functions'), limited(limits.read)],
      schema: { summary: 'Standalone functions by name', querystring: listQuery, response: { 200: functionListView } },
    },
    async ({ query }) => {
      const { language: runtime, user_id: createdBy, type, page, per_page: limit } = query;
      const form = type && (type === 'session' ? 'script' : 'module');
      const { items, total } = await standalone.list({ runtime, createdBy, form, limit, offset: (page - 1) * limit });
      const views = await Promise.all(items.map(viewOf));
      return { functions: views, page, per_page: limit, total, total_pages: Math.ceil(total / limit) };
    },
  );

  app.get(
    '/functions/:name',
    {
      onRequest: [requireScope('read:functions', 'read a function'), limited(limits.read)],
      schema: { summary: 'One function, with schema and examples', params: byName, response: { 200: functionView } },
    },
    async ({ params }) => viewOf(await standalone.get(params.name)),
  );

  app.put(
    '/functions/:name',
    {
      bodyLimit: DEPLOY_LIMIT,
      onRequest: requireRole('deployer', 'deploy a function'),
      schema: {
        summary: 'Publish a version: code, settings or both; the same again is the same version',
        params: byName,
        body: deployFunctionRequest,
        response: { 200: deployFunctionAnswer, 201: deployFunctionAnswer },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      refuseTrust(request, request.body);
      const { description, parameters, examples, code } = request.body;
      // Read once: settings that were given to one version's code must not come together with another one's.
      const base = code === undefined ? await newestOf(name) : undefined;
      const published = await standalone.publish({
        ...{ name, by: identityOf(request).user, form: 'module', code: codeOf(request.body, base, functions) },
        onFault: (outcome) => new OutcomeError(outcome as never),
        config: settingsOf(request.body, base),
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters }),
        ...(examples === undefined ? {} : { examples }),
      });
      const { version, isNew } = published;
      return reply
        .code(isNew ? 201 : 200)
        .send({ function: await viewOf(await standalone.get(name)), version: versionViewOf(version), isNew });
    },
  );

  async function newestOf(name: string): Promise<StandaloneVersion> {
    const { latest } = await standalone.get(name);
    return standalone.version(name, latest);
  }

  /** Without code only settings change: those that are not named stay as they are in the base. */
  function settingsOf(
    { config, code }: DeployFunctionRequest,
    base: StandaloneVersion | undefined,
  ): Readonly<Record<string, unknown>> {
    if (code !== undefined && 'source' in code) {
      const runtime = functionRuntime.catch('nodejs').parse(config['runtime']);
      return { handler: functions.sources[runtime].handler, ...config };
    }
    if (base === undefined) return config;
    const { timeout, cache, instances, reserved, route, ...kept } = base.config;
    const { min, max } = instances;
    return {
      ...kept,
      timeout: `${timeout}ms`,
      cache: `${cache}ms`,
      smoke: kept.smoke.map(({ http, event, status }) => (http === null ? { event } : { http, status })),
      instances: { ...(min === null ? {} : { min }), ...(max === null ? {} : { max }) },
      ...(reserved === null ? {} : { reserved }),
      ...(route === null ? {} : { route }),
      ...config,
    };
  }

  app.delete(
    '/functions/:name',
    {
      onRequest: requireRole('deployer', 'delete a function'),
      schema: {
        summary: 'Delete a function with its versions and aliases',
        params: byName,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await standalone.remove(request.params.name);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/functions/:name/versions',
    {
      onRequest: requireScope('read:functions', 'list versions'),
      schema: { summary: 'Versions, newest first', params: byName, response: { 200: pageOf(functionVersionView) } },
    },
    async ({ params }) => ({ items: (await standalone.versions(params.name)).map(versionViewOf), next: null }),
  );

  app.get(
    '/functions/:name/versions/:number',
    {
      onRequest: requireScope('read:functions', 'read a version'),
      schema: { summary: 'One version', params: byNumber, response: { 200: functionVersionView } },
    },
    async ({ params }) => versionViewOf(await standalone.version(params.name, params.number)),
  );

  app.get(
    '/functions/:name/aliases',
    {
      onRequest: requireScope('read:functions', 'list aliases'),
      schema: { summary: 'Aliases by name', params: byName, response: { 200: pageOf(functionAliasView) } },
    },
    async ({ params }) => ({ items: (await standalone.aliases(params.name)).map(aliasViewOf), next: null }),
  );

  app.get(
    '/functions/:name/aliases/:alias',
    {
      onRequest: requireScope('read:functions', 'read an alias'),
      schema: {
        summary: 'One alias; its revision is the ETag',
        params: byAnyAlias,
        response: { 200: functionAliasView },
      },
    },
    async ({ params }, reply) => sendAlias(reply, aliasViewOf(await standalone.alias(params.name, params.alias))),
  );

  app.put(
    '/functions/:name/aliases/:alias',
    {
      onRequest: requireRole('deployer', 'change an alias'),
      schema: {
        summary: 'Point an alias to one version, or to two with weights; If-Match holds it to a revision',
        params: byAlias,
        body: functionAliasRequest,
        response: { 200: functionAliasView },
      },
    },
    async (request, reply) => {
      const { name, alias } = request.params;
      const { version, weights, sticky } = request.body;
      if ((version === undefined) === (weights === undefined))
        throw badRequest('name either `version` or `weights`', 'version');
      const wanted = weights ?? [{ version: version ?? '', weight: 100 }];
      const order = { name, alias, weights: wanted, sticky, ifRevision: revisionOf(request) };
      return sendAlias(reply, aliasViewOf(await standalone.setAlias(order)));
    },
  );

  app.delete(
    '/functions/:name/aliases/:alias',
    {
      onRequest: requireRole('deployer', 'delete an alias'),
      schema: {
        summary: 'Delete an alias; If-Match holds it to a revision',
        params: byAlias,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await standalone.removeAlias({ ...request.params, ifRevision: revisionOf(request) });
      return reply.code(204).send(null);
    },
  );
}

function sendAlias(reply: FastifyReply, alias: z.infer<typeof functionAliasView>) {
  return reply.header('etag', `"${alias.revision}"`).send(alias);
}

/** `If-Match: "3"` holds to a revision, `If-None-Match: *` to an alias that is not there yet. */
function revisionOf({ headers }: FastifyRequest): number | null | undefined {
  if (headers['if-none-match'] === '*') return null;
  const match = headers['if-match'];
  if (match === undefined || match === '*') return undefined;
  const revision = /^"?(\d{1,15})"?$/.exec(match)?.[1];
  if (revision === undefined) throw badRequest('If-Match has to be a revision, such as "3"', 'headers.If-Match');
  return Number(revision);
}

/** Only an owner vouches for code: it then runs in any tier of isolation, and may use the network of the server. */
function refuseTrust(request: FastifyRequest, { config }: DeployFunctionRequest): void {
  const identity = identityOf(request);
  const isAsked = config['trusted'] === true || config['network'] === 'open';
  if (!isAsked || atLeast(identity.role, 'owner')) return;
  const { user, role } = identity;
  throw new FunadeError('FUN_FORBIDDEN', { action: 'deploy trusted code', user, role, needed: 'owner' });
}

function codeOf(
  { code, config }: DeployFunctionRequest,
  base: StandaloneVersion | undefined,
  { sources }: Pick<Functions, 'sources'>,
): CodeSource {
  if (base !== undefined) return { kind: 'version', number: base.number };
  if (code === undefined) throw badRequest('there is no code', 'code');
  if ('zip' in code) return { kind: 'zip', bytes: Buffer.from(code.zip, 'base64') };
  if ('files' in code) return { kind: 'files', files: code.files };
  const runtime = functionRuntime.catch('nodejs').parse(config['runtime']);
  return { kind: 'files', files: { [sources[runtime].file]: code.source } };
}
