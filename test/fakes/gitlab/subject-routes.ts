import { gitlabClosedIssues } from '../forge/closing.ts';
import { type FakeRequest, Refusal, type Routes } from '../forge/server.ts';
import { bodyOf, checkQuery } from '../forge/shapes.ts';
import type { FakeSubject } from '../forge/world.ts';
import { type GitlabContext, notFound, paged, projectIn, subjectIn } from './context.ts';
import { issueView, labelEventView, mergeRequestView, noteView } from './views.ts';

const PAGING = ['per_page', 'page'];
const LIST = ['labels', 'state', 'updated_after', 'created_after', 'order_by', 'sort', ...PAGING];
const EDIT = {
  add_labels: 'string',
  remove_labels: 'string',
  title: 'string',
  description: 'string',
  state_event: 'string',
} as const;

/** Issues and merge requests: both have the same endpoints. */
export function subjectRoutes(context: GitlabContext): Routes {
  return {
    ...sectionRoutes(context, 'issues', [...LIST, 'confidential']),
    ...sectionRoutes(context, 'merge_requests', [...LIST, 'source_branch']),
    ...mergeRequestRoutes(context),
  };
}

function viewOf(subject: FakeSubject, { addresses }: GitlabContext) {
  return subject.kind === 'issue' ? issueView(subject, addresses()) : mergeRequestView(subject, addresses());
}

function sectionRoutes(context: GitlabContext, section: string, query: readonly string[]): Routes {
  const { acts, account, fault } = context;
  const path = `/projects/:project/${section}`;
  return {
    [`GET ${path}`]: (request) => {
      checkQuery(request, query, fault);
      const all = projectIn(context, request).subjects.filter(
        ({ kind }) => (section === 'issues') === (kind === 'issue'),
      );
      return paged(context, request, all.filter(fits(request)), (subject) => viewOf(subject, context));
    },
    [`GET ${path}/:iid`]: (request) => ({ status: 200, body: viewOf(subjectIn(context, request), context) }),
    [`PUT ${path}/:iid`]: (request) => {
      const subject = subjectIn(context, request);
      const wanted = bodyOf(request, EDIT, fault) as Readonly<Record<keyof typeof EDIT, string | undefined>>;
      refuseQuickActions(wanted.description, fault);
      acts.moveLabels(subject, { add: split(wanted.add_labels), remove: split(wanted.remove_labels) }, account.login);
      if (wanted.state_event === 'close' && subject.open) acts.close(subject, account.login);
      if (wanted.state_event === 'reopen' && !subject.open) acts.reopen(subject, account.login);
      subject.title = wanted.title ?? subject.title;
      subject.body = wanted.description ?? subject.body;
      return { status: 200, body: viewOf(subject, context) };
    },
    [`GET ${path}/:iid/resource_label_events`]: (request) => {
      checkQuery(request, PAGING, fault);
      return paged(context, request, subjectIn(context, request).labelEvents, labelEventView);
    },
    [`GET ${path}/:iid/notes`]: (request) => {
      checkQuery(request, ['sort', 'order_by', ...PAGING], fault);
      const subject = subjectIn(context, request);
      // The newest first, unless it is asked for otherwise.
      const notes = request.query.get('sort') === 'asc' ? subject.comments : subject.comments.toReversed();
      return paged(context, request, notes, (comment) => noteView(comment, subject));
    },
    [`POST ${path}/:iid/notes`]: (request) => {
      const subject = subjectIn(context, request);
      const { body } = bodyOf(request, { 'body!': 'string' }, fault) as { readonly body: string };
      refuseQuickActions(body, fault);
      return { status: 201, body: noteView(acts.comment(subject, body, account.login), subject) };
    },
    [`PUT ${path}/:iid/notes/:note`]: (request) => {
      const subject = subjectIn(context, request);
      const { body } = bodyOf(request, { 'body!': 'string' }, fault) as { readonly body: string };
      refuseQuickActions(body, fault);
      const comment = subject.comments.find(({ id }) => String(id) === request.params['note']);
      if (comment === undefined) throw notFound('Note');
      acts.editComment(subject, comment, body, account.login);
      return { status: 200, body: noteView(comment, subject) };
    },
  };
}

function mergeRequestRoutes(context: GitlabContext): Routes {
  const { acts, account, addresses, fault } = context;
  return {
    'POST /projects/:project/issues': (request) => {
      const project = projectIn(context, request);
      const shape = { 'title!': 'string', description: 'string', labels: 'string' } as const;
      const wanted = bodyOf(request, shape, fault) as Readonly<Record<'title' | 'description' | 'labels', string>>;
      refuseQuickActions(wanted.description, fault);
      const { title, description: body, labels } = wanted;
      if (title.length > 255)
        throw new Refusal(400, { message: { title: ['is too long (maximum is 255 characters)'] } });
      const subject = acts.addIssue(project, { title, body, labels: split(labels), by: account.login });
      return { status: 201, body: issueView(subject, addresses()) };
    },
    'GET /projects/:project/issues/:iid/closed_by': (request) => {
      checkQuery(request, PAGING, fault);
      const issue = subjectIn(context, request);
      const { fullName, subjects } = issue.repository;
      const all = subjects.filter(
        ({ kind, body }) => kind === 'change' && gitlabClosedIssues(body, fullName).includes(issue.number),
      );
      return paged(context, request, all, (subject) => mergeRequestView(subject, addresses()));
    },
    'POST /projects/:project/merge_requests': (request) => {
      const project = projectIn(context, request);
      const wanted = bodyOf(
        request,
        { 'source_branch!': 'string', 'target_branch!': 'string', 'title!': 'string', description: 'string' },
        fault,
      ) as Readonly<Record<'source_branch' | 'target_branch' | 'title' | 'description', string>>;
      refuseQuickActions(wanted.description, fault);
      const { source_branch: head, target_branch: base, title, description: body } = wanted;
      const existing = project.subjects.find(
        ({ change, open }) => open && change?.head === head && change.fork === false,
      );
      if (existing !== undefined) {
        const message = `Another open merge request already exists for this source branch: !${existing.number}`;
        throw new Refusal(409, { message: [message] });
      }
      if (!project.refs.has(`refs/heads/${head}`)) {
        throw new Refusal(400, { message: { source_branch: ['does not exist'] } });
      }
      const subject = acts.addChange(project, { head, base, title, body, by: account.login });
      return { status: 201, body: mergeRequestView(subject, addresses()) };
    },
  };
}

function fits({ query }: FakeRequest): (subject: FakeSubject) => boolean {
  const labels = split(query.get('labels') ?? undefined);
  const after = Date.parse(query.get('updated_after') ?? '1970-01-01T00:00:00Z');
  const madeAfter = Date.parse(query.get('created_after') ?? '1970-01-01T00:00:00Z');
  const state = query.get('state') ?? 'all';
  const branch = query.get('source_branch');
  return ({ gone, open, labels: own, updatedAt, createdAt, confidential, change }) => {
    if (gone || (state === 'opened' && !open) || updatedAt < after || createdAt < madeAfter) return false;
    if (query.get('confidential') === 'false' && confidential) return false;
    return labels.every((label) => own.includes(label)) && (branch === null || change?.head === branch);
  };
}

function split(labels: string | undefined): readonly string[] {
  return labels === undefined || labels === '' ? [] : labels.split(',');
}

/** The real one would run them. */
function refuseQuickActions(text: string | undefined, fault: (text: string) => void): void {
  if (/^[^\S\n\r\u2028\u2029]*\/[a-z]/im.test(text ?? '')) fault('a text with a quick action');
}
