import { Text, Title, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import type { TaskView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { useTaskLog } from '../queries.ts';
import { readableLog } from '../task-log.ts';
import { Commands } from './commands.tsx';
import { Loading } from './loading.tsx';
import styles from './panel.module.css';
import text from './payload-view.module.css';
import { ProblemNote } from './problem-note.tsx';
import plan from './task-work.module.css';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly children: ReactNode;
}

export function Section({ id, title, children }: SectionProps) {
  return (
    <section className={styles['section']} aria-labelledby={id}>
      <Title order={2} size="h4" mb="sm" id={id}>
        {title}
      </Title>
      {children}
    </section>
  );
}

/** Text of a model or a check, as text: it is never made part of the page. */
function Quoted({ label, children }: { readonly label: string; readonly children: string }) {
  return (
    // It scrolls, so the keyboard has to reach it.
    <pre className={text['body']} tabIndex={0} role="group" aria-label={label}>
      {readableLog(children)}
    </pre>
  );
}

/** The plan that waits for approval, what the agent did or what it failed of, each where there is one. */
export function TaskTexts({ task }: { readonly task: TaskView }) {
  const { t } = useTexts();
  const isFailure = task.state === 'failed' || task.state === 'dead' || task.state === 'queued';
  const texts = [
    { id: 'plan-text', title: t('task.planText'), text: task.state === 'awaiting_approval' ? task.planText : null },
    { id: 'detail', title: t('task.detail'), text: isFailure ? task.detail : null },
    { id: 'summary', title: t('task.summary'), text: task.state === 'succeeded' ? task.summary : null },
  ];
  return texts.map(({ id, title, text: said }) =>
    said === null || said.trim() === '' ? null : (
      <Section key={id} id={id} title={title}>
        <Quoted label={title}>{said}</Quoted>
      </Section>
    ),
  );
}

/** The agent's checklist. */
export function TaskPlan({ task }: { readonly task: Pick<TaskView, 'plan'> }) {
  const { t } = useTexts();
  if (task.plan.length === 0) return null;
  const done = task.plan.filter((item) => item.done).length;
  return (
    <Section id="plan" title={t('task.plan')}>
      <Text size="sm" mb="xs">
        {t('task.plan.done', { done, count: task.plan.length })}
      </Text>
      <ol className={plan['list']} aria-label={t('task.plan')}>
        {task.plan.map((item, index) => (
          // Two items may say the same, and their order is what tells them apart.
          <li key={`${index} ${item.text}`} data-done={item.done}>
            <span aria-hidden="true" className={plan['box']}>
              {item.done ? '☑' : '☐'}
            </span>
            <span>
              <VisuallyHidden component="span">
                {t(item.done ? 'task.plan.item.done' : 'task.plan.item.open')}{' '}
              </VisuallyHidden>
              {item.text}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** What the agent said, which grows while it works. */
export function TaskLog({ task }: { readonly task: Pick<TaskView, 'id'> }) {
  const { t } = useTexts();
  const log = useTaskLog(task.id);
  return (
    <Section id="log" title={t('task.log')}>
      {log.isPending && <Loading />}
      {log.isError && <ProblemNote error={log.error} onRetry={() => void log.refetch()} />}
      {log.data !== undefined && log.data.text === '' && <Text size="sm">{t('task.log.empty')}</Text>}
      {log.data !== undefined && log.data.text !== '' && (
        <>
          {!log.data.ended && (
            <Text size="sm" mb="xs">
              {t('task.log.live')}
            </Text>
          )}
          <Quoted label={t('task.log')}>{log.data.text}</Quoted>
          {log.data.isCut && (
            <>
              <Text size="sm" mt="xs">
                {t('task.log.cut')}
              </Text>
              <Commands commands={[{ command: `funade tasks logs ${task.id}` }]} />
            </>
          )}
        </>
      )}
    </Section>
  );
}
