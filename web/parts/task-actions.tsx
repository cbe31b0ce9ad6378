import { Button, Text, Textarea } from '@mantine/core';
import { type SyntheticEvent, useRef, useState } from 'react';
import type { SteeringAct, TaskView } from '../../src/api/contract/index.ts';
import { steerTask } from '../client.ts';
import { useTexts } from '../language.tsx';
import { mayCommand, maySteer } from '../permissions.ts';
import { useCommand } from '../queries.ts';
import { useSignedIn } from '../session.tsx';
import { useAnnounce } from './announcer.tsx';
import { ProblemNote } from './problem-note.tsx';
import styles from './rollout-actions.module.css';

interface Order {
  readonly act: SteeringAct;
  readonly reason?: string;
}

/** Approve, pause, resume and stop, as far as the task's state and the reader's role allow. */
export function TaskActions({ task }: { readonly task: TaskView }) {
  const { t } = useTexts();
  const session = useSignedIn();
  const announce = useAnnounce();
  const [stopping, setStopping] = useState(false);
  const stopButton = useRef<HTMLButtonElement>(null);
  const order = useCommand(
    ({ act, reason = '' }: Order) => steerTask(task.id, act, reason),
    ({ act }) => {
      announce(t(`steer.${act}.sent`));
      setStopping(false);
    },
  );
  const acts = task.acts.filter((act) => act !== 'retry');
  if (acts.length === 0) return null;
  const role = t(`role.${session.role}`);
  if (!mayCommand(session)) return <p className={styles['soft']}>{t('steer.notAllowed', { role })}</p>;

  function press(act: SteeringAct): void {
    if (act === 'stop') setStopping(true);
    else order.mutate({ act });
  }

  function cancelStop(): void {
    setStopping(false);
    stopButton.current?.focus();
  }

  return (
    <div>
      <div role="group" aria-label={t('steer.group')} className={styles['row']}>
        {acts
          .filter((act) => maySteer(session, act))
          .map((act) => (
            <Button
              key={act}
              size="xs"
              ref={act === 'stop' ? stopButton : undefined}
              variant={act === acts[0] && act !== 'pause' ? 'filled' : 'default'}
              aria-expanded={act === 'stop' ? stopping : undefined}
              loading={order.isPending && order.variables.act === act}
              onClick={() => press(act)}
            >
              {t(act === 'resume' && task.state === 'awaiting_approval' ? 'steer.replan' : `steer.${act}`)}
            </Button>
          ))}
      </div>
      {acts.some((act) => !maySteer(session, act)) && (
        <p className={styles['soft']}>{t('steer.approve.notAllowed', { role })}</p>
      )}
      {stopping && acts.includes('stop') && (
        <StopForm
          pending={order.isPending}
          onStop={(reason) => order.mutate({ act: 'stop', reason })}
          onCancel={cancelStop}
        />
      )}
      {order.isError && <ProblemNote error={order.error} />}
    </div>
  );
}

interface StopFormProps {
  readonly pending: boolean;
  readonly onStop: (reason: string) => void;
  readonly onCancel: () => void;
}

function StopForm({ pending, onStop, onCancel }: StopFormProps) {
  const { t } = useTexts();
  const [reason, setReason] = useState('');

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    onStop(reason.trim());
  }

  return (
    <form className={styles['form']} noValidate onSubmit={submit}>
      <Text size="sm">{t('steer.stop.explain')}</Text>
      <Textarea
        label={t('steer.stop.reason')}
        value={reason}
        autoFocus
        rows={2}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel();
        }}
      />
      <div className={styles['row']}>
        <Button type="submit" size="xs" color="red" loading={pending}>
          {t('steer.stop.confirm')}
        </Button>
        <Button size="xs" variant="default" onClick={onCancel}>
          {t('steer.stop.cancel')}
        </Button>
      </div>
    </form>
  );
}
