import type { TaskView } from '../../src/api/contract/index.ts';
import { reasonText } from '../../src/api/contract/reasons.ts';
import { taskWait } from '../intake.ts';
import { type Texts, useTexts } from '../language.tsx';
import { Deadline } from './elapsed.tsx';

/** Who handed the subject over, and how. */
export function handedOver(task: Pick<TaskView, 'via' | 'label' | 'actor'>, t: Texts['t']): string {
  if (task.via === 'retry') return t('task.retriedBy', { actor: task.actor });
  return t('task.by', { label: task.label, actor: task.actor });
}

export function explains(task: Pick<TaskView, 'state' | 'reason' | 'notBefore'>): boolean {
  return task.reason !== null || taskWait(task) !== null;
}

/** Why a task is in its state, and what it waits for. */
export function TaskReason({ task }: { readonly task: Pick<TaskView, 'state' | 'reason' | 'notBefore'> }) {
  const { language } = useTexts();
  return (
    <>
      {task.reason !== null && `${reasonText('task', task.reason, language)} `}
      <Wait task={task} />
    </>
  );
}

function Wait({ task }: { readonly task: Pick<TaskView, 'state' | 'reason' | 'notBefore'> }) {
  const { t } = useTexts();
  const wait = taskWait(task);
  if (wait === null) return null;
  if (typeof wait === 'string') return <>{t(`task.wait.${wait}`)}</>;
  return (
    <Deadline at={wait.until} text={(duration) => t('task.wait.next', { duration })} past={t('task.wait.worker')} />
  );
}
