import { type Routes, Refusal } from '../forge/server.ts';
import { type GithubContext, notFound, repositoryIn } from './context.ts';
import { repositoryView, time, userView } from './views.ts';

const PERMISSIONS: Readonly<Record<string, string>> = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
};

/** Accounts, the App, repositories and who may do what in them. */
export function accountRoutes(context: GithubContext): Routes {
  const { world, accounts, addresses } = context;
  const asApp = (request: Parameters<Routes[string]>[0]) => {
    if (accounts.callerOf(request).kind !== 'app')
      throw new Refusal(401, { message: 'A JSON web token could not be decoded' });
  };
  return {
    'GET /user': (request) => ({ status: 200, body: userView(accounts.writerOf(request)) }),
    'GET /user/:id': (request) => {
      const user = world.users.find((each) => String(each.id) === request.params['id']);
      if (user === undefined) throw notFound();
      return { status: 200, body: userView(user) };
    },
    'GET /app': (request) => {
      asApp(request);
      const { appId, slug } = accounts.app;
      return { status: 200, body: { id: Number(appId), slug, name: slug, events: [], permissions: {} } };
    },
    'GET /app/installations': (request) => {
      asApp(request);
      return { status: 200, body: accounts.app.installations.map(({ id }) => ({ id, app_id: accounts.app.appId })) };
    },
    'POST /app/installations/:id/access_tokens': (request) => {
      asApp(request);
      const installation = accounts.app.installations.find((each) => String(each.id) === request.params['id']);
      if (installation === undefined) throw notFound();
      const { token, expiresAt } = accounts.issueToken(installation.id);
      return { status: 201, body: { token, expires_at: time(expiresAt), permissions: { issues: 'write' } } };
    },
    'GET /repos/:owner/:repo/installation': (request) => {
      asApp(request);
      const installation = accounts.installationFor(repositoryIn(context, request));
      if (installation === undefined) throw notFound();
      return { status: 200, body: { id: installation.id, app_id: Number(accounts.app.appId) } };
    },
    'GET /repos/:owner/:repo': (request) => ({
      status: 200,
      body: repositoryView(repositoryIn(context, request), addresses()),
    }),
    'GET /repos/:owner/:repo/collaborators/:login/permission': (request) => {
      const repository = repositoryIn(context, request);
      const user = world.users.find((each) => each.login.toLowerCase() === request.params['login']?.toLowerCase());
      if (user === undefined) throw notFound();
      const role = repository.members.get(user) ?? 'none';
      return {
        status: 200,
        body: { permission: PERMISSIONS[role] ?? 'none', role_name: role, user: userView(user) },
      };
    },
  };
}
