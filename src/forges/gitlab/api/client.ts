import type * as Gitbeaker from '@gitbeaker/rest';
import type { Clock, Logger } from '../../../kernel/index.ts';
import type { RepositoryKey } from '../../api-port.ts';
import { explain, statusOf } from '../../api/failure.ts';
import type { ApiFetch } from '../../api/fetch.ts';
import { type ApiLimits, PER_PAGE } from '../../api/limits.ts';
import type { AskPage, Page, PageBounds } from '../../api/pages.ts';
import { type Wire, requesterOver } from './requester.ts';

/** The parts of GitLab's API that Funade uses, each made when it is first asked for. */
export interface GitlabApi {
  readonly branches: Gitbeaker.Branches;
  readonly commits: Gitbeaker.Commits;
  readonly hooks: Gitbeaker.ProjectHooks;
  readonly issueLabelEvents: Gitbeaker.IssueLabelEvents;
  readonly issueNotes: Gitbeaker.IssueNotes;
  readonly issues: Gitbeaker.Issues;
  readonly members: Gitbeaker.ProjectMembers;
  readonly mergeRequestLabelEvents: Gitbeaker.MergeRequestLabelEvents;
  readonly mergeRequestNotes: Gitbeaker.MergeRequestNotes;
  readonly mergeRequests: Gitbeaker.MergeRequests;
  readonly projects: Gitbeaker.Projects;
  readonly tags: Gitbeaker.Tags;
  readonly users: Gitbeaker.Users;
}

export interface GitlabClient {
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly token: string;
  readonly bounds: (act: string) => PageBounds;
  /** `act` completes "Failed to …" in the errors that this throws. */
  ask<T>(act: string, work: (api: GitlabApi) => Promise<T>): Promise<T>;
  /** One page of a list, and what each answer of it becomes; to be called inside `ask`. */
  page<Answer, T>(
    list: (api: GitlabApi, page: number) => Promise<readonly Answer[]>,
    read: (answer: Answer) => readonly T[],
  ): AskPage<T>;
}

export interface GitlabClientOptions {
  readonly host: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly limits: ApiLimits;
  readonly fetch: ApiFetch;
}

export function createGitlabClient(options: GitlabClientOptions): GitlabClient {
  const { host, clock, logger, limits, token } = options;
  let library: Promise<typeof Gitbeaker> | undefined;
  // Loaded at first use: a server that asks no GitLab does not pay for it.
  const load = () => (library ??= import('@gitbeaker/rest'));

  return {
    host,
    clock,
    logger,
    token,
    bounds: (act) => ({
      maxPages: limits.maxPages,
      onCut: () =>
        logger.warn({ host, act, pages: limits.maxPages }, 'a list of the forge is longer than Funade reads'),
    }),
    ask: async (act, work) => {
      try {
        return await work(apiOver(await load(), requesterOver({ ...options, extra: {}, onAnswer: () => {} })));
      } catch (error) {
        throw explain(error, host, act);
      }
    },
    page: (list, read) => async (number, etag) => {
      let headers = new Headers();
      const wire = requesterOver({
        ...options,
        extra: etag === null ? {} : { 'if-none-match': etag },
        onAnswer: (seen) => {
          headers = seen;
        },
      });
      try {
        const answers = await list(apiOver(await load(), wire), number);
        return { items: answers.flatMap(read), full: answers.length === PER_PAGE, ...linksOf(headers) };
      } catch (error) {
        if (statusOf(error) === 304) return 'unchanged';
        throw error;
      }
    },
  };
}

function linksOf(headers: Headers): Pick<Page<unknown>, 'more' | 'etag'> {
  const next = headers.get('x-next-page') ?? '';
  const more = next !== '' || /;\s*rel="next"/.test(headers.get('link') ?? '');
  return { more, etag: headers.get('etag') };
}

function apiOver(library: typeof Gitbeaker, wire: Wire): GitlabApi {
  return {
    get branches() {
      return new library.Branches(wire);
    },
    get commits() {
      return new library.Commits(wire);
    },
    get hooks() {
      return new library.ProjectHooks(wire);
    },
    get issueLabelEvents() {
      return new library.IssueLabelEvents(wire);
    },
    get issueNotes() {
      return new library.IssueNotes(wire);
    },
    get issues() {
      return new library.Issues(wire);
    },
    get members() {
      return new library.ProjectMembers(wire);
    },
    get mergeRequestLabelEvents() {
      return new library.MergeRequestLabelEvents(wire);
    },
    get mergeRequestNotes() {
      return new library.MergeRequestNotes(wire);
    },
    get mergeRequests() {
      return new library.MergeRequests(wire);
    },
    get projects() {
      return new library.Projects(wire);
    },
    get tags() {
      return new library.Tags(wire);
    },
    get users() {
      return new library.Users(wire);
    },
  };
}

/** Ids stay when a project is renamed; its path is what GitLab takes as well. */
export function projectOf({ id, fullName }: RepositoryKey): string {
  return id ?? fullName;
}
