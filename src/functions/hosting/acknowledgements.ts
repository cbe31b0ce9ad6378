import type { Acknowledgement, HostedRow, RoutedRow } from './store.ts';

/** What a host has told of itself, so that it tells only what is new. */
export interface Acknowledgements {
  /** What has to be told now; `settle` says whether the database took it. */
  next(aliases: readonly RoutedRow[], versions: readonly HostedRow[]): Acknowledgement;
  settle(isTold: boolean): void;
}

type Rows<T> = ReadonlyMap<string, { readonly row: T; readonly text: string }>;

export function createAcknowledgements(): Acknowledgements {
  let told: { readonly aliases: Rows<RoutedRow>; readonly versions: Rows<HostedRow> } | undefined;
  let telling: typeof told;
  return {
    next: (aliases, versions) => {
      const now = { aliases: byKey(aliases), versions: byKey(versions) };
      telling = now;
      return {
        isFirst: told === undefined,
        aliases: changed(told?.aliases, now.aliases),
        versions: changed(told?.versions, now.versions),
        goneAliases: gone(told?.aliases, now.aliases).map(({ app, environment }) => ({ app, environment })),
        goneVersions: gone(told?.versions, now.versions).map(({ app, environment, version }) => ({
          ...{ app, environment, version },
        })),
      };
    },
    // What was only tried may be in the database or not: all of it is told again.
    settle: (isTold) => {
      told = isTold ? telling : undefined;
    },
  };
}

function byKey<T extends RoutedRow | HostedRow>(rows: readonly T[]): Rows<T> {
  return new Map(rows.map((row) => [keyOf(row), { row, text: JSON.stringify(row) }]));
}

function keyOf(row: RoutedRow | HostedRow): string {
  return `${row.app}/${row.environment}/${'version' in row ? row.version : ''}`;
}

function changed<T>(before: Rows<T> | undefined, now: Rows<T>): readonly T[] {
  return [...now].filter(([key, { text }]) => before?.get(key)?.text !== text).map(([, { row }]) => row);
}

function gone<T>(before: Rows<T> | undefined, now: Rows<T>): readonly T[] {
  return [...(before ?? [])].filter(([key]) => !now.has(key)).map(([, { row }]) => row);
}
