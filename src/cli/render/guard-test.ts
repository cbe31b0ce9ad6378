import { type TextKey, textOf } from '../locales/index.ts';
import { paragraph } from './block.ts';
import { type GuardMark, guardMark, reasonLines } from './guard-marks.ts';
import { type Line, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** One decision of the guard, as its room makes it. */
export interface DecidedView {
  readonly object: string;
  readonly namespace: string;
  readonly operation: string;
  readonly user: string;
  readonly label: Exclude<GuardMark, 'fault' | 'note'>;
  readonly reasons: readonly { readonly reason: string; readonly fix: string | null }[];
  readonly because: string | null;
}

/** Each decision with its reasons and how to mend them. */
export function renderDecided(decided: readonly DecidedView[], screen: Screen): string[] {
  return decided.flatMap((each) => decidedLines(each, [], screen)).map((line) => print(line, screen));
}

export function decidedLines(decided: DecidedView, extra: readonly string[], screen: Screen): readonly Line[] {
  const { object, namespace, operation, label, because, reasons } = decided;
  const start: Line = [guardMark(label, screen), span(`  ${operation} `, 'dim')];
  const why = because === null ? [] : [textOf(screen.language)(`guard.because.${because}` as TextKey)];
  return [
    ...paragraph(start, clean([`${namespace}/${object}`, ...extra, ...why].join('  ')), { width: screen.width }),
    ...reasons.flatMap(({ reason, fix }) => reasonLines(reason, fix, screen)),
  ];
}
