import { textOf } from '../locales/index.ts';
import { fixLines, indent, paragraph } from './block.ts';
import { type Line, type Span, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { padEnd, widthOf } from './text.ts';

/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  readonly fix: string | null;
}

export function renderChecks(checks: readonly Check[], screen: Screen): string[] {
  const marks = checks.map((check) => checkMark(check.status, screen));
  const markWidth = Math.max(0, ...marks.map((mark) => widthOf(mark.text)));
  const nameWidth = Math.max(0, ...checks.map((check) => widthOf(check.name)));
  const lines = checks.flatMap((check, index): readonly Line[] => {
    const mark = marks[index] ?? span('');
    const start: Line = [
      span(padEnd(mark.text, markWidth), mark.tone),
      span(`  ${padEnd(check.name, nameWidth)}  `, 'strong'),
    ];
    const indentation = ' '.repeat(markWidth + nameWidth + 4);
    const inner = { ...screen, width: Math.max(20, screen.width - indentation.length) };
    return [
      ...paragraph(start, check.finding, { width: screen.width }),
      ...(check.fix === null ? [] : indent(fixLines(check.fix, inner), indentation)),
    ];
  });
  return lines.map((line) => print(line, screen));
}

function checkMark(status: Check['status'], screen: Screen): Span {
  const text = textOf(screen.language);
  if (status === 'ok') return span(`${screen.ascii ? '+' : '✔'} ${text('check.ok')}`, 'good');
  if (status === 'warn') return span(`${screen.ascii ? '!' : '⊘'} ${text('check.warn')}`, 'warn');
  return span(`${screen.ascii ? 'x' : '✖'} ${text('check.fail')}`, 'bad');
}
