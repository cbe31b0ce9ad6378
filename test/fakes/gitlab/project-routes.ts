import { Refusal, type Routes } from '../forge/server.ts';
import { bodyOf, checkQuery } from '../forge/shapes.ts';
import type { FakeHook } from '../forge/world.ts';
import { type GitlabContext, notFound, paged, projectIn } from './context.ts';
import { FORKS_FROM, HOOK_EVENTS, hookView, projectView, userView } from './views.ts';

const PAGING = ['per_page', 'page'];
const LEVELS: Readonly<Record<string, number>> = { read: 10, triage: 15, write: 30, maintain: 40, admin: 50 };
const STATES = new Set(['pending', 'running', 'success', 'failed', 'canceled']);
const STATUS = {
  'state!': 'string',
  name: 'string',
  description: 'string',
  target_url: 'string',
  ref: 'string',
} as const;
const HOOK = {
  'url!': 'string',
  token: 'string',
  signing_token: 'string',
  enable_ssl_verification: 'boolean',
  ...Object.fromEntries(HOOK_EVENTS.map((event) => [event, 'boolean'] as const)),
} as const;

/** People, projects, refs, commit statuses and webhooks. */
export function projectRoutes(context: GitlabContext): Routes {
  const { world, account, addresses, fault } = context;
  return {
    'GET /user': () => ({ status: 200, body: { ...userView(account), bot: account.bot } }),
    'GET /users': (request) => {
      checkQuery(request, ['username', ...PAGING], fault);
      const login = request.query.get('username')?.toLowerCase();
      return paged(
        context,
        request,
        world.users.filter((user) => user.login.toLowerCase() === login),
        (user) => userView(user),
      );
    },
    'GET /projects/:project': (request) => {
      const id = Number(request.params['project']) - FORKS_FROM;
      const forked = world.repositories.find((each) => each.id === id);
      if (forked === undefined) return { status: 200, body: projectView(projectIn(context, request), addresses()) };
      const fork = { ...forked, id: id + FORKS_FROM, fullName: `outsider/${forked.fullName.split('/').at(-1)}` };
      return { status: 200, body: projectView(fork, addresses()) };
    },
    'GET /projects/:project/members/all/:user': (request) => {
      const members = projectIn(context, request).members;
      const found = [...members].find(([user]) => String(user.id) === request.params['user']);
      const level = found === undefined ? undefined : LEVELS[found[1]];
      if (found === undefined || level === undefined) throw notFound();
      return { status: 200, body: { ...userView(found[0]), access_level: level, membership_state: 'active' } };
    },
    'GET /projects/:project/repository/branches': (request) => {
      checkQuery(request, PAGING, fault);
      return paged(context, request, refsOf(context, request, 'refs/heads/'), ({ name, sha }) => ({
        name,
        commit: { id: sha },
      }));
    },
    'GET /projects/:project/repository/tags': (request) => {
      checkQuery(request, PAGING, fault);
      return paged(context, request, refsOf(context, request, 'refs/tags/'), ({ name, sha }) => ({
        name,
        target: sha,
        commit: { id: sha },
      }));
    },
    ...statusRoutes(context),
    ...hookRoutes(context),
  };
}

function refsOf(context: GitlabContext, request: Parameters<Routes[string]>[0], beginning: string) {
  return [...projectIn(context, request).refs]
    .filter(([ref]) => ref.startsWith(beginning))
    .map(([ref, sha]) => ({ name: ref.slice(beginning.length), sha }));
}

/** A status that is set to what it is already is refused. */
function statusRoutes(context: GitlabContext): Routes {
  const { world, fault } = context;
  return {
    'POST /projects/:project/statuses/:sha': (request) => {
      const project = projectIn(context, request);
      const wanted = bodyOf(request, STATUS, fault) as Readonly<Record<'state' | 'name' | 'description', string>> & {
        readonly target_url?: string;
      };
      const { state, name, description, target_url: url = null } = wanted;
      if (!STATES.has(state)) fault(`no state ${state}`);
      if (description.length > 255) throw new Refusal(400, { message: { description: ['is too long'] } });
      const sha = request.params['sha'] ?? '';
      const known = project.statuses.find((each) => each.sha === sha && each.context === name);
      if (known?.state === state) {
        const message = `Cannot transition status via :run from :${state} (Reason(s): Status cannot transition via "run")`;
        throw new Refusal(400, { message });
      }
      if (known !== undefined) {
        Object.assign(known, { state, description, url });
        return { status: 201, body: { ...known, status: state, name } };
      }
      const status = { id: world.nextId(), sha, context: name, state, description, url };
      project.statuses.push(status);
      return { status: 201, body: { ...status, status: state, name } };
    },
    'GET /projects/:project/repository/commits/:sha/statuses': (request) => {
      checkQuery(request, ['name', ...PAGING], fault);
      const wanted = request.query.get('name');
      const statuses = projectIn(context, request).statuses.filter(
        ({ sha, context: name }) => sha === request.params['sha'] && (wanted === null || wanted === name),
      );
      return paged(context, request, statuses, ({ id, sha, state, context: name }) => ({
        id,
        sha,
        status: state,
        name,
      }));
    },
  };
}

function hookRoutes(context: GitlabContext): Routes {
  const { acts, fault } = context;
  return {
    'GET /projects/:project/hooks': (request) => {
      checkQuery(request, PAGING, fault);
      const project = projectIn(context, request);
      return paged(context, request, project.hooks, (hook) => hookView(hook, project));
    },
    'POST /projects/:project/hooks': (request) => {
      const project = projectIn(context, request);
      const settings = settingsOf(bodyOf(request, HOOK, fault));
      return { status: 201, body: hookView(acts.addHook(project, settings.url, settings), project) };
    },
    'PUT /projects/:project/hooks/:id': (request) => {
      const project = projectIn(context, request);
      const hook = project.hooks.find(({ id }) => String(id) === request.params['id']);
      if (hook === undefined) throw notFound();
      Object.assign(hook, settingsOf(bodyOf(request, HOOK, fault)));
      return { status: 200, body: hookView(hook, project) };
    },
  };
}

function settingsOf(wanted: Readonly<Record<string, unknown>>): Omit<FakeHook, 'id' | 'deliveries' | 'disabledUntil'> {
  const text = (name: string) => (typeof wanted[name] === 'string' ? wanted[name] : null);
  return {
    url: text('url') ?? '',
    secret: text('token') ?? '',
    signing: text('signing_token'),
    verifiesTls: wanted['enable_ssl_verification'] !== false,
    contentType: 'json',
    active: true,
    events: HOOK_EVENTS.filter((event) => wanted[event] === true),
  };
}
