import { type TaskView, reasonText } from '../../api/contract/index.ts';
import { assertNever, formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { nextLines, paragraph } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { ago } from './lists.ts';
import { type Mark, markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { clean } from './text.ts';

type Attempt = TaskView['attempts'][number];

export function renderTasks(tasks: readonly TaskView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.repository', least: 10 },
      { title: 'column.number', align: 'right' },
      { title: 'column.title', least: 8 },
      { title: 'column.state', least: 8 },
      { title: 'column.queued' },
      { title: 'column.id' },
    ],
    tasks.map((task) => {
      const mark = markSpan(markOfTask(task.state), screen);
      return {
        cells: [
          task.project,
          numberOf(task),
          task.title,
          { text: mark.text, tone: mark.tone },
          ago(task.queuedAt, screen),
          { text: task.id, tone: 'dim' },
          ...(screen.plain === true ? [task.reason ?? '-'] : []),
        ],
        below: task.reason === null ? [] : reasonLines(task.reason, screen),
      };
    }),
    screen,
  );
}

function reasonLines(reason: string, screen: Screen): readonly Line[] {
  return paragraph([span('  ')], reasonText('task', reason, screen.language), { width: screen.width, tone: 'dim' });
}

/** One task: whose issue it is, what state it is in and why, what was tried, and what to do. */
export function renderTask(task: TaskView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const mark = markSpan(markOfTask(task.state), screen);
  const lines: readonly Line[] = [
    spread([span(subjectOf(task), 'strong'), span(`  ${clean(task.title)}`)], [span(task.id, 'dim')], screen),
    ...paragraph([span(mark.text, mark.tone)], becauseOf(task, screen), screen),
    ...paragraph([], task.url, { width: screen.width, tone: 'dim' }),
    ...paragraph([], originOf(task, screen), { width: screen.width, tone: 'dim' }),
    ...attemptLines(task.attempts, screen),
    ...(task.errorId === null ? [] : paragraph([], text('task.errorId', { id: task.errorId }), screen)),
    ...nextLines(nextOf(task, screen), screen),
  ];
  return lines.map((line) => print(line, screen));
}

function subjectOf(task: TaskView): string {
  return `${task.project}${numberOf(task)}`;
}

/** As the forge writes it. */
function numberOf({ forge, kind, number }: TaskView): string {
  return `${forge === 'gitlab' && kind === 'change' ? '!' : '#'}${number}`;
}

/** The reason in a sentence, and how long it still waits. */
function becauseOf({ reason, notBefore }: TaskView, screen: Screen): string {
  const because = reason === null ? '' : `: ${reasonText('task', reason, screen.language)}`;
  if (notBefore === null || notBefore <= screen.now) return because;
  const duration = formatDuration(notBefore - screen.now);
  return `${because} (${textOf(screen.language)('task.nextTry', { duration })})`;
}

function originOf(task: TaskView, screen: Screen): string {
  const text = textOf(screen.language);
  const { actor, label, generation } = task;
  const by = task.via === 'retry' ? text('task.byRetry', { actor }) : text('task.byLabel', { actor, label });
  return `${by}, ${ago(task.queuedAt, screen)}; ${text('task.generation', { count: generation })}`;
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

function nextOf(task: TaskView, screen: Screen): readonly { readonly command: string; readonly why?: string }[] {
  const why = textOf(screen.language)('task.retryWhy');
  const told = task.deliveryId === null ? [] : [{ command: `funade deliveries show ${task.deliveryId}` }];
  const isOver = task.state === 'failed' || task.state === 'dead' || task.state === 'cancelled';
  return isOver ? [{ command: `funade tasks retry ${task.id}`, why }, ...told] : told;
}

function markOfTask(state: TaskView['state']): Mark {
  switch (state) {
    case 'queued':
      return { icon: 'waiting', word: 'task.queued' };
    case 'awaiting_approval':
      return { icon: 'waiting', word: 'task.awaiting_approval' };
    case 'claimed':
      return { icon: 'running', word: 'task.claimed' };
    case 'running':
      return { icon: 'running', word: 'task.running' };
    case 'pausing':
      return { icon: 'running', word: 'task.pausing' };
    case 'stopping':
      return { icon: 'running', word: 'task.stopping' };
    case 'paused':
      return { icon: 'paused', word: 'task.paused' };
    case 'succeeded':
      return { icon: 'done', word: 'task.succeeded' };
    case 'failed':
      return { icon: 'failed', word: 'task.failed' };
    case 'dead':
      return { icon: 'failed', word: 'task.dead' };
    case 'stopped':
      return { icon: 'aborted', word: 'task.stopped' };
    case 'cancelled':
      return { icon: 'aborted', word: 'task.cancelled' };
    case 'expired':
      return { icon: 'aborted', word: 'task.expired' };
    default:
      return assertNever(state);
  }
}

function markOfAttempt(outcome: Attempt['outcome']): Mark {
  switch (outcome) {
    case null:
      return { icon: 'running', word: 'task.running' };
    case 'succeeded':
      return { icon: 'done', word: 'task.succeeded' };
    case 'failed':
      return { icon: 'failed', word: 'task.failed' };
    case 'cancelled':
      return { icon: 'aborted', word: 'task.cancelled' };
    case 'lost':
      return { icon: 'failed', word: 'task.lost' };
    default:
      return assertNever(outcome);
  }
}
