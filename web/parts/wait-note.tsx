import type { WaitView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { Commands } from './commands.tsx';
import { Deadline, SpanText } from './elapsed.tsx';
import styles from './wait-note.module.css';

/** What is waited for, since when, what ends it, when it gives up, and the commands that end it now. */
export function WaitNote({ wait }: { readonly wait: WaitView }) {
  const { t } = useTexts();
  return (
    <div className={styles['wait']}>
      <p>
        <strong>{wait.cause}</strong>{' '}
        <span className={styles['soft']}>
          <SpanText at={wait.since} text={(duration) => t('wait.since', { duration })} />
          {wait.until !== null && (
            <>
              {' · '}
              <Deadline at={wait.until} text={(duration) => t('wait.until', { duration })} past={t('wait.overdue')} />
            </>
          )}
        </span>
      </p>
      <p className={styles['soft']}>{t('wait.endedBy', { endedBy: wait.endedBy })}</p>
      {wait.next.length > 0 && (
        <section aria-label={t('wait.next')}>
          <Commands commands={wait.next} />
        </section>
      )}
    </div>
  );
}
