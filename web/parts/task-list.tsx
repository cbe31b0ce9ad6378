import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { TaskView } from '../../src/api/contract/index.ts';
import { formatCount } from '../format.ts';
import { subjectName } from '../intake.ts';
import { useTexts } from '../language.tsx';
import { taskPath } from '../routes.ts';
import { taskSign } from '../signs.ts';
import { SpanText } from './elapsed.tsx';
import styles from './entry-list.module.css';
import { SignMark } from './sign.tsx';
import { ChangeLink, SubjectLink } from './subject-link.tsx';
import { TaskReason, explains, handedOver } from './task-lines.tsx';

export function TaskList({ tasks }: { readonly tasks: readonly TaskView[] }) {
  const { t } = useTexts();
  return (
    <ul className={styles['list']} aria-label={t('tasks.title')}>
      {tasks.map((task) => (
        <li key={task.id} className={styles['entry']}>
          <Entry task={task} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ task }: { readonly task: TaskView }) {
  const { t, language } = useTexts();
  const attempts = task.attempts.length;
  return (
    <>
      <div className={styles['line']}>
        <SignMark sign={taskSign(task)} />
        <span className={styles['title']}>
          <SubjectLink task={task} />
        </span>
        <span className={styles['end']}>
          <SpanText at={task.queuedAt} text={(duration) => t('run.ago', { duration })} />
        </span>
      </div>
      {explains(task) && (
        <p>
          <TaskReason task={task} />
        </p>
      )}
      <div className={styles['line']}>
        <span className={styles['soft']}>{handedOver(task, t)}</span>
        <span className={styles['soft']}>
          {task.source} · {t(`via.${task.via}`)}
        </span>
        {task.generation > 1 && (
          <span className={styles['soft']}>{t('task.generation', { count: task.generation })}</span>
        )}
        {task.change !== null && (
          <span className={styles['soft']}>
            <ChangeLink task={task} />
          </span>
        )}
        {attempts > 0 && (
          <span className={styles['soft']}>{t('task.attempts', { count: formatCount(attempts, language) })}</span>
        )}
        <span className={styles['end']}>
          <Anchor
            component={Link}
            to={taskPath(task.id)}
            size="sm"
            aria-label={t('task.details.label', { subject: subjectName(task) })}
          >
            {t('run.details')}
          </Anchor>
        </span>
      </div>
    </>
  );
}
