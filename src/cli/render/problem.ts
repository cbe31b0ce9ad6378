import type { Fault, NextCommand } from '../../kernel/index.ts';
import { fixLines, indent, nextLines, paragraph } from './block.ts';
import { type Line, print, span } from './line.ts';
import { iconOf } from './marks.ts';
import type { Screen } from './screen.ts';
import { clean, padStart, truncate, widthOf } from './text.ts';

/** What an error tells a person: from the server's problem details or from the CLI itself. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly fix: string;
  readonly errors: readonly Fault[];
  readonly next: readonly NextCommand[];
}

/** The problem with every fault; where `sources` holds the text of a fault's file, the line is shown with a caret. */
export function renderProblem(
  problem: Problem,
  screen: Screen,
  sources: ReadonlyMap<string, string> = new Map(),
): string[] {
  const icon = iconOf({ icon: 'failed', word: 'state.failed' }, screen);
  const inner = { ...screen, width: screen.width - 2 };
  const lines: readonly Line[] = [
    ...paragraph([icon, span(' '), span(`${problem.code}  `, 'bad')], problem.detail, { width: screen.width }),
    ...problem.errors.flatMap((fault) => indent(faultLines(fault, inner, sources), '  ')),
    ...indent(fixLines(problem.fix, inner), '  '),
    ...indent(nextLines(problem.next, inner), '  '),
  ];
  return lines.map((line) => print(line, screen));
}

function faultLines(fault: Fault, screen: Screen, sources: ReadonlyMap<string, string>): readonly Line[] {
  const place = [fault.file, fault.line, fault.line === undefined ? undefined : fault.column]
    .filter((part) => part !== undefined)
    .join(':');
  const inner = { ...screen, width: screen.width - 2 };
  const head = [place, fault.path].filter((part) => part !== undefined && part !== '').join('  ');
  return [
    ...(head === '' ? [] : paragraph([], head, { width: screen.width, tone: 'strong' })),
    ...indent(
      [
        ...paragraph([], fault.message, { width: inner.width }),
        ...sourceLines(fault, inner, sources),
        ...(fault.fix === undefined ? [] : fixLines(fault.fix, inner)),
      ],
      head === '' ? '' : '  ',
    ),
  ];
}

/** The faulty line with a caret under the column, when the text is at hand. */
function sourceLines(fault: Fault, screen: Screen, sources: ReadonlyMap<string, string>): readonly Line[] {
  if (fault.file === undefined || fault.line === undefined) return [];
  const line = sources.get(fault.file)?.split('\n')[fault.line - 1]?.replace(/\r$/u, '');
  if (line === undefined) return [];
  const number = padStart(String(fault.line), 4);
  const edge = screen.ascii ? '|' : '│';
  const shown = truncate(clean(line), screen.width - 7, screen.ascii);
  const source: Line = [span(`${number} ${edge} `, 'dim'), span(shown)];
  if (fault.column === undefined) return [source];
  const before = widthOf(clean(line.slice(0, fault.column - 1)));
  if (before >= widthOf(shown)) return [source];
  return [source, [span(`     ${edge} `, 'dim'), span(`${' '.repeat(before)}^`, 'bad')]];
}

/** For programs that need an answer they can't ask for. */
export function actionRequired(problem: Problem): {
  readonly status: 'action_required';
  readonly reason: string;
  readonly next: readonly NextCommand[];
} {
  return { status: 'action_required', reason: problem.detail, next: problem.next };
}
