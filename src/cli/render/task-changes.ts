import { type TaskView, reasonText } from '../../api/contract/index.ts';
import { textOf } from '../locales/index.ts';
import { type Line, print, span } from './line.ts';
import { markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { markOfTask } from './task-marks.ts';
import { nextOfTask } from './task-next.ts';
import { changeOf, subjectOf } from './tasks.ts';
import { clean } from './text.ts';

/** What changed from one look at a task to the next, one line each: for logs and pipes. Never wrapped, never cut. */
export function renderTaskChanges(before: TaskView | null, after: TaskView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const place = `${subjectOf(after)}  `;
  const lines: Line[] = [];
  if (before === null || before.state !== after.state || before.reason !== after.reason) {
    const reason = after.reason === null ? '' : `  ${reasonText('task', after.reason, screen.language)}`;
    const id = before === null ? `  ${after.id}` : '';
    lines.push([span(place), markSpan(markOfTask(after), screen), span(`${clean(reason)}${id}`)]);
    if (after.state === 'paused' || after.state === 'awaiting_approval') {
      const arrow = screen.ascii ? '->' : '→';
      for (const { command } of nextOfTask(after, screen.language))
        lines.push([span(`${place}${arrow} ${clean(command)}`)]);
    }
  }
  for (const item of after.plan) {
    const wasDone = before?.plan.some(({ text: known, done }) => known === item.text && done) ?? false;
    if (item.done && !wasDone) lines.push([span(`${place}[x] ${clean(item.text)}`)]);
  }
  if (after.note !== null && after.note !== before?.note) lines.push([span(`${place}${clean(after.note)}`)]);
  if (after.change !== null && after.change.url !== before?.change?.url) {
    lines.push([span(`${place}${text('task.change')} ${changeOf(after)} ${clean(after.change.url)}`)]);
  }
  return lines.map((line) => print(line, screen));
}
