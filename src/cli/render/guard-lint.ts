import type { Fault, Language } from '../../kernel/index.ts';
import { type Text, textOf } from '../locales/index.ts';
import { indent, paragraph } from './block.ts';
import { type GuardMark, guardMark, reasonLines, shownFile } from './guard-marks.ts';
import { type Line, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

interface Place {
  readonly object: string;
  readonly namespace: string;
  readonly file: string;
  readonly line: number;
  readonly document: number;
}

/** A report of `guard lint`, as the guard's room makes it. */
export interface LintView {
  readonly files: number;
  readonly judged: number;
  readonly findings: readonly (Place & {
    readonly severity: 'deny' | 'warn';
    readonly policy: string;
    readonly reason: string;
    readonly fix: string | null;
    readonly also: readonly Place[];
  })[];
  readonly faults: readonly Fault[];
  readonly notes: readonly Fault[];
  readonly others: Readonly<Record<string, number>>;
  readonly skipped: number;
  readonly foreign: number;
}

/** Every finding with its place, reason and fix, faults and notes, and how much was judged. */
export function renderLint(report: LintView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const others = othersText(report, screen.language);
  const denied = report.findings.filter(({ severity }) => severity === 'deny').length;
  const summary = text('guard.lintSummary', {
    denied,
    warned: counted('Warning', report.findings.length - denied, text),
    faults: counted('Fault', report.faults.length, text),
    judged: counted('Object', report.judged, text),
    files: counted('File', report.files, text),
  });
  const lines: readonly Line[] = [
    ...report.findings.flatMap((finding) => findingLines(finding, screen)),
    ...report.faults.flatMap((fault) => faultLines(fault, 'fault', screen)),
    ...report.notes.flatMap((note) => faultLines(note, 'note', screen)),
    ...paragraph([], summary, { width: screen.width, tone: 'strong' }),
    ...(others === '' ? [] : paragraph([], text('guard.lintOthers', { others }), { width: screen.width, tone: 'dim' })),
  ];
  return lines.map((line) => print(line, screen));
}

function findingLines(finding: LintView['findings'][number], screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const start: Line = [
    guardMark(finding.severity === 'deny' ? 'denied' : 'warned', screen),
    span(`  ${clean(`${shownFile(finding.file, screen.language)}:${finding.line}`)}`, 'strong'),
  ];
  const about = [
    `${finding.namespace}/${finding.object}`,
    ...(finding.document > 1 ? [text('guard.document', { number: finding.document })] : []),
    finding.policy,
  ];
  return [
    ...paragraph([...start, span('  ')], about.join('  '), { width: screen.width }),
    ...reasonLines(finding.reason, finding.fix, screen),
    ...finding.also.flatMap(({ object, file, line }) =>
      indent(
        paragraph([], text('guard.also', { object, place: `${shownFile(file, screen.language)}:${line}` }), {
          width: screen.width - 2,
          tone: 'dim',
        }),
        '  ',
      ),
    ),
    [],
  ];
}

export function faultLines(fault: Fault, mark: GuardMark, screen: Screen): readonly Line[] {
  const file = fault.file === undefined ? undefined : shownFile(fault.file, screen.language);
  const place = [file, fault.line, fault.line === undefined ? undefined : fault.column]
    .filter((part) => part !== undefined)
    .join(':');
  const start: Line = [guardMark(mark, screen), ...(place === '' ? [] : [span(`  ${clean(place)}`, 'strong')])];
  return [start, ...reasonLines(fault.message, fault.fix, screen), []];
}

/** English has another word for one. */
function counted(what: 'Object' | 'File' | 'Warning' | 'Fault' | 'Foreign', count: number, text: Text): string {
  return text(count === 1 ? `guard.one${what}` : `guard.many${what}`, { count });
}

/** What was not judged, on one line; empty when all was. */
export function othersText(
  { others, skipped, foreign }: Pick<LintView, 'others' | 'skipped' | 'foreign'>,
  language: Language,
): string {
  const text = textOf(language);
  return [
    ...Object.entries(others)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([kind, count]) => `${count} ${clean(kind)}`),
    ...(skipped === 0 ? [] : [text('guard.lintSkipped', { count: skipped })]),
    ...(foreign === 0 ? [] : [counted('Foreign', foreign, text)]),
  ].join(', ');
}
