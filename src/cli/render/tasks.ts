import { type TaskView, reasonText } from '../../api/contract/index.ts';
import { paragraph } from './block.ts';
import { type Line, span } from './line.ts';
import { ago } from './lists.ts';
import { markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { type Column, renderTable } from './table.ts';
import { markOfTask } from './task-marks.ts';

/** Narrower screens need the room for titles. */
const WIDE = 100;

export function renderTasks(tasks: readonly TaskView[], screen: Screen): string[] {
  const isWide = screen.width >= WIDE && screen.plain !== true;
  const change: readonly Column[] = isWide ? [{ title: 'column.change', align: 'right' }] : [];
  return renderTable(
    [
      { title: 'column.repository', least: 10 },
      { title: 'column.number', align: 'right' },
      { title: 'column.title', least: 8 },
      { title: 'column.state', least: 8 },
      ...change,
      { title: 'column.queued' },
      { title: 'column.id' },
    ],
    tasks.map((task) => {
      const mark = markSpan(markOfTask(task), screen);
      return {
        cells: [
          task.project,
          numberOf(task),
          task.title,
          { text: mark.text, tone: mark.tone },
          ...(isWide ? [changeOf(task)] : []),
          ago(task.queuedAt, screen),
          { text: task.id, tone: 'dim' },
          ...(screen.plain === true ? [task.reason ?? '-', changeOf(task)] : []),
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

/** `octo/greeter#12`, as the forge writes it. */
export function subjectOf(task: TaskView): string {
  return `${task.project}${numberOf(task)}`;
}

function numberOf({ forge, kind, number }: TaskView): string {
  return `${forge === 'gitlab' && kind === 'change' ? '!' : '#'}${number}`;
}

/** Number of the pull or merge request with the work. */
export function changeOf({ forge, change }: TaskView): string {
  return change === null ? '-' : `${forge === 'gitlab' ? '!' : '#'}${change.number}`;
}
