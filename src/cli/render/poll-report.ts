import { textOf } from '../locales/index.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';

/** What one look at every repository found. */
export interface PollReport {
  readonly repositories: readonly {
    readonly source: string;
    readonly repository: string;
    readonly outcome: 'unchanged' | 'found' | 'failed' | 'limited' | 'no_credentials' | 'busy' | 'stopped';
    readonly found: number;
    readonly redelivered: number;
    readonly reason: string | null;
  }[];
}

const BAD = ['failed', 'limited', 'no_credentials', 'stopped'];

export function renderPollReport({ repositories }: PollReport, screen: Screen): string[] {
  const text = textOf(screen.language);
  if (repositories.length === 0) return [text('poll.nothing')];
  return renderTable(
    [
      { title: 'column.source' },
      { title: 'column.repository', least: 16 },
      { title: 'column.outcome', least: 10 },
      { title: 'column.found' },
      { title: 'column.redelivered' },
      { title: 'column.reason', least: 16 },
    ],
    repositories.map(({ source, repository, outcome, found, redelivered, reason }) => ({
      cells: [
        source,
        { text: repository, tone: 'strong' },
        { text: text(`poll.${outcome}`), tone: BAD.includes(outcome) ? 'bad' : 'plain' },
        String(found),
        String(redelivered),
        reason ?? '-',
      ],
    })),
    screen,
  );
}
