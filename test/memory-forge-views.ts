import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type {
  Actor,
  Change,
  Comment,
  Fresh,
  Labelling,
  SubjectKey,
  SubjectKind,
  SubjectState,
} from '../src/forges/index.ts';

/* What the forge in memory keeps, and how its verbs show it. */

export const FULL_NAME = 'octo/greeter';

export interface MemoryComment {
  readonly id: string;
  /** Of ours that were written by `upsertComment`. */
  readonly marker: string | null;
  /** Without the marker. */
  body: string;
  readonly author: Actor;
  readonly system: boolean;
  readonly createdAt: number;
  updatedAt: number;
}

export interface MemorySubject {
  readonly kind: SubjectKind;
  readonly number: number;
  title: string;
  body: string;
  author: Actor;
  labels: string[];
  assignees: Actor[];
  open: boolean;
  merged: boolean;
  comments: MemoryComment[];
  /** The latest time that a label was put on; null: the forge does not know. */
  labelling: Labelling | null;
  updatedAt: number;
  /** Only of changes. */
  change: { head: string; base: string; draft: boolean; headRepository: string | null } | null;
}

export function nameOf({ repository, kind, number }: SubjectKey): string {
  return `${repository.id}:${kind}:${number}`;
}

export function localPath(url: string): string | null {
  if (url.startsWith('file:')) return fileURLToPath(url);
  return url.startsWith('/') ? url : null;
}

export function urlOf({ kind, number }: MemorySubject): string {
  return `https://github.com/${FULL_NAME}/${kind === 'issue' ? 'issues' : 'pull'}/${number}`;
}

export function commentUrl(subject: MemorySubject, id: string): string {
  return `${urlOf(subject)}#issuecomment-${id}`;
}

export function stateOf(subject: MemorySubject | undefined): SubjectState | null {
  if (subject === undefined) return null;
  const { kind, number, title, open, author, labels, assignees, body, updatedAt, merged } = subject;
  return {
    kind,
    number,
    title,
    url: urlOf(subject),
    open,
    author,
    labels: [...labels],
    assignees: [...assignees],
    body,
    updatedAt,
    merged,
  };
}

export function show(
  subject: MemorySubject,
  { id, author, marker, body, system, createdAt, updatedAt }: MemoryComment,
): Comment {
  const text = marker === null ? body : `${markerLine(marker)}\n${body}`;
  return { id, author, body: text, system, url: commentUrl(subject, id), createdAt, updatedAt };
}

export function changeOf(subject: MemorySubject): Change {
  const { number, open, title, body, change } = subject;
  const { head = '', base = '', draft = false } = change ?? {};
  return { number, url: urlOf(subject), open, draft, title, body, head, base };
}

export function markerLine(marker: string): string {
  return `<!-- funade:${marker} -->`;
}

export function doesClose(body: string, issue: number | null): boolean {
  return (
    issue !== null && new RegExp(String.raw`\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #${issue}\b`, 'i').test(body)
  );
}

export function fresh<T>(value: T, etag: string | null | undefined): Fresh<T> {
  const now = createHash('sha256').update(JSON.stringify(value)).digest('hex');
  return etag === now ? { kind: 'unchanged' } : { kind: 'changed', value, etag: now };
}
