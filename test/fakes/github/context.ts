import type { Acts } from '../forge/acts.ts';
import type { Deliveries } from '../forge/deliveries.ts';
import { type FakeRequest, Refusal } from '../forge/server.ts';
import type { FakeRepository, FakeSubject, World } from '../forge/world.ts';
import type { Accounts } from './accounts.ts';
import type { GithubAddresses } from './views.ts';

/** What the routes of the fake GitHub work on. */
export interface GithubContext {
  readonly world: World;
  readonly acts: Acts;
  readonly accounts: Accounts;
  readonly deliveries: Deliveries;
  readonly addresses: () => GithubAddresses;
  readonly fault: (text: string) => void;
}

const NOT_FOUND = { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' };

export function notFound(message = 'Not Found'): Refusal {
  return new Refusal(404, { ...NOT_FOUND, message });
}

/** The repository of a route; of one that was renamed, GitHub's redirect to where it can be found by its id. */
export function repositoryIn(context: GithubContext, request: FakeRequest): FakeRepository {
  const { owner, repo } = request.params;
  const name = `${owner}/${repo}`.toLowerCase();
  const live = context.world.repositories.filter((each) => !each.gone && context.accounts.sees(request, each));
  const named = live.find((each) => each.fullName.toLowerCase() === name);
  if (named !== undefined) return named;
  const former = live.find((each) => each.formerNames.some((old) => old.toLowerCase() === name));
  if (former === undefined) throw notFound();
  const rest = request.path.split('/').slice(4);
  const location = [`${context.addresses().apiUrl}/repositories/${former.id}`, ...rest].join('/');
  const query = request.query.size === 0 ? '' : `?${request.query.toString()}`;
  const status = request.method === 'GET' ? 301 : 307;
  throw new Refusal(status, { message: 'Moved Permanently', url: location }, { location: `${location}${query}` });
}

export function subjectIn(context: GithubContext, request: FakeRequest, kind?: FakeSubject['kind']): FakeSubject {
  const repository = repositoryIn(context, request);
  const subject = repository.subjects.find((each) => String(each.number) === request.params['number']);
  if (subject === undefined || (kind !== undefined && subject.kind !== kind)) throw notFound();
  if (subject.gone) throw new Refusal(410, { message: 'This issue was deleted' });
  return subject;
}
