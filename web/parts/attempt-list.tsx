import type { TaskView } from '../../src/api/contract/index.ts';
import { reasonText } from '../../src/api/contract/reasons.ts';
import { useTexts } from '../language.tsx';
import { attemptSign } from '../signs.ts';
import { Elapsed, SpanText } from './elapsed.tsx';
import styles from './entry-list.module.css';
import { SignMark } from './sign.tsx';

/** The attempts at a task in their order: which worker, how long, how it ended. */
export function AttemptList({ attempts }: { readonly attempts: TaskView['attempts'] }) {
  const { t, language } = useTexts();
  return (
    <ol className={styles['list']} aria-label={t('task.attemptList')}>
      {attempts.map((attempt) => (
        <li key={attempt.number} className={styles['entry']}>
          <div className={styles['line']}>
            <span className={styles['name']}>{t('attempt.name', { number: attempt.number })}</span>
            <SignMark sign={attemptSign(attempt.outcome)} />
            <span className={styles['soft']}>{attempt.worker}</span>
            <span className={styles['end']}>
              <Elapsed from={attempt.startedAt} to={attempt.endedAt} />
              {' · '}
              <SpanText at={attempt.startedAt} text={(duration) => t('run.ago', { duration })} />
            </span>
          </div>
          {attempt.reason !== null && <p>{reasonText('task', attempt.reason, language)}</p>}
          {attempt.errorId !== null && (
            <p className={styles['soft']}>
              {t('task.errorId')} <code>{attempt.errorId}</code>
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
