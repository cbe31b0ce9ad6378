import type { SourceView } from '../../src/api/contract/index.ts';
import { reasonText } from '../../src/api/contract/reasons.ts';
import { type Texts, useTexts } from '../language.tsx';
import { hookSign } from '../signs.ts';
import { Deadline, SpanText } from './elapsed.tsx';
import styles from './entry-list.module.css';
import { SignMark } from './sign.tsx';

type Repository = SourceView['repositories'][number];

interface RepositoryListProps {
  readonly label: string;
  readonly repositories: readonly Repository[];
}

/** Repositories of a source, each with the state of its hook and of its polling. */
export function RepositoryList({ label, repositories }: RepositoryListProps) {
  const texts = useTexts();
  const { t } = texts;
  return (
    <ul className={styles['list']} aria-label={label}>
      {repositories.map((repository) => (
        <li key={repository.fullName} className={styles['entry']}>
          <div className={styles['line']}>
            <span className={styles['name']}>{repository.fullName}</span>
            <SignMark sign={hookSign(repository.hook)} />
            <span className={styles['soft']}>{t(`source.origin.${repository.origin}`)}</span>
            <span className={styles['end']}>
              <PollLine last={repository.lastPollAt} next={repository.nextPollAt} />
            </span>
          </div>
          {repository.hook !== null && <Hook hook={repository.hook} />}
          {troublesOf(repository, texts).map((trouble) => (
            <p key={trouble}>{trouble}</p>
          ))}
        </li>
      ))}
    </ul>
  );
}

function troublesOf({ hook, pollFailure }: Repository, { t, language }: Texts): readonly string[] {
  const troubles = (hook?.troubles ?? []).map((trouble) => reasonText('hook', trouble, language));
  if (pollFailure === null) return troubles;
  return [...troubles, t('source.poll.failure', { reason: reasonText('task', pollFailure, language) })];
}

function Hook({ hook }: { readonly hook: NonNullable<Repository['hook']> }) {
  const { t } = useTexts();
  return (
    <p className={styles['soft']}>
      {hook.url !== null && <code>{hook.url}</code>}{' '}
      <SpanText at={hook.checkedAt} text={(ago) => t('source.hook.checked', { ago })} />
    </p>
  );
}

interface PollLineProps {
  readonly last: number | null;
  readonly next: number | null;
}

export function PollLine({ last, next }: PollLineProps) {
  const { t } = useTexts();
  return (
    <>
      {last === null ? t('source.poll.never') : <SpanText at={last} text={(ago) => t('source.poll.last', { ago })} />}
      {next !== null && (
        <>
          {' · '}
          <Deadline at={next} text={(duration) => t('source.poll.next', { duration })} past={t('source.poll.due')} />
        </>
      )}
    </>
  );
}
