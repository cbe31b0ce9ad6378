import { Button, Text, Textarea } from '@mantine/core';
import { type SyntheticEvent, useRef, useState } from 'react';
import type { RolloutView } from '../../src/api/contract/index.ts';
import { type RolloutCommand, commandRollout } from '../client.ts';
import { useTexts } from '../language.tsx';
import { mayCommand, rolloutCommands } from '../permissions.ts';
import { useCommand } from '../queries.ts';
import { useSignedIn } from '../session.tsx';
import { useAnnounce } from './announcer.tsx';
import { ProblemNote } from './problem-note.tsx';
import styles from './rollout-actions.module.css';

interface Order {
  readonly command: RolloutCommand;
  readonly reason?: string;
}

/** Promote, pause, resume and abort, as far as the rollout's phase and the reader's role allow. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutView }) {
  const { t } = useTexts();
  const session = useSignedIn();
  const announce = useAnnounce();
  const [aborting, setAborting] = useState(false);
  const abortButton = useRef<HTMLButtonElement>(null);
  const order = useCommand(
    ({ command, reason }: Order) => commandRollout(rollout.id, command, reason),
    ({ command }) => {
      announce(t(`command.${command}.sent`));
      setAborting(false);
    },
  );
  const commands = rolloutCommands(rollout);
  if (commands.length === 0) return null;
  if (!mayCommand(session)) {
    return <p className={styles['soft']}>{t('command.notAllowed', { role: t(`role.${session.role}`) })}</p>;
  }

  function press(command: RolloutCommand): void {
    if (command === 'abort') setAborting(true);
    else order.mutate({ command });
  }

  function cancelAbort(): void {
    setAborting(false);
    abortButton.current?.focus();
  }

  return (
    <div>
      <div role="group" aria-label={t('command.group')} className={styles['row']}>
        {commands.map((command) => (
          <Button
            key={command}
            size="xs"
            ref={command === 'abort' ? abortButton : undefined}
            variant={command === 'promote' || command === 'resume' ? 'filled' : 'default'}
            aria-expanded={command === 'abort' ? aborting : undefined}
            loading={order.isPending && order.variables.command === command}
            onClick={() => press(command)}
          >
            {t(`command.${command}`)}
          </Button>
        ))}
      </div>
      {aborting && (
        <AbortForm
          hasStable={rollout.stable !== null}
          pending={order.isPending}
          onAbort={(reason) => order.mutate({ command: 'abort', reason })}
          onCancel={cancelAbort}
        />
      )}
      {order.isError && <ProblemNote error={order.error} />}
    </div>
  );
}

interface AbortFormProps {
  readonly hasStable: boolean;
  readonly pending: boolean;
  readonly onAbort: (reason: string) => void;
  readonly onCancel: () => void;
}

function AbortForm({ hasStable, pending, onAbort, onCancel }: AbortFormProps) {
  const { t } = useTexts();
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    if (reason.trim() === '') setMissing(true);
    else onAbort(reason.trim());
  }

  return (
    <form className={styles['form']} noValidate onSubmit={submit}>
      <Text size="sm">{t(hasStable ? 'command.abort.explain' : 'command.abort.first')}</Text>
      <Textarea
        label={t('command.abort.reason')}
        value={reason}
        autoFocus
        rows={2}
        required
        withAsterisk={false}
        error={missing && reason.trim() === '' ? t('command.abort.missing') : undefined}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel();
        }}
      />
      <div className={styles['row']}>
        <Button type="submit" size="xs" color="red" loading={pending}>
          {t('command.abort.confirm')}
        </Button>
        <Button size="xs" variant="default" onClick={onCancel}>
          {t('command.abort.cancel')}
        </Button>
      </div>
    </form>
  );
}
