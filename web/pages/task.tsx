import { Anchor, Text } from '@mantine/core';
import { Link, useParams } from 'react-router';
import type { TaskView } from '../../src/api/contract/index.ts';
import { formatCount, formatMoney, formatTime } from '../format.ts';
import { subjectName } from '../intake.ts';
import { type Texts, useTexts } from '../language.tsx';
import { AttemptList } from '../parts/attempt-list.tsx';
import { Deadline } from '../parts/elapsed.tsx';
import { Fact } from '../parts/fact.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { ProblemNote } from '../parts/problem-note.tsx';
import { RetryAction } from '../parts/retry-action.tsx';
import { SignMark } from '../parts/sign.tsx';
import { ChangeLink, SubjectLink } from '../parts/subject-link.tsx';
import { TaskActions } from '../parts/task-actions.tsx';
import { TaskReason, explains, handedOver } from '../parts/task-lines.tsx';
import { Section, TaskLog, TaskPlan, TaskTexts } from '../parts/task-work.tsx';
import { mayReadDelivery } from '../permissions.ts';
import { useTask } from '../queries.ts';
import { deliveryPath, routes } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { taskSign } from '../signs.ts';

export function TaskPage() {
  const { t } = useTexts();
  const { id = '' } = useParams();
  const task = useTask(id);
  return (
    <>
      <Text size="sm" mb="xs">
        <Anchor component={Link} to={routes.tasks}>
          ← {t('task.back')}
        </Anchor>
      </Text>
      <PageTitle>
        {task.data === undefined ? t('task.id') : t('task.title', { subject: subjectName(task.data) })}
      </PageTitle>
      {task.isError && <ProblemNote error={task.error} onRetry={() => void task.refetch()} />}
      {task.isPending && <Loading />}
      {/* The key: what was retried on one page is not shown on the next. */}
      {task.data !== undefined && <TaskBody key={task.data.id} task={task.data} />}
    </>
  );
}

function TaskBody({ task }: { readonly task: TaskView }) {
  const { t } = useTexts();
  return (
    <>
      <Facts task={task} />
      <TaskActions task={task} />
      <RetryAction task={task} />
      <TaskTexts task={task} />
      <TaskPlan task={task} />
      <Section id="attempts" title={t('task.attemptList')}>
        {task.attempts.length === 0 ? (
          <Text size="sm">{t('task.attemptList.none')}</Text>
        ) : (
          <AttemptList attempts={task.attempts} />
        )}
      </Section>
      <TaskLog task={task} />
    </>
  );
}

function Facts({ task }: { readonly task: TaskView }) {
  const { t, language } = useTexts();
  return (
    <dl className={styles['facts']}>
      <Fact name={t('tasks.state')}>
        <SignMark sign={taskSign(task)} />
      </Fact>
      {explains(task) && (
        <Fact name={t('task.reason')}>
          <TaskReason task={task} /> {task.reason !== null && <code>{task.reason}</code>}
        </Fact>
      )}
      {task.expiresAt !== null && (
        <Fact name={t('task.expires')}>
          <Deadline at={task.expiresAt} text={(duration) => duration} past={t('task.expires.now')} />
        </Fact>
      )}
      {task.errorId !== null && (
        <Fact name={t('task.errorId')}>
          <code>{task.errorId}</code> {t('task.errorId.where')}
        </Fact>
      )}
      <Fact name={t('task.subject')}>
        <SubjectLink task={task} />
      </Fact>
      <WorkFacts task={task} />
      <Fact name={t('task.startedBy')}>
        {handedOver(task, t)}
        {task.generation > 1 && ` · ${t('task.generation', { count: task.generation })}`}
      </Fact>
      <Fact name={t('task.source')}>{task.source}</Fact>
      <Fact name={t('task.via')}>{t(`via.${task.via}`)}</Fact>
      {task.deliveryId !== null && <DeliveryFact id={task.deliveryId} />}
      {task.worker !== null && <Fact name={t('task.worker')}>{task.worker}</Fact>}
      <Fact name={t('task.queuedAt')}>{formatTime(task.queuedAt, language)}</Fact>
      {task.claimedAt !== null && <Fact name={t('task.claimedAt')}>{formatTime(task.claimedAt, language)}</Fact>}
      {task.endedAt !== null && <Fact name={t('task.endedAt')}>{formatTime(task.endedAt, language)}</Fact>}
      <Fact name={t('task.id')}>
        <code>{task.id}</code>
      </Fact>
    </dl>
  );
}

/** What the agent has come to so far, and who has steered it. */
function WorkFacts({ task }: { readonly task: TaskView }) {
  const { t, language } = useTexts();
  const used = usageOf(task.usage, { t, language });
  return (
    <>
      {task.change !== null && (
        <Fact name={t('task.change')}>
          <ChangeLink task={task} /> {task.change.adopted && t('task.change.adopted')}
        </Fact>
      )}
      {task.branch !== null && (
        <Fact name={t('task.branch')}>
          <code>{task.branch}</code>
        </Fact>
      )}
      {used !== '' && <Fact name={t('task.usage')}>{used}</Fact>}
      {task.note !== null && task.note.trim() !== '' && <Fact name={t('task.note')}>{task.note}</Fact>}
      {task.steeredBy !== null && (
        <Fact name={t('task.steered')}>
          {task.steeredBy}
          {task.steerReason !== null && `: ${task.steerReason}`}
        </Fact>
      )}
      {task.planApprovedBy !== null && <Fact name={t('task.planApproved')}>{task.planApprovedBy}</Fact>}
    </>
  );
}

/** Empty before the agent has used anything. */
function usageOf(usage: TaskView['usage'], { t, language }: Pick<Texts, 't' | 'language'>): string {
  const { steps, inputTokens, outputTokens, money } = usage;
  const count = (value: number): string => formatCount(value, language);
  const parts: string[] = [];
  if (steps > 0) parts.push(t('task.usage.steps', { count: count(steps) }));
  if (inputTokens > 0 || outputTokens > 0)
    parts.push(t('task.usage.tokens', { input: count(inputTokens), output: count(outputTokens) }));
  if (money !== null) parts.push(formatMoney(money, language));
  return parts.join(' · ');
}

function DeliveryFact({ id }: { readonly id: string }) {
  const { t } = useTexts();
  const mayRead = mayReadDelivery(useSignedIn());
  return (
    <Fact name={t('task.delivery')}>
      {mayRead ? (
        <Anchor component={Link} to={deliveryPath(id)} size="sm">
          {id}
        </Anchor>
      ) : (
        <code>{id}</code>
      )}
    </Fact>
  );
}
