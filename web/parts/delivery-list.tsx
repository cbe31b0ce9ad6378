import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { DeliveryView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { mayReadDelivery } from '../permissions.ts';
import { deliveryPath } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { deliverySign } from '../signs.ts';
import { Became, DecisionReason, becameAnything } from './delivery-decision.tsx';
import { SpanText } from './elapsed.tsx';
import styles from './entry-list.module.css';
import { SignMark } from './sign.tsx';

/** Deliveries, each with what was decided, why, and what came of it. */
export function DeliveryList({ deliveries }: { readonly deliveries: readonly DeliveryView[] }) {
  const { t } = useTexts();
  return (
    <ul className={styles['list']} aria-label={t('deliveries.title')}>
      {deliveries.map((delivery) => (
        <li key={delivery.id} className={styles['entry']}>
          <Entry delivery={delivery} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ delivery }: { readonly delivery: DeliveryView }) {
  const { t } = useTexts();
  const mayRead = mayReadDelivery(useSignedIn());
  return (
    <>
      <div className={styles['line']}>
        {mayRead ? (
          <Anchor component={Link} to={deliveryPath(delivery.id)} size="sm" className={styles['name']}>
            {delivery.event}
          </Anchor>
        ) : (
          <span className={styles['name']}>{delivery.event}</span>
        )}
        <SignMark sign={deliverySign(delivery)} />
        <span className={styles['soft']}>
          {delivery.source} · {t(`via.${delivery.via}`)}
        </span>
        <span className={styles['end']}>
          <SpanText at={delivery.receivedAt} text={(duration) => t('run.ago', { duration })} />
        </span>
      </div>
      <p>
        {becameAnything(delivery) ? (
          <>
            {t('delivery.became')}: <Became delivery={delivery} />
          </>
        ) : (
          <DecisionReason delivery={delivery} />
        )}
      </p>
    </>
  );
}
