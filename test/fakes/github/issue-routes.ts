import { linked } from '../forge/paging.ts';
import { Refusal, type Routes } from '../forge/server.ts';
import { bodyOf, checkQuery } from '../forge/shapes.ts';
import type { FakeLabelEvent, FakeRepository, FakeUser } from '../forge/world.ts';
import { type GithubContext, notFound, repositoryIn, subjectIn } from './context.ts';
import { commentView, issueView, labelView, time, userView } from './views.ts';

const LIST_QUERY = ['labels', 'state', 'since', 'sort', 'direction', 'per_page', 'page'];

const NEW_ISSUE = { 'title!': 'string', body: 'string', labels: 'strings' } as const;
const EDIT = { title: 'string', body: 'string', state: 'string', state_reason: 'string' } as const;

/** Issues, which pull requests are too: labels, events and comments. */
export function issueRoutes(context: GithubContext): Routes {
  const { acts, accounts, addresses, fault } = context;
  return {
    'GET /repos/:owner/:repo/issues': (request) => {
      checkQuery(request, LIST_QUERY, fault);
      const repository = repositoryIn(context, request);
      const wanted = (request.query.get('labels') ?? '').toLowerCase().split(',');
      const since = Date.parse(request.query.get('since') ?? '1970-01-01T00:00:00Z');
      const state = request.query.get('state') ?? 'open';
      const items = repository.subjects.filter(({ gone, open, labels, updatedAt }) => {
        const own = new Set(labels.map((label) => label.toLowerCase()));
        const isAskedFor = state === 'all' || open === (state === 'open');
        return !gone && isAskedFor && wanted.every((label) => label === '' || own.has(label)) && updatedAt >= since;
      });
      return linked(request, addresses().apiUrl, items, (subject) => issueView(subject, addresses()));
    },
    'GET /repos/:owner/:repo/issues/:number': (request) => ({
      status: 200,
      body: issueView(subjectIn(context, request), addresses()),
    }),
    'POST /repos/:owner/:repo/issues': (request) => {
      const writer = accounts.writerOf(request);
      const repository = repositoryIn(context, request);
      const {
        title,
        body = '',
        labels = [],
      } = bodyOf(request, NEW_ISSUE, fault) as {
        readonly title: string;
        readonly body?: string;
        readonly labels?: readonly string[];
      };
      checkLength(body);
      // Without a word, of people who may not label.
      const kept = mayLabel(repository, writer) ? labels : [];
      const subject = acts.addIssue(repository, { title, body, labels: kept, by: writer.login });
      return { status: 201, body: issueView(subject, addresses()) };
    },
    'PATCH /repos/:owner/:repo/issues/:number': (request) => {
      const writer = accounts.writerOf(request);
      const subject = subjectIn(context, request);
      const { title, body, state } = bodyOf(request, EDIT, fault) as Partial<Record<keyof typeof EDIT, string>>;
      subject.title = title ?? subject.title;
      subject.body = body ?? subject.body;
      if (state === 'closed' && subject.open) acts.close(subject, writer.login);
      if (state === 'open' && !subject.open) acts.reopen(subject, writer.login);
      return { status: 200, body: issueView(subject, addresses()) };
    },
    'GET /repos/:owner/:repo/issues/:number/events': (request) => {
      checkQuery(request, ['per_page', 'page'], fault);
      return linked(request, addresses().apiUrl, subjectIn(context, request).labelEvents, labelEventView);
    },
    'POST /repos/:owner/:repo/issues/:number/labels': (request) => {
      const writer = accounts.writerOf(request);
      const subject = subjectIn(context, request);
      if (!mayLabel(subject.repository, writer)) {
        throw new Refusal(403, { message: 'Must have admin rights to Repository.' });
      }
      const { labels } = bodyOf(request, { 'labels!': 'strings' }, fault) as { readonly labels: readonly string[] };
      acts.moveLabels(subject, { add: labels, remove: [] }, writer.login);
      return { status: 200, body: subject.labels.map(labelView) };
    },
    'DELETE /repos/:owner/:repo/issues/:number/labels/:name': (request) => {
      const writer = accounts.writerOf(request);
      const subject = subjectIn(context, request);
      const name = request.params['name'] ?? '';
      const own = subject.labels.find((label) => label.toLowerCase() === name.toLowerCase());
      if (own === undefined) throw notFound('Label does not exist');
      acts.moveLabels(subject, { add: [], remove: [own] }, writer.login);
      return { status: 200, body: subject.labels.map(labelView) };
    },
    'GET /repos/:owner/:repo/issues/:number/comments': (request) => {
      checkQuery(request, ['since', 'per_page', 'page'], fault);
      const subject = subjectIn(context, request);
      return linked(request, addresses().apiUrl, subject.comments, (comment) =>
        commentView(comment, subject, addresses()),
      );
    },
    'POST /repos/:owner/:repo/issues/:number/comments': (request) => {
      const writer = accounts.writerOf(request);
      const subject = subjectIn(context, request);
      const { body } = bodyOf(request, { 'body!': 'string' }, fault) as { readonly body: string };
      checkLength(body);
      return { status: 201, body: commentView(acts.comment(subject, body, writer.login), subject, addresses()) };
    },
    'PATCH /repos/:owner/:repo/issues/comments/:id': (request) => {
      const writer = accounts.writerOf(request);
      const { body } = bodyOf(request, { 'body!': 'string' }, fault) as { readonly body: string };
      checkLength(body);
      for (const subject of repositoryIn(context, request).subjects) {
        const comment = subject.comments.find((each) => String(each.id) === request.params['id']);
        if (comment === undefined) continue;
        acts.editComment(subject, comment, body, writer.login);
        return { status: 200, body: commentView(comment, subject, addresses()) };
      }
      throw notFound();
    },
  };
}

function mayLabel({ members }: FakeRepository, user: FakeUser): boolean {
  return !['none', 'read'].includes(members.get(user) ?? 'write');
}

function checkLength(body: string): void {
  if (body.length > 65_536) throw new Refusal(422, { message: 'Body is too long (maximum is 65536 characters)' });
}

function labelEventView({ id, action, label, by, at }: FakeLabelEvent) {
  const event = action === 'add' ? 'labeled' : 'unlabeled';
  return { id, event, actor: userView(by), created_at: time(at), label: { name: label, color: 'ededed' } };
}
