import { type InstallSourceAnswer, type SourceView, reasonText } from '../../api/contract/index.ts';
import { textOf } from '../locales/index.ts';
import { paragraph } from './block.ts';
import { type Line, span } from './line.ts';
import { ago } from './lists.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';

/** Sources, each with what is wrong with it below. */
export function renderSources(sources: readonly SourceView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.name', least: 8 },
      { title: 'column.forge' },
      { title: 'column.secrets', least: 10 },
      { title: 'column.lastDelivery' },
      { title: 'column.lastPoll' },
      { title: 'column.lastFailure' },
      { title: 'column.repositories', least: 12 },
    ],
    sources.map((source) => ({
      cells: [
        { text: source.name, tone: 'strong' },
        source.forge,
        source.secrets.map(({ label }) => label).join(', ') || text('source.noSecret'),
        source.lastDelivery === null ? text('source.never') : ago(source.lastDelivery.at, screen),
        lastPollOf(source, screen),
        source.lastFailure === null ? text('source.never') : ago(source.lastFailure.at, screen),
        source.repositories.map(({ fullName }) => fullName).join(', ') || '-',
      ],
      below: troublesOf(source, screen).flatMap((trouble) =>
        paragraph([span('  ')], trouble, { width: screen.width, tone: 'warn' }),
      ),
    })),
    screen,
  );
}

/** The latest look at any of its repositories. */
function lastPollOf({ repositories }: SourceView, screen: Screen): string {
  const times = repositories.flatMap(({ lastPollAt }) => lastPollAt ?? []);
  return times.length === 0 ? textOf(screen.language)('source.never') : ago(Math.max(...times), screen);
}

function troublesOf(source: SourceView, screen: Screen): readonly string[] {
  const text = textOf(screen.language);
  const troubles = source.troubles.map((trouble) => reasonText('source', trouble, screen.language));
  if (source.credentials === 'none' && source.repositories.length > 0) troubles.push(text('source.noCredentials'));
  if (hasFailedSince(source)) troubles.push(failureOf(source, screen));
  for (const { fullName: repository, hook, pollFailure } of source.repositories) {
    for (const trouble of hook?.troubles ?? []) {
      troubles.push(text('source.hookTrouble', { repository, trouble: troubleText(trouble, screen) }));
    }
    if (pollFailure !== null && source.credentials !== 'none')
      troubles.push(text('source.pollFailure', { repository, reason: pollFailure }));
  }
  return troubles;
}

/** Whether something could not be verified since the last delivery that could. */
export function hasFailedSince({ lastFailure, lastDelivery }: SourceView): boolean {
  return lastFailure !== null && lastFailure.at > (lastDelivery?.at ?? 0);
}

/** Why the last request could not be verified. */
export function failureOf({ lastFailure }: SourceView, screen: Screen): string {
  if (lastFailure === null) return '';
  return textOf(screen.language)('source.failure', {
    reason: reasonText('verification', lastFailure.reason, screen.language),
    client: lastFailure.client ?? '-',
    when: ago(lastFailure.at, screen),
    count: lastFailure.count,
  });
}

/** A code of our own in words, and what a forge says as it is. */
export function troubleText(trouble: string, screen: Screen): string {
  return reasonText('hook', trouble, screen.language);
}

/** What became of each hook. */
export function renderHooks({ hooks }: InstallSourceAnswer, screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [{ title: 'column.repository', least: 12 }, { title: 'column.result' }, { title: 'column.url', least: 20 }],
    hooks.map(({ repository, done, url, troubles }) => ({
      cells: [
        { text: repository, tone: 'strong' },
        { text: text(`hook.${done}`), tone: done === 'failed' ? 'bad' : 'good' },
        url,
      ],
      below: troubles.flatMap((trouble): readonly Line[] =>
        paragraph([span('  ')], troubleText(trouble, screen), { width: screen.width, tone: 'warn' }),
      ),
    })),
    screen,
  );
}
