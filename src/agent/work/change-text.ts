import type { Language } from '../../kernel/index.ts';
import type { TaskRow } from '../store.ts';
import { cutShort, harmless, withClosedFences, withoutInvisible } from '../texts/foreign.ts';
import { sayIn } from '../texts/index.ts';

const LONGEST_SUMMARY = 50_000;
/** GitHub takes 65536 characters. */
const LONGEST_BODY = 65_000;
const SUBJECT_LINE = 72;
const PART = /<!-- funade:task [\w-]+ -->[\s\S]*?<!-- funade:end -->/;

/** First line: what it is about; then what it belongs to, and a trailer that names the task. */
export function commitMessage(task: Pick<TaskRow, 'id' | 'kind' | 'number' | 'forge'>, title: string): string {
  const line = cutShort(oneLine(title), SUBJECT_LINE);
  return `${line === '' ? `Work on ${nameOf(task)}` : line}\n\nRefs ${nameOf(task)}\n\nFunade-Task: ${task.id}\n`;
}

export function changeTitle(task: Pick<TaskRow, 'kind' | 'number' | 'forge'>, title: string): string {
  const line = cutShort(oneLine(title), 200);
  if (line === '') return `Work on ${nameOf(task)}`;
  return task.kind === 'issue' ? line : `${line} (${nameOf(task)})`;
}

/** `#7`; a merge request of GitLab is `!7`. */
function nameOf({ kind, number, forge }: Pick<TaskRow, 'kind' | 'number' | 'forge'>): string {
  return `${kind === 'change' && forge === 'gitlab' ? '!' : '#'}${number}`;
}

/** Text of others: it must not close issues or call people by being merged. */
function oneLine(title: string): string {
  return harmless(withoutInvisible(title).replaceAll(/\s+/g, ' ').trim());
}

export interface BodyFacts {
  readonly task: Pick<TaskRow, 'id' | 'kind' | 'number' | 'forge'>;
  /** Markdown of the agent, masked. */
  readonly summary: string;
  /** The text that the change has; empty for a new one. */
  readonly before: string;
  /** Funade itself opened the issue: the release that mends it closes it, not the merge. */
  readonly isOwnIssue: boolean;
  readonly language: Language;
}

/** The text of a change: our part between markers, the rest as people left it. */
export function changeBody({ task, summary, before, isOwnIssue, language }: BodyFacts): string {
  const say = sayIn(language);
  const name = nameOf(task);
  const closes = task.kind === 'issue' && !isOwnIssue;
  const rest = before.replace(PART, '').length;
  const room = Math.max(1000, Math.min(LONGEST_SUMMARY, LONGEST_BODY - rest - 1000));
  const part = [
    `<!-- funade:task ${task.id} -->`,
    closes ? say('closes', { number: task.number }) : `Refs ${name}`,
    '',
    withClosedFences(harmless(cutShort(summary.trim(), room))),
    '',
    '---',
    `<sub>${say('made', { subject: name, task: task.id })}</sub>`,
    '<!-- funade:end -->',
  ].join('\n');
  if (PART.test(before)) return before.replace(PART, () => part);
  return before.trim() === '' ? part : `${before.trimEnd()}\n\n${part}`;
}
