import stringWidth from 'string-width';
import { formatDuration } from '../../src/kernel/index.ts';
import type { Findings } from './findings.ts';

/** The table of what was observed, and the verdict on each act. */
export function summaryOf(findings: Findings): readonly string[] {
  const header = ['', 'release', 'change', 'verdict', 'weights seen', 'requests', 'failed'];
  const rows = findings.rows.map((row) => [
    row.letter,
    row.release,
    row.message,
    row.verdict,
    row.weights.length === 0 ? '–' : row.weights.join(' → '),
    String(row.requests),
    String(row.failed),
  ]);
  return [
    ...tableOf([header, ...rows]),
    '',
    `C: ${formatDuration(findings.badFor)} from its first to its last bad answer`,
    ...findings.evidence.map((line) => `   ${line}`),
    `Lost by deploys, switches or rollbacks: ${findings.lost} requests (${findings.beforeFirst} were sent before there was anything to answer)`,
    '',
    ...findings.checks.map((check) => `${check.ok ? '✔' : '✖'} ${check.text}`),
  ];
}

function tableOf(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
