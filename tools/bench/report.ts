import { median } from './statistics.ts';

/** One line of the result. */
export interface Figure {
  readonly section: string;
  readonly name: string;
  readonly unit: 'ms' | '/s' | 'MB' | 'failed' | 'calls';
  /** One value per round; the figure is their median. */
  readonly rounds: readonly number[];
  readonly peer?: { readonly name: string; readonly rounds: readonly number[] };
  /** Subject to peer. */
  readonly ratio?: number;
  /** Further peers, each with a line of its own below the figure. */
  readonly comparisons?: readonly Comparison[];
  readonly target?: { readonly limit: number; readonly kind: 'at_most' | 'at_least' };
  /** What a reader has to know to read the figure. */
  readonly note?: string;
}

export interface Comparison {
  readonly name: string;
  readonly rounds: readonly number[];
  /** Subject to peer. */
  readonly ratio: number;
  /** The ratio that is wanted at least: in the place of the figure's own target, or beside it. */
  readonly target?: { readonly limit: number; readonly kind: 'instead' | 'also' };
}

export interface Report {
  readonly at: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly node: string;
  /** One-minute load average before and after. */
  readonly load: { readonly before: number; readonly after: number };
  readonly figures: readonly (Figure & { readonly value: number; readonly met: boolean | null })[];
}

/** Whether the figure meets its target, or what counts in its place, and all that is wanted beside it; null when nothing is wanted. */
export function isMet({ rounds, target, comparisons = [] }: Figure): boolean | null {
  const own = target === undefined ? [] : [isWithin(median(rounds), target)];
  const enough = [...own, ...ofKind(comparisons, 'instead').map(isRatioMet)];
  const needed = ofKind(comparisons, 'also').map(isRatioMet);
  if (enough.length + needed.length === 0) return null;
  return (enough.length === 0 || enough.includes(true)) && !needed.includes(false);
}

function isWithin(value: number, { limit, kind }: NonNullable<Figure['target']>): boolean {
  return kind === 'at_most' ? value <= limit : value >= limit;
}

function ofKind(comparisons: readonly Comparison[], kind: 'instead' | 'also'): readonly Comparison[] {
  return comparisons.filter(({ target }) => target?.kind === kind);
}

function isRatioMet({ ratio, target }: Comparison): boolean {
  return target === undefined || ratio >= target.limit;
}

const HEADINGS = ['figure', 'median', 'min … max of rounds', 'peer', 'ratio', 'target', ''] as const;

export function renderReport(report: Report): readonly string[] {
  const groups = report.figures.map((figure) => [rowOf(figure), ...rowsBelow(figure)]);
  const rows = groups.flat();
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 || column === 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const lines = [line(HEADINGS), line(widths.map((width) => '-'.repeat(width)))];
  let section = '';
  for (const [index, figure] of report.figures.entries()) {
    if (section !== '' && figure.section !== section) lines.push('');
    section = figure.section;
    lines.push(...(groups[index] ?? []).map(line));
  }
  const notes = report.figures.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));
  const { load, cpus, cpu, node } = report;
  const machine = `${cpus} × ${cpu}, node ${node}, load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after`;
  const busy = load.before > cpus ? ['Others were using this machine: the ratios say more than the figures.'] : [];
  return [...lines, '', ...notes, machine, ...busy];
}

function rowOf(figure: Figure): readonly string[] {
  const { rounds, unit, peer, ratio, target } = figure;
  const met = isMet(figure);
  return [
    `${figure.section}: ${figure.name}`,
    `${shown(median(rounds))} ${unit}`,
    rounds.length > 1 ? `${shown(Math.min(...rounds))} … ${shown(Math.max(...rounds))}` : '',
    peer === undefined ? '' : `${peer.name} ${shown(median(peer.rounds))} ${unit}`,
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined ? '' : `${target.kind === 'at_most' ? '≤' : '≥'} ${target.limit} ${unit}`,
    markOf(met),
  ];
}

/** One for each further peer, with a mark of its own. */
function rowsBelow({ unit, comparisons = [] }: Figure): readonly (readonly string[])[] {
  return comparisons.map((comparison) => {
    const { name, rounds, ratio, target } = comparison;
    const peer = `${name} ${shown(median(rounds))} ${unit}`;
    if (target === undefined) return ['', '', '', peer, ratio.toFixed(2), '', ''];
    const wanted = `${target.kind === 'instead' ? 'or' : 'and'} ≥ ${target.limit.toFixed(2)} ×`;
    return ['', '', '', peer, ratio.toFixed(2), wanted, markOf(isRatioMet(comparison))];
  });
}

function markOf(met: boolean | null): string {
  if (met === null) return '';
  return met ? '✔' : '✖';
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
