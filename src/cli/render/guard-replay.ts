import type { Fault, Language } from '../../kernel/index.ts';
import { type TextKey, textOf } from '../locales/index.ts';
import { paragraph } from './block.ts';
import { faultLines } from './guard-lint.ts';
import { guardWord, shownFile } from './guard-marks.ts';
import { type DecidedView, decidedLines } from './guard-test.ts';
import { type Line, print } from './line.ts';
import type { Screen } from './screen.ts';

export interface ReplayView {
  readonly records: number;
  readonly decisions: readonly (DecidedView & {
    readonly file: string;
    readonly line: number;
    readonly wasAllowed: boolean | null;
    readonly differs: boolean;
  })[];
  readonly byDecision: Readonly<Partial<Record<DecidedView['label'], number>>>;
  readonly left: Readonly<Record<string, number | undefined>>;
  readonly faults: readonly Fault[];
}

/** Decisions that differ from what was recorded or deny (with `all` every one), faults, and the counts behind them. */
export function renderReplay(report: ReplayView, { all }: { readonly all: boolean }, screen: Screen): string[] {
  const text = textOf(screen.language);
  const shown = report.decisions.filter(({ differs, label }) => all || differs || !QUIET.includes(label));
  const lines: readonly Line[] = [
    ...shown.flatMap((decision) => replayedLines(decision, screen)),
    ...report.faults.flatMap((fault) => faultLines(fault, 'fault', screen)),
    ...summary(report, screen).flatMap((line, index) =>
      paragraph([], line, { width: screen.width, tone: index === 0 ? 'strong' : 'plain' }),
    ),
    ...paragraphOfLeft(leftText(report, screen.language)),
  ];
  return lines.map((line) => print(line, screen));

  function paragraphOfLeft(left: string): readonly Line[] {
    return left === '' ? [] : paragraph([], text('guard.replayLeft', { left }), { width: screen.width, tone: 'dim' });
  }
}

/** Labels that need no line of their own. */
const QUIET: readonly DecidedView['label'][] = ['allowed', 'warned', 'bypassed', 'skipped'];

function replayedLines(decision: ReplayView['decisions'][number], screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const place = `${shownFile(decision.file, screen.language)}:${decision.line}`;
  const was = guardWord(decision.wasAllowed === true ? 'allowed' : 'denied', screen);
  const now = guardWord(decision.label, screen);
  return decidedLines(decision, [place, ...(decision.differs ? [text('guard.was', { was, now })] : [])], screen);
}

function summary({ records, decisions, byDecision }: ReplayView, screen: Screen): readonly string[] {
  const text = textOf(screen.language);
  const compared = decisions.filter(({ wasAllowed }) => wasAllowed !== null).length;
  const differing = decisions.filter(({ differs }) => differs).length;
  const counts = Object.entries(byDecision)
    .map(([label, count]) => `${guardWord(label as DecidedView['label'], screen)} ${count}`)
    .join(', ');
  const unrecorded = decisions.length - compared;
  return [
    text(records === 1 ? 'guard.replaySummary.one' : 'guard.replaySummary', {
      records,
      decided: decisions.length,
      counts: counts || '0',
    }),
    ...(compared === 0 ? [] : [comparison(differing, compared)]),
    ...(unrecorded === 0 ? [] : [text('guard.replayUnrecorded', { count: unrecorded })]),
  ];

  function comparison(count: number, total: number): string {
    if (count === 0) return text('guard.replaySame', { compared: total });
    return text(count === 1 ? 'guard.replayDiffers.one' : 'guard.replayDiffers', { count, compared: total });
  }
}

/** Why records were left out, with counts; empty when none was. */
export function leftText({ left }: Pick<ReplayView, 'left'>, language: Language): string {
  const text = textOf(language);
  return Object.entries(left)
    .map(([code, count]) => `${count} ${text(`guard.left.${code}` as TextKey)}`)
    .join(', ');
}
