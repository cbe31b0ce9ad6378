import type { Acts } from '../forge/acts.ts';
import { linked } from '../forge/paging.ts';
import { type FakeAnswer, type FakeRequest, Refusal } from '../forge/server.ts';
import type { FakeRepository, FakeSubject, FakeUser, World } from '../forge/world.ts';
import type { GitlabAddresses } from './views.ts';

/** What the routes of the fake GitLab work on. */
export interface GitlabContext {
  readonly world: World;
  readonly acts: Acts;
  readonly account: FakeUser;
  readonly addresses: () => GitlabAddresses;
  readonly fault: (text: string) => void;
}

export function notFound(what = ''): Refusal {
  return new Refusal(404, { message: what === '' ? '404 Not found' : `404 ${what} Not Found` });
}

/** By id or path; of a path that was another one's, the redirect. */
export function projectIn(context: GitlabContext, request: FakeRequest): FakeRepository {
  const key = request.params['project'] ?? '';
  const live = context.world.repositories.filter(({ gone }) => !gone);
  const named = live.find(({ id, fullName }) => String(id) === key || fullName.toLowerCase() === key.toLowerCase());
  if (named !== undefined) return named;
  const former = live.find(({ formerNames }) => formerNames.includes(key));
  if (former === undefined) throw notFound('Project');
  if (request.method !== 'GET') throw new Refusal(405, { message: '405 Method Not Allowed' });
  const rest = request.path.split('/').slice(3);
  const location = [`${context.addresses().apiUrl}/projects/${former.id}`, ...rest].join('/');
  const query = request.query.size === 0 ? '' : `?${request.query.toString()}`;
  throw new Refusal(301, { message: 'This resource has been moved' }, { location: `${location}${query}` });
}

/** The kind stands in the route: `issues` or `merge_requests`. */
export function subjectIn(context: GitlabContext, request: FakeRequest): FakeSubject {
  const kind = request.path.split('/')[3] === 'issues' ? 'issue' : 'change';
  const subject = projectIn(context, request).subjects.find(
    (each) => each.kind === kind && String(each.number) === request.params['iid'] && !each.gone,
  );
  if (subject === undefined) throw notFound();
  return subject;
}

export function paged<T>(
  context: GitlabContext,
  request: FakeRequest,
  all: readonly T[],
  show: (item: T) => unknown,
): FakeAnswer {
  const { page, ...answer } = linked(request, context.addresses().apiUrl, all, show);
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'x-page': String(page.page),
      'x-next-page': page.page < page.pages ? String(page.page + 1) : '',
      'x-per-page': String(page.perPage),
      'x-total': String(page.total),
      'x-total-pages': String(page.pages),
    },
  };
}
