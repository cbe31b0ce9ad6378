import { Anchor, Button, Text } from '@mantine/core';
import { type KeyboardEvent, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { DeliveryView } from '../../src/api/contract/index.ts';
import { replayDelivery } from '../client.ts';
import { useTexts } from '../language.tsx';
import { mayCommand } from '../permissions.ts';
import { useCommand } from '../queries.ts';
import { deliveryPath } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { deliverySign } from '../signs.ts';
import { useAnnounce } from './announcer.tsx';
import { DecisionReason } from './delivery-decision.tsx';
import { ProblemNote } from './problem-note.tsx';
import styles from './rollout-actions.module.css';
import { SignMark } from './sign.tsx';

/** Replays a delivery, after it was told what will happen, and shows what came of it. */
export function ReplayAction({ delivery }: { readonly delivery: DeliveryView }) {
  const { t } = useTexts();
  const session = useSignedIn();
  const announce = useAnnounce();
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const replay = useCommand(replayDelivery, () => {
    announce(t('replay.sent'));
    stopAsking();
  });
  if (!mayCommand(session)) return null;
  if (delivery.body === null) return <p className={styles['soft']}>{t('replay.noBody')}</p>;

  function stopAsking(): void {
    setAsking(false);
    button.current?.focus();
  }

  function stopOnEscape(event: KeyboardEvent): void {
    if (event.key === 'Escape') stopAsking();
  }

  return (
    <div>
      <Button
        size="xs"
        variant="default"
        ref={button}
        aria-expanded={asking}
        onClick={() => (asking ? stopAsking() : setAsking(true))}
      >
        {t('replay.button')}
      </Button>
      {asking && (
        <section className={styles['form']} aria-label={t('replay.button')}>
          <Text size="sm">{t('replay.explain')}</Text>
          <div className={styles['row']}>
            <Button
              size="xs"
              autoFocus
              loading={replay.isPending}
              onKeyDown={stopOnEscape}
              onClick={() => replay.mutate(delivery.id)}
            >
              {t('replay.confirm')}
            </Button>
            <Button size="xs" variant="default" onKeyDown={stopOnEscape} onClick={stopAsking}>
              {t('replay.cancel')}
            </Button>
          </div>
        </section>
      )}
      {replay.isSuccess && <Result delivery={replay.data} />}
      {replay.isError && <ProblemNote error={replay.error} />}
    </div>
  );
}

function Result({ delivery }: { readonly delivery: DeliveryView }) {
  const { t } = useTexts();
  return (
    <Text size="sm" mt="sm">
      {t('replay.result')}{' '}
      <Anchor component={Link} to={deliveryPath(delivery.id)} underline="always">
        {delivery.id}
      </Anchor>
      : <SignMark sign={deliverySign(delivery)} /> <DecisionReason delivery={delivery} />
    </Text>
  );
}
