import { LONGEST_TEXT, PER_PAGE } from '../../api/limits.ts';
import type { Page } from '../../api/pages.ts';
import type { Change, ChangeState, Comment, RepositoryState, SubjectState } from '../../api-port.ts';
import { LIMITS, asText } from '../../payloads/fields.ts';
import type { SubjectKind } from '../../port.ts';
import { readActors, readAuthor } from '../actors.ts';

/* The members of GitHub's answers that Funade reads, and what it makes of them. Ids above 2^53 arrive as bigint. */

type Id = number | bigint | string;

export interface UserAnswer {
  readonly login?: string;
  readonly id?: Id;
  readonly type?: string;
}

export interface SubjectAnswer {
  readonly number: number;
  readonly title: string;
  readonly html_url: string;
  readonly state: string;
  readonly user?: UserAnswer | null;
  readonly labels: readonly (string | { readonly name?: string | null })[];
  readonly assignees?: readonly UserAnswer[] | null;
  readonly body?: string | null;
  readonly updated_at: string;
  readonly repository_url?: string;
  /** Of issues that are pull requests. */
  readonly pull_request?: { readonly merged_at?: string | null };
  /** Of pull requests. */
  readonly merged_at?: string | null;
}

export function readSubject(answer: SubjectAnswer, kind: SubjectKind): SubjectState {
  return {
    kind,
    number: answer.number,
    title: asText(answer.title, LIMITS.title) ?? '',
    url: answer.html_url,
    open: answer.state === 'open',
    author: readAuthor(answer.user),
    labels: answer.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
    assignees: readActors(answer.assignees),
    body: asText(answer.body, LONGEST_TEXT) ?? '',
    updatedAt: Date.parse(answer.updated_at),
    merged: (answer.merged_at ?? answer.pull_request?.merged_at ?? null) !== null,
  };
}

export interface CommentAnswer {
  readonly id: Id;
  readonly html_url: string;
  readonly body?: string | undefined;
  readonly user: UserAnswer | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export function readComment(answer: CommentAnswer): Comment {
  return {
    id: String(answer.id),
    author: readAuthor(answer.user),
    body: asText(answer.body, LONGEST_TEXT) ?? '',
    // GitHub keeps its own notes apart, as events.
    system: false,
    url: answer.html_url,
    createdAt: Date.parse(answer.created_at),
    updatedAt: Date.parse(answer.updated_at),
  };
}

export interface ChangeAnswer {
  readonly number: number;
  readonly node_id: string;
  readonly html_url: string;
  readonly state: string;
  readonly draft?: boolean | undefined;
  readonly title: string;
  readonly body: string | null;
  readonly merged_at?: string | null;
  readonly head: {
    readonly ref: string;
    readonly sha: string;
    readonly repo: { readonly id: Id; readonly full_name: string } | null;
  };
  readonly base: { readonly ref: string; readonly repo: { readonly id: Id } };
}

export function readChange(answer: ChangeAnswer): Change {
  return {
    number: answer.number,
    url: answer.html_url,
    open: answer.state === 'open',
    draft: answer.draft === true,
    title: answer.title,
    body: answer.body ?? '',
    head: answer.head.ref,
    base: answer.base.ref,
  };
}

/** `fullName`: how the caller names the change's own repository, which may have another name by now. */
export function readChangeState(answer: ChangeAnswer, fullName: string): ChangeState {
  const { head } = answer;
  return {
    ...readChange(answer),
    headSha: head.sha,
    headRepository: isFromHere(answer) ? fullName : (head.repo?.full_name ?? null),
    merged: (answer.merged_at ?? null) !== null,
  };
}

/** Whether the branch is in the repository itself. Anyone can propose one from a fork. */
export function isFromHere({ head, base }: ChangeAnswer): boolean {
  return head.repo !== null && String(head.repo.id) === String(base.repo.id);
}

export interface RepositoryAnswer {
  readonly id: Id;
  readonly full_name: string;
  readonly default_branch?: string | null;
  readonly clone_url?: string;
  readonly ssh_url?: string;
}

export function readRepositoryState(answer: RepositoryAnswer, host: string): RepositoryState {
  return {
    host,
    id: String(answer.id),
    fullName: answer.full_name,
    cloneUrls: [answer.clone_url, answer.ssh_url].filter((url) => url !== undefined),
    defaultBranch: answer.default_branch ?? null,
  };
}

/** What a list's answer tells beside its items. */
export function pageOf<T>(
  answer: {
    readonly data: readonly unknown[];
    readonly headers: { readonly link?: string | undefined; readonly etag?: string | undefined };
  },
  items: readonly T[],
): Page<T> {
  const { link, etag } = answer.headers;
  return { items, full: answer.data.length === PER_PAGE, more: hasNext(link), etag: etag ?? null };
}

/** Whether GitHub's `Link` header names a next page. */
function hasNext(link: string | undefined): boolean {
  return link !== undefined && /;\s*rel="next"/.test(link);
}

/** Number of the last page that a `Link` header names; 1 when it names none. */
export function lastPage(link: string | undefined): number {
  const last = /<([^>]+)>;\s*rel="last"/.exec(link ?? '')?.[1];
  const page = last === undefined || !URL.canParse(last) ? null : new URL(last).searchParams.get('page');
  return page === null || !/^\d+$/.test(page) ? 1 : Number(page);
}

/** `owner/name` at the end of the API address of a repository. */
export function nameFromUrl(url: string | undefined): string | null {
  return /\/repos\/([^/]+\/[^/]+)$/.exec(url ?? '')?.[1] ?? null;
}
