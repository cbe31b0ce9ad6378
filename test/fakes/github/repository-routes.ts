import { linked } from '../forge/paging.ts';
import { Refusal, type Routes } from '../forge/server.ts';
import { bodyOf, checkQuery } from '../forge/shapes.ts';
import type { FakeHook, FakeRepository } from '../forge/world.ts';
import { type GithubContext, notFound, repositoryIn } from './context.ts';
import { deliveryView, hookView } from './views.ts';

const STATUS = { 'state!': 'string', context: 'string', description: 'string', target_url: 'string' } as const;
const STATES = new Set(['error', 'failure', 'pending', 'success']);
const HOOK = { active: 'boolean', events: 'strings', config: 'object' } as const;

/** Refs, commit statuses and webhooks. */
export function repositoryRoutes(context: GithubContext): Routes {
  const { world, acts, addresses, fault, deliveries } = context;
  const viewOf = (hook: FakeHook, { fullName }: FakeRepository) =>
    hookView(hook, `${addresses().apiUrl}/repos/${fullName}`);
  return {
    'GET /repos/:owner/:repo/git/matching-refs/:ref': (request) => {
      const repository = repositoryIn(context, request);
      const beginning = `refs/${request.params['ref']}`;
      const items = [...repository.refs].filter(([ref]) => ref.startsWith(beginning));
      return linked(request, addresses().apiUrl, items, ([ref, sha]) => ({ ref, object: { type: 'commit', sha } }));
    },
    'POST /repos/:owner/:repo/statuses/:sha': (request) => {
      const repository = repositoryIn(context, request);
      const wanted = bodyOf(request, STATUS, fault) as {
        readonly state: string;
        readonly context?: string;
        readonly description?: string;
        readonly target_url?: string;
      };
      if (!STATES.has(wanted.state)) fault(`no state ${wanted.state}`);
      if ((wanted.description ?? '').length > 140) throw new Refusal(422, { message: 'description is too long' });
      const status = {
        id: world.nextId(),
        sha: request.params['sha'] ?? '',
        context: wanted.context ?? 'default',
        state: wanted.state,
        description: wanted.description ?? '',
        url: wanted.target_url ?? null,
      };
      repository.statuses.push(status);
      return { status: 201, body: status };
    },
    'GET /repos/:owner/:repo/hooks': (request) => {
      const repository = repositoryIn(context, request);
      return linked(request, addresses().apiUrl, repository.hooks, (hook) => viewOf(hook, repository));
    },
    'POST /repos/:owner/:repo/hooks': (request) => {
      const repository = repositoryIn(context, request);
      const wanted = bodyOf(request, { 'name!': 'string', ...HOOK }, fault);
      const settings = settingsOf(wanted, fault);
      if (repository.hooks.some(({ url }) => url === settings.url)) {
        throw new Refusal(422, {
          message: 'Validation Failed',
          errors: [{ resource: 'Hook', code: 'custom', message: 'Hook already exists on this repository' }],
        });
      }
      return { status: 201, body: viewOf(acts.addHook(repository, settings.url, settings), repository) };
    },
    'PATCH /repos/:owner/:repo/hooks/:id': (request) => {
      const repository = repositoryIn(context, request);
      const hook = hookIn(repository, request.params['id']);
      Object.assign(hook, settingsOf(bodyOf(request, HOOK, fault), fault));
      return { status: 200, body: viewOf(hook, repository) };
    },
    'GET /repos/:owner/:repo/hooks/:id/deliveries': (request) => {
      checkQuery(request, ['per_page', 'cursor'], fault);
      const hook = hookIn(repositoryIn(context, request), request.params['id']);
      const cursor = request.query.get('cursor');
      const perPage = Number(request.query.get('per_page') ?? '30');
      const newestFirst = hook.deliveries.toReversed();
      const start = cursor === null ? 0 : newestFirst.findIndex(({ id }) => String(id) === cursor);
      const next = newestFirst[start + perPage];
      const address = `${addresses().apiUrl}${request.path}?per_page=${perPage}&cursor=${next?.id}`;
      return {
        status: 200,
        body: newestFirst.slice(start, start + perPage).map(deliveryView),
        ...(next === undefined ? {} : { headers: { link: `<${address}>; rel="next"` } }),
      };
    },
    'POST /repos/:owner/:repo/hooks/:id/deliveries/:delivery/attempts': (request) => {
      const hook = hookIn(repositoryIn(context, request), request.params['id']);
      const delivery = hook.deliveries.find(({ id }) => String(id) === request.params['delivery']);
      if (delivery === undefined) throw notFound();
      deliveries.redeliver(hook, delivery);
      return { status: 202, body: {} };
    },
  };
}

function hookIn({ hooks }: FakeRepository, id: string | undefined): FakeHook {
  const hook = hooks.find((each) => String(each.id) === id);
  if (hook === undefined) throw notFound();
  return hook;
}

function settingsOf(wanted: Readonly<Record<string, unknown>>, fault: (text: string) => void) {
  const config = wanted['config'] as Readonly<Record<string, string>>;
  const unknown = Object.keys(config).filter(
    (name) => !['url', 'content_type', 'insecure_ssl', 'secret'].includes(name),
  );
  if (unknown.length > 0) fault(`no setting of a hook: ${unknown.join(', ')}`);
  return {
    url: config['url'] ?? '',
    secret: config['secret'] ?? '',
    contentType: config['content_type'] ?? 'form',
    verifiesTls: (config['insecure_ssl'] ?? '0') === '0',
    active: wanted['active'] === true,
    events: wanted['events'] as string[],
  };
}
