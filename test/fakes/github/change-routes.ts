import { linked } from '../forge/paging.ts';
import { type FakeAnswer, Refusal, type Routes } from '../forge/server.ts';
import { bodyOf, checkQuery } from '../forge/shapes.ts';
import type { FakeRepository, FakeSubject } from '../forge/world.ts';
import { type GithubContext, repositoryIn, subjectIn } from './context.ts';
import { pullView } from './views.ts';

const LIST_QUERY = ['state', 'head', 'base', 'sort', 'direction', 'per_page', 'page'];
const NEW_PULL = {
  'title!': 'string',
  'head!': 'string',
  'base!': 'string',
  body: 'string',
  draft: 'boolean',
} as const;

/** Pull requests, and the two mutations of GraphQL that turn drafts. */
export function changeRoutes(context: GithubContext): Routes {
  const { acts, accounts, addresses, fault } = context;
  const turnDraft = graphql(context);
  return {
    'GET /repos/:owner/:repo/pulls': (request) => {
      checkQuery(request, LIST_QUERY, fault);
      const repository = repositoryIn(context, request);
      const owner = repository.fullName.split('/')[0] ?? '';
      const head = request.query.get('head');
      if (head !== null && !head.includes(':')) fault('the head of a list of pull requests is owner:branch');
      const items = repository.subjects.filter(({ change, open, gone }) => {
        if (change === null || !open || gone) return false;
        return head === null || head === `${change.fork === false ? owner : 'outsider'}:${change.head}`;
      });
      return linked(request, addresses().apiUrl, items, (subject) => pullView(subject, addresses()));
    },
    'GET /repos/:owner/:repo/pulls/:number': (request) => ({
      status: 200,
      body: pullView(subjectIn(context, request, 'change'), addresses()),
    }),
    'POST /repos/:owner/:repo/pulls': (request) => {
      const writer = accounts.writerOf(request);
      const repository = repositoryIn(context, request);
      const wanted = bodyOf(request, NEW_PULL, fault) as {
        readonly title: string;
        readonly head: string;
        readonly base: string;
        readonly body?: string;
        readonly draft?: boolean;
      };
      const isSame = ({ change, open }: FakeSubject) =>
        open && change?.fork === false && change.head === wanted.head && change.base === wanted.base;
      if (repository.subjects.some(isSame)) {
        const message = `A pull request already exists for ${repository.fullName.split('/')[0]}:${wanted.head}.`;
        throw new Refusal(422, {
          message: 'Validation Failed',
          errors: [{ resource: 'PullRequest', code: 'custom', message }],
        });
      }
      if (!repository.refs.has(`refs/heads/${wanted.head}`)) {
        throw new Refusal(422, {
          message: 'Validation Failed',
          errors: [{ resource: 'PullRequest', field: 'head', code: 'invalid' }],
        });
      }
      refuseWithoutCommits(repository, wanted);
      const subject = acts.addChange(repository, { ...wanted, by: writer.login });
      return { status: 201, body: pullView(subject, addresses()) };
    },
    'PATCH /repos/:owner/:repo/pulls/:number': (request) => {
      const subject = subjectIn(context, request, 'change');
      const wanted = bodyOf(request, { title: 'string', body: 'string', state: 'string', base: 'string' }, fault);
      if (typeof wanted['title'] === 'string') subject.title = wanted['title'];
      if (typeof wanted['body'] === 'string') subject.body = wanted['body'];
      return { status: 200, body: pullView(subject, addresses()) };
    },
    'POST /graphql': turnDraft,
    'POST /api/graphql': turnDraft,
  };
}

interface GraphqlVariables {
  readonly id?: string;
  readonly owner?: string;
  readonly repo?: string;
  readonly number?: number;
}

function linkedTo(repositories: readonly FakeRepository[], { owner, repo, number = 0 }: GraphqlVariables): FakeAnswer {
  const repository = repositories.find(({ fullName }) => fullName === `${owner}/${repo}`);
  const nodes = (repository?.subjects ?? [])
    .filter(({ open, change }) => open && change?.linked.includes(number))
    .map((subject) => ({ number: subject.number }));
  return { status: 200, body: { data: { repository: { issue: { closedByPullRequestsReferences: { nodes } } } } } };
}

/** Seen only where there is git. */
function refuseWithoutCommits(
  { git, refs }: FakeRepository,
  { head, base }: { readonly head: string; readonly base: string },
): void {
  if (git === null) return;
  const baseSha = refs.get(`refs/heads/${base}`);
  const refused = (error: object) =>
    new Refusal(422, { message: 'Validation Failed', errors: [{ resource: 'PullRequest', ...error }] });
  if (baseSha === undefined) throw refused({ field: 'base', code: 'invalid' });
  if (!git.isAncestor(refs.get(`refs/heads/${head}`) ?? '', baseSha)) return;
  throw refused({ code: 'custom', message: `No commits between ${base} and ${head}` });
}

function graphql({ world, fault }: GithubContext): Routes[string] {
  return (request) => {
    const { query, variables } = bodyOf(request, { 'query!': 'string', variables: 'object' }, fault) as {
      readonly query: string;
      readonly variables: GraphqlVariables;
    };
    if (query.includes('closedByPullRequestsReferences')) return linkedTo(world.repositories, variables);
    const mutation = /\b(convertPullRequestToDraft|markPullRequestReadyForReview)\b/.exec(query)?.[1];
    if (mutation === undefined) fault('no such mutation');
    const subjects = world.repositories.flatMap((repository) => repository.subjects);
    const change = subjects.find(({ id }) => `PR_${id}` === variables.id)?.change;
    if (change === undefined || change === null || mutation === undefined) {
      const message = `Could not resolve to a node with the global id of '${variables.id}'`;
      return { status: 200, body: { data: null, errors: [{ type: 'NOT_FOUND', message }] } };
    }
    change.draft = mutation === 'convertPullRequestToDraft';
    return { status: 200, body: { data: { [mutation]: { pullRequest: { isDraft: change.draft } } } } };
  };
}
