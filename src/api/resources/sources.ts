import { z } from 'zod';
import type { SourceMade, SourceState } from '../../intake/index.ts';
import type { ApiApp } from '../app.ts';
import {
  type AddSourceAnswer,
  type SourceView,
  addSourceAnswer,
  addSourceRequest,
  installSourceAnswer,
  installSourceRequest,
  pageOf,
  removeSourceQuery,
  rotateSourceRequest,
  sourceView,
} from '../contract/index.ts';
import type { ControlPlane } from '../control-plane.ts';
import { identityOf, requireRole } from '../guard.ts';

const byName = z.object({ name: z.string().min(1) });

/** `/sources`: forges that may deliver, their secrets' labels, and what is known of their hooks and polls. */
export function registerSources(app: ApiApp, { sources }: Pick<ControlPlane, 'sources'>): void {
  app.get(
    '/sources',
    {
      onRequest: requireRole('viewer', 'list sources'),
      schema: { summary: 'Sources with last delivery, failure and polls', response: { 200: pageOf(sourceView) } },
    },
    async () => ({ items: (await sources.list()).map(viewOf), next: null }),
  );

  app.post(
    '/sources',
    {
      onRequest: requireRole('owner', 'add a source'),
      schema: {
        summary:
          'Add a source, or repositories, secrets or a token to one; a secret that is made is answered this once',
        body: addSourceRequest,
        response: { 201: addSourceAnswer },
      },
    },
    async (request, reply) => {
      const made = await sources.add(request.body, identityOf(request).user);
      return reply.code(201).header('cache-control', 'no-store').send(madeView(made));
    },
  );

  app.post(
    '/sources/:name/rotate',
    {
      onRequest: requireRole('owner', 'rotate the secrets of a source'),
      schema: {
        summary: 'Add a secret beside those that are valid, or remove some; one that is made is answered this once',
        params: byName,
        body: rotateSourceRequest,
        response: { 200: addSourceAnswer },
      },
    },
    async (request, reply) => {
      const made = await sources.rotate(request.params.name, request.body, identityOf(request).user);
      return reply.header('cache-control', 'no-store').send(madeView(made));
    },
  );

  app.post(
    '/sources/:name/install',
    {
      onRequest: requireRole('owner', 'install the hooks of a source'),
      schema: {
        summary: 'Make the hooks of its repositories, or set them right',
        params: byName,
        body: installSourceRequest,
        response: { 200: installSourceAnswer },
      },
    },
    async (request) => {
      const hooks = await sources.install(request.params.name, request.body, identityOf(request).user);
      return { hooks: hooks.map((hook) => ({ ...hook, troubles: [...hook.troubles] })) };
    },
  );

  app.delete(
    '/sources/:name',
    {
      onRequest: requireRole('owner', 'remove a source'),
      schema: {
        summary: 'Remove an added source with its secrets, or only some added repositories of a source',
        params: byName,
        querystring: removeSourceQuery,
        response: { 204: z.undefined().describe('Removed') },
      },
    },
    async (request, reply) => {
      await sources.remove(request.params.name, request.query.repository, identityOf(request).user);
      return reply.code(204).send();
    },
  );
}

function madeView({ source, secret }: SourceMade): AddSourceAnswer {
  return { source: viewOf(source), secret };
}

function viewOf(source: SourceState): SourceView {
  return {
    ...source,
    troubles: [...source.troubles],
    secrets: [...source.secrets],
    repositories: source.repositories.map((repository) => {
      const { hook } = repository;
      return { ...repository, hook: hook === null ? null : { ...hook, troubles: [...hook.troubles] } };
    }),
  };
}
