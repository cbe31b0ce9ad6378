import { LONGEST_TEXT } from '../../api/limits.ts';
import type { Change, ChangeState, Comment, RepositoryState, SubjectState } from '../../api-port.ts';
import { LIMITS, asText } from '../../payloads/fields.ts';
import type { Actor, SubjectKind } from '../../port.ts';
import { readActor, readActors } from '../actors.ts';

/* The members of GitLab's answers that Funade reads, and what it makes of them. */

/** Accounts that were deleted are `ghost`; GitLab always names somebody. */
export function readAuthor(value: unknown): Actor {
  return readActor(value) ?? { login: 'ghost', id: null, isBot: false };
}

export interface SubjectAnswer {
  readonly iid: number;
  readonly title: string;
  readonly web_url: string;
  readonly state: string;
  readonly author: unknown;
  readonly labels?: readonly unknown[] | undefined;
  readonly assignees?: unknown;
  readonly description?: string | null;
  readonly updated_at: string;
  readonly confidential?: boolean;
  /** `issue`, `incident`, `task` …; only of issues. */
  readonly issue_type?: string;
}

/** Confidential issues and work items of other types are left alone, as their webhooks are: work on them would show what they say. */
export function isOffList({ confidential, issue_type: type = 'issue' }: SubjectAnswer): boolean {
  return confidential === true || (type !== 'issue' && type !== 'incident');
}

export function readSubject(answer: SubjectAnswer, kind: SubjectKind): SubjectState {
  return {
    kind,
    number: answer.iid,
    title: asText(answer.title, LIMITS.title) ?? '',
    url: answer.web_url,
    open: answer.state === 'opened',
    author: readAuthor(answer.author),
    labels: (answer.labels ?? []).filter((label) => typeof label === 'string'),
    assignees: readActors(answer.assignees),
    body: asText(answer.description, LONGEST_TEXT) ?? '',
    updatedAt: Date.parse(answer.updated_at),
    merged: answer.state === 'merged',
  };
}

export interface NoteAnswer {
  readonly id: number;
  readonly body: string;
  readonly author: unknown;
  readonly system: boolean;
  /** Only members of the project see it. Older versions say `confidential`. */
  readonly internal?: boolean;
  readonly confidential?: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Left alone, as their webhooks are: an answer to them would show what they say. */
export function isInternal({ internal, confidential }: NoteAnswer): boolean {
  return internal === true || confidential === true;
}

/** Notes have no address of their own in answers: they are places on the page of their subject. */
export function readComment(answer: NoteAnswer, page: string): Comment {
  return {
    id: String(answer.id),
    author: readAuthor(answer.author),
    body: asText(answer.body, LONGEST_TEXT) ?? '',
    system: answer.system,
    url: `${page}#note_${answer.id}`,
    createdAt: Date.parse(answer.created_at),
    updatedAt: Date.parse(answer.updated_at),
  };
}

export interface ChangeAnswer {
  readonly iid: number;
  readonly web_url: string;
  readonly state: string;
  readonly draft?: boolean;
  readonly title: string;
  readonly description?: string | null;
  readonly source_branch: string;
  readonly target_branch: string;
  /** Null when the fork was deleted. */
  readonly source_project_id?: number | null;
  readonly target_project_id?: number;
  /** Commit of the source branch; null of a merge request without commits. */
  readonly sha?: string | null;
}

const DRAFT = /^\s*(?:\[draft\]|\(draft\)|draft:)\s*/i;

export function readChange(answer: ChangeAnswer): Change {
  return {
    number: answer.iid,
    url: answer.web_url,
    open: answer.state === 'opened',
    draft: answer.draft ?? DRAFT.test(answer.title),
    title: plainTitle(answer.title),
    body: answer.description ?? '',
    head: answer.source_branch,
    base: answer.target_branch,
  };
}

/** Whether the branch is in the project itself. Anyone can propose one from a fork. */
export function isFromHere({ source_project_id: source, target_project_id: target }: ChangeAnswer): boolean {
  return source === target;
}

export function readChangeState(answer: ChangeAnswer, headRepository: string | null): ChangeState {
  return { ...readChange(answer), headSha: answer.sha ?? '', headRepository, merged: answer.state === 'merged' };
}

/** A merge request is a draft by the beginning of its title; callers see the title without it. */
export function plainTitle(title: string): string {
  return title.replace(DRAFT, '');
}

export interface ProjectAnswer {
  readonly id: number;
  readonly path_with_namespace: string;
  readonly default_branch?: string | null;
  readonly http_url_to_repo?: string;
  readonly ssh_url_to_repo?: string;
}

export function readRepositoryState(answer: ProjectAnswer, host: string): RepositoryState {
  return {
    host,
    id: String(answer.id),
    fullName: answer.path_with_namespace,
    cloneUrls: [answer.http_url_to_repo, answer.ssh_url_to_repo].filter((url) => url !== undefined),
    defaultBranch: answer.default_branch ?? null,
  };
}
