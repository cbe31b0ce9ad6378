import { type TaskView, reasonText } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { type TextKey, textOf } from '../locales/index.ts';
import { evidenceLines, nextLines, paragraph } from './block.ts';
import { type Line, type Span, print, span, spread } from './line.ts';
import { ago } from './lists.ts';
import { markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { isDrained, markOfAttempt, markOfTask } from './task-marks.ts';
import { nextOfTask } from './task-next.ts';
import { changeOf, subjectOf } from './tasks.ts';
import { clean, padEnd, widthOf } from './text.ts';

type Attempt = TaskView['attempts'][number];

/** Of texts of the agent and of checks: how many lines are shown from their beginning and end. */
const HEAD = 8;
const TAIL = 12;

/** One task: whose issue it is, what state it is in and why, what the agent is doing, what was tried, and what to do. */
export function renderTask(task: TaskView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const mark = markSpan(markOfTask(task), screen);
  const lines: readonly Line[] = [
    spread([span(subjectOf(task), 'strong'), span(`  ${clean(task.title)}`)], [span(task.id, 'dim')], screen),
    ...paragraph([span(mark.text, mark.tone)], becauseOf(task, screen), screen),
    ...waitLinesOf(task, screen),
    ...paragraph([], task.url, { width: screen.width, tone: 'dim' }),
    ...paragraph([], originOf(task, screen), { width: screen.width, tone: 'dim' }),
    ...factLines(task, screen),
    ...planLines(task, screen),
    ...quoted(task.state === 'awaiting_approval' ? task.planText : null, 'task.planText', screen, Infinity),
    ...quoted(isOfFailure(task) ? task.detail : null, 'task.detail', screen),
    ...quoted(task.state === 'succeeded' ? task.summary : null, 'task.summary', screen),
    ...attemptLines(task.attempts, screen),
    ...(task.errorId === null ? [] : paragraph([], text('task.errorId', { id: task.errorId }), screen)),
    ...nextLines(nextOfTask(task, screen.language), screen),
  ];
  return lines.map((line) => print(line, screen));
}

/** While another attempt is made, what the last one failed of is old. */
function isOfFailure({ state }: TaskView): boolean {
  return state === 'queued' || state === 'failed' || state === 'dead';
}

/** The reason in a sentence, and how long it still waits. */
function becauseOf({ reason, notBefore }: TaskView, screen: Screen): string {
  const because = reason === null ? '' : `: ${reasonText('task', reason, screen.language)}`;
  if (notBefore === null || notBefore <= screen.now) return because;
  const duration = formatDuration(notBefore - screen.now);
  return `${because} (${textOf(screen.language)('task.nextTry', { duration })})`;
}

/** Who or what ends the wait, and when it gives up. */
function waitLinesOf(task: TaskView, screen: Screen): readonly Line[] {
  const wait = waitOf(task, screen);
  return wait === null ? [] : paragraph([span('  ')], wait, { width: screen.width, tone: 'dim' });
}

function waitOf(task: TaskView, screen: Screen): string | null {
  const text = textOf(screen.language);
  const limit =
    task.expiresAt === null
      ? ''
      : text('task.wait.limit', { duration: formatDuration(Math.max(0, task.expiresAt - screen.now)) });
  if (isDrained(task)) return text('task.wait.worker');
  if (task.state === 'paused') return `${text('task.wait.resume')}${limit}`;
  if (task.state === 'awaiting_approval') return `${text('task.wait.approval')}${limit}`;
  if (task.state === 'pausing' || task.state === 'stopping') return text('task.wait.end');
  const isDue = task.notBefore === null || task.notBefore <= screen.now;
  return task.state === 'queued' && isDue ? text('task.wait.worker') : null;
}

function originOf(task: TaskView, screen: Screen): string {
  const text = textOf(screen.language);
  const { actor, label, generation } = task;
  const by = task.via === 'retry' ? text('task.byRetry', { actor }) : text('task.byLabel', { actor, label });
  return `${by}, ${ago(task.queuedAt, screen)}; ${text('task.generation', { count: generation })}`;
}

/** Names and what they are, with the names as wide as the widest. */
function factLines(task: TaskView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const facts: readonly (readonly [TextKey, string | null])[] = [
    ['task.branch', task.branch],
    ['task.change', changeFact(task, screen)],
    ['task.used', usageOf(task, screen)],
    ['task.steered', steeredOf(task)],
    ['task.planApproved', task.planApprovedBy],
    ['task.says', task.note === null || task.note.trim() === '' ? null : task.note],
  ];
  const known = facts.flatMap(([key, value]) => (value === null ? [] : [{ name: text(key), value }]));
  const width = Math.max(0, ...known.map(({ name }) => widthOf(name)));
  return known.flatMap(({ name, value }) => paragraph([span(`${padEnd(name, width)}  `, 'dim')], value, screen));
}

function changeFact(task: TaskView, screen: Screen): string | null {
  if (task.change === null) return null;
  const adopted = task.change.adopted ? ` (${textOf(screen.language)('task.adopted')})` : '';
  return `${changeOf(task)} ${task.change.url}${adopted}`;
}

/** Null before the agent has used anything. */
export function usageOf({ usage }: Pick<TaskView, 'usage'>, screen: Pick<Screen, 'language'>): string | null {
  const { steps, inputTokens, outputTokens, money } = usage;
  if (steps === 0 && inputTokens === 0 && outputTokens === 0) return null;
  const text = textOf(screen.language);
  const count = (value: number): string => value.toLocaleString('en-US');
  const parts = [text('task.steps', { count: count(steps) })];
  if (inputTokens > 0 || outputTokens > 0)
    parts.push(text('task.tokens', { input: count(inputTokens), output: count(outputTokens) }));
  if (money !== null) parts.push(moneyOf(money));
  return parts.join(text('task.and'));
}

function moneyOf(dollars: number): string {
  return dollars > 0 && dollars < 0.01 ? '< $0.01' : `$${dollars.toFixed(2)}`;
}

function steeredOf({ steeredBy, steerReason }: TaskView): string | null {
  if (steeredBy === null) return null;
  return steerReason === null ? steeredBy : `${steeredBy}: ${steerReason}`;
}

function planLines({ plan }: TaskView, screen: Screen): readonly Line[] {
  if (plan.length === 0) return [];
  const done = plan.filter((item) => item.done).length;
  const title = textOf(screen.language)('task.plan', { done, count: plan.length });
  return [
    [span(title, 'dim')],
    ...plan.flatMap((item) => {
      const box: Span = item.done ? span('  [x] ', 'good') : span('  [ ] ', 'dim');
      return paragraph([box], item.text, screen);
    }),
  ];
}

/** Text of others, marked as such; of a long one the beginning and the end. */
function quoted(text: string | null, title: TextKey, screen: Screen, most = HEAD + TAIL): readonly Line[] {
  const rows = (text ?? '').replaceAll('\r\n', '\n').trim().split('\n');
  if (rows.length === 1 && rows[0] === '') return [];
  const say = textOf(screen.language);
  const left = rows.length - HEAD - TAIL;
  const shown =
    rows.length <= most ? rows : [...rows.slice(0, HEAD), say('task.left', { count: left }), ...rows.slice(-TAIL)];
  return [[span(say(title), 'dim')], ...evidenceLines(shown, screen)];
}

function attemptLines(attempts: readonly Attempt[], screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  return attempts.flatMap((attempt) => {
    const mark = markSpan(markOfAttempt(attempt.outcome), screen);
    const duration = formatDuration(Math.max(0, (attempt.endedAt ?? screen.now) - attempt.startedAt));
    const facts = text('task.attempt', { number: attempt.number, worker: attempt.worker, duration });
    const reason = attempt.reason === null ? '' : `: ${reasonText('task', attempt.reason, screen.language)}`;
    const id = attempt.errorId === null ? '' : ` [${attempt.errorId}]`;
    return paragraph([span('  '), span(mark.text, mark.tone), span('  ')], `${facts}${reason}${id}`, screen);
  });
}
