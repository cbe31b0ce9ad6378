import type { ModelMessage } from 'ai';
import type { PlanItem } from '../../../port.ts';
import type { Entry } from './conversation.ts';
import { cutMiddle } from './shorten.ts';

const LONGEST_PART = 1200;
const LONGEST_COMMENT = 2000;
const EDITING = new Set(['edit_file', 'write_file', 'delete_file']);

/** Entries as plain text, for a model to summarise. */
export function transcriptOf(entries: readonly Entry[]): string {
  return entries.flatMap(({ messages }) => messages.map(printMessage)).join('\n\n');
}

function printMessage(message: ModelMessage): string {
  if (typeof message.content === 'string') return `${message.role}: ${cutMiddle(message.content, LONGEST_PART)}`;
  const parts = message.content.flatMap((part) => {
    if (part.type === 'text') return [cutMiddle(part.text, LONGEST_PART)];
    if (part.type === 'tool-call')
      return [`calls ${part.toolName} ${cutMiddle(JSON.stringify(part.input), LONGEST_PART)}`];
    if (part.type === 'tool-result')
      return [`result of ${part.toolName}: ${cutMiddle(printOutput(part.output), LONGEST_PART)}`];
    return [];
  });
  return `${message.role}: ${parts.join('\n')}`;
}

function printOutput(output: { readonly type: string; readonly value?: unknown }): string {
  return typeof output.value === 'string' ? output.value : JSON.stringify(output.value ?? '');
}

/** What can be told of dropped entries without a model: comments of people, earlier summaries, and which files were edited. */
export function bareSummary(entries: readonly Entry[]): string {
  const told = entries.filter(({ kind }) => kind === 'comments' || kind === 'summary');
  const texts = told.flatMap(({ messages }) =>
    messages.flatMap(({ content }) => (typeof content === 'string' ? [cutMiddle(content, LONGEST_COMMENT)] : [])),
  );
  const files = editedFiles(entries);
  const edited = files.length === 0 ? 'No file was edited in them.' : `Files edited in them: ${files.join(', ')}.`;
  const turns = entries.filter(({ kind }) => kind === 'turn').length;
  return [`${turns} earlier steps are left out here. ${edited}`, ...texts].join('\n\n');
}

function editedFiles(entries: readonly Entry[]): readonly string[] {
  const paths = entries.flatMap(({ messages }) =>
    messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.flatMap(pathOf))),
  );
  return [...new Set(paths)];
}

function pathOf(part: { readonly type: string }): readonly string[] {
  if (part.type !== 'tool-call') return [];
  const { toolName, input } = part as { readonly type: string; readonly toolName: string; readonly input: unknown };
  if (!EDITING.has(toolName) || typeof input !== 'object' || input === null || !('path' in input)) return [];
  return [String(input.path)];
}

export function printPlan(plan: readonly PlanItem[]): string {
  return plan.map(({ text, done }) => `- [${done ? 'x' : ' '}] ${text}`).join('\n');
}
