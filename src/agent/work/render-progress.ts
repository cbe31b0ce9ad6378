import type { AgentLabels } from '../../config/index.ts';
import { type Language, assertNever } from '../../kernel/index.ts';
import type { TaskEnding, TaskRow } from '../store.ts';
import type { TaskState } from '../port.ts';
import { type Say, sayIn, whyIn } from '../texts/index.ts';
import { cutShort, harmless, plain, quoted, withClosedFences, withoutInvisible } from '../texts/foreign.ts';

/** What the one comment below an issue or change is made of. Texts of models in it are masked already. */
export interface ProgressView {
  readonly task: TaskRow;
  readonly labels: AgentLabels;
  readonly language: Language;
  /** Of the attempt before, when the task itself only says that there were too many. */
  readonly lastReason: string | null;
  /** Until when it may rest, if it rests; epoch milliseconds. */
  readonly until: number;
}

/** GitHub takes 65536 characters, GitLab more; the marker of the adapter comes on top. */
const LONGEST = 60_000;
const LONGEST_PLAN = 30_000;
const LONGEST_SUMMARY = 12_000;
const ITEMS = 40;
const DETAILS = 30;

/** Details that Funade wrote itself: paths, faults, commands. All others are for the log. */
const TOLD = new Set(['config_invalid', 'forbidden_path', 'submodule_changed', 'lfs_file', 'checks_failed']);

/** The comment, in Markdown. Pure: the same view gives the same text. */
export function renderProgress(view: ProgressView): string {
  const say = sayIn(view.language);
  const parts = [...partsOf(view, say), footer(view.task, say)];
  return cutShort(parts.filter((part) => part !== '').join('\n\n'), LONGEST);
}

function partsOf(view: ProgressView, say: Say): readonly string[] {
  const { task } = view;
  const phase: TaskState | TaskEnding = task.ending ?? task.state;
  const why = whyOf(view, say);
  switch (phase) {
    case 'queued':
      return [say('waiting', { why }), checklist(task, say), say('steer')];
    case 'claimed':
    case 'running':
      return atWork(task, say);
    case 'pausing':
      return [say('pausing', { why }), checklist(task, say)];
    case 'paused':
      return [say('paused', { why }), checklist(task, say), note(task), say('resume', { until: timeOf(view.until) })];
    case 'stopping':
      return [say('stopping', { why }), checklist(task, say)];
    case 'stopped':
      return [
        say('stopped', { why }),
        checklist(task, say),
        kept(task, say),
        say('again', { label: view.labels.trigger }),
      ];
    case 'expired':
      return [
        say('expired', { why }),
        checklist(task, say),
        kept(task, say),
        say('again', { label: view.labels.trigger }),
      ];
    case 'cancelled':
      return [say('cancelled', { why })];
    case 'awaiting_approval':
      return [say('planWaits'), quotation(task.plan_text, LONGEST_PLAN), say('approve')];
    case 'succeeded':
      return [success(task, say), checklist(task, say), summary(task, say)];
    case 'failed':
    case 'dead':
      return failure(view, say);
    default:
      return assertNever(phase);
  }
}

function atWork(task: TaskRow, say: Say): readonly string[] {
  return [say('working'), checklist(task, say), note(task), say('steer')];
}

function success(task: TaskRow, say: Say): string {
  if (task.reason === 'no_change') return say('unchanged');
  const change = changeOf(task);
  if (change === null) return say('doneOnly');
  if (!task.change_adopted) return say('done', { change });
  // Adopted, but from the branch of the work: the commits are in it, whoever opened it.
  return task.reason === 'branch_only'
    ? say('doneBranch', { change, branch: code(task.branch ?? '') })
    : say('doneUpdated', { change });
}

function failure(view: ProgressView, say: Say): readonly string[] {
  const { task, labels, language, lastReason } = view;
  const isLast = task.reason === 'too_many_attempts' && lastReason !== null && lastReason !== task.reason;
  return [
    say('failed', { why: whyOf(view, say) }),
    isLast ? say('lastFailure', { why: whyIn(language, lastReason, { prefix: '' }) }) : '',
    details(task, isLast ? lastReason : task.reason),
    task.error_id === null ? '' : say('errorId', { id: task.error_id }),
    kept(task, say),
    task.branch === null ? '' : say('logs', { task: task.id }),
    say('retry', { label: labels.trigger, task: task.id }),
  ];
}

function whyOf({ task, language }: ProgressView, say: Say): string {
  const why = task.reason === null ? '' : whyIn(language, task.reason, { prefix: prefixOf(task.branch) });
  const isSteered = task.reason === 'paused_by_person' || task.reason === 'stopped_by_person';
  if (!isSteered || task.steered_by === null) return why;
  const who = plain(task.steered_by, 60);
  if (task.steer_reason === null) return `${why} ${say('by', { who })}`;
  return `${why} ${say('byBecause', { who, reason: plain(task.steer_reason, 300) })}`;
}

function prefixOf(branch: string | null): string {
  return branch?.replace(/(?:issue|change)-\d+$/, '') ?? '';
}

function details(task: TaskRow, reason: string | null): string {
  if (task.detail === null || reason === null) return '';
  const isExitCode = reason === 'command_failed' && /^[\w .:-]{1,60}$/.test(task.detail);
  if (!TOLD.has(reason) && !isExitCode) return '';
  const lines = task.detail.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(0, DETAILS).map((line) => `- ${code(line)}`);
  return (lines.length > DETAILS ? [...shown, '- …'] : shown).join('\n');
}

function checklist(task: TaskRow, say: Say): string {
  const shown = task.plan.slice(0, ITEMS).map(({ text, done }) => `- [${done ? 'x' : ' '}] ${plain(text, 200)}`);
  const more = task.plan.length - shown.length;
  return (more > 0 ? [...shown, `- ${say('moreItems', { count: more })}`] : shown).join('\n');
}

function note(task: TaskRow): string {
  return task.note === null || task.note.trim() === '' ? '' : `> ${plain(task.note, 300)}`;
}

function summary(task: TaskRow, say: Say): string {
  const text = quotation(task.summary, LONGEST_SUMMARY);
  return text === '' ? '' : `${say('said')}\n\n${text}`;
}

function quotation(text: string | null, longest: number): string {
  return text === null || text.trim() === '' ? '' : quoted(withClosedFences(harmless(cutShort(text.trim(), longest))));
}

function kept(task: TaskRow, say: Say): string {
  return task.head_sha === null || task.branch === null ? '' : say('branchKept', { branch: code(task.branch) });
}

function footer(task: TaskRow, say: Say): string {
  const { steps, input_tokens: input, output_tokens: output, money } = task;
  const facts = [
    task.branch === null || task.head_sha === null ? null : say('branch', { branch: code(task.branch) }),
    task.change_number === null ? null : say('change', { change: changeOf(task) ?? '' }),
    steps === 0 ? null : say('steps', { count: steps }),
    input + output === 0 ? null : say('tokens', { count: short(input + output) }),
    money === null || money === 0 ? null : say('money', { amount: money.toFixed(2) }),
    task.attempts > 1 ? say('attempt', { number: task.attempts }) : null,
    say('task', { task: task.id }),
  ];
  return `<sub>${facts.filter((fact) => fact !== null).join(' · ')}</sub>`;
}

function changeOf(task: TaskRow): string | null {
  if (task.change_number === null) return null;
  const name = `${task.forge === 'gitlab' ? '!' : '#'}${task.change_number}`;
  return task.change_url === null ? name : `[${name}](${task.change_url})`;
}

function short(count: number): string {
  if (count < 1000) return String(count);
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(2)}M`;
}

/** A code span: nothing in it is read as markup, whatever it is. */
function code(text: string): string {
  const line = withoutInvisible(text).replaceAll(/\s+/g, ' ').trim().replaceAll('`', "'");
  return `\`${cutShort(line, 300)}\``;
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
