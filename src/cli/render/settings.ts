import type { Screen } from './screen.ts';
import { type Column, renderTable } from './table.ts';

export interface SettingRow {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

/** Settings of a server, a row each. */
export function renderSettings(
  rows: readonly SettingRow[],
  { origin }: { readonly origin: boolean },
  screen: Screen,
): string[] {
  const columns: readonly Column[] = [
    { title: 'column.setting' },
    { title: 'column.value', least: 16 },
    ...(origin ? [{ title: 'column.origin', least: 16 } as const] : []),
  ];
  const cells = rows.map((row) => ({ cells: origin ? [row.key, row.value, row.origin] : [row.key, row.value] }));
  return renderTable(columns, cells, screen);
}
