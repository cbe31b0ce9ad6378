import { median } from './statistics.ts';

/** One line of the result. */
export interface Figure {
  readonly section: string;
  readonly name: string;
  readonly unit: 'ms' | '/s' | 'MB';
  /** One value per round; the figure is their median. */
  readonly rounds: readonly number[];
  readonly peer?: { readonly name: string; readonly rounds: readonly number[] };
  /** Subject to peer. */
  readonly ratio?: number;
  readonly target?: { readonly limit: number; readonly kind: 'at_most' | 'at_least' };
  /** What a reader has to know to read the figure. */
  readonly note?: string;
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

/** Whether the median meets the target; null when there is none. */
export function isMet({ rounds, target }: Figure): boolean | null {
  if (target === undefined) return null;
  const value = median(rounds);
  return target.kind === 'at_most' ? value <= target.limit : value >= target.limit;
}

const HEADINGS = ['figure', 'median', 'min … max of rounds', 'peer', 'ratio', 'target', ''] as const;

export function renderReport(report: Report): readonly string[] {
  const rows = report.figures.map(rowOf);
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
    lines.push(line(rows[index] ?? []));
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

function markOf(met: boolean | null): string {
  if (met === null) return '';
  return met ? '✔' : '✖';
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
