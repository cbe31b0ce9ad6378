import { Anchor, Text, Title } from '@mantine/core';
import { Link, useParams } from 'react-router';
import type { DeliveryView } from '../../src/api/contract/index.ts';
import { formatCount, formatTime } from '../format.ts';
import { useTexts } from '../language.tsx';
import { Became, DecisionReason, becameAnything } from '../parts/delivery-decision.tsx';
import { SpanText } from '../parts/elapsed.tsx';
import { Fact } from '../parts/fact.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { BodyView, HeaderTable } from '../parts/payload-view.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { ReplayAction } from '../parts/replay-action.tsx';
import { SignMark } from '../parts/sign.tsx';
import { useDelivery } from '../queries.ts';
import { deliveryPath, routes } from '../routes.ts';
import { deliverySign } from '../signs.ts';

export function DeliveryPage() {
  const { t } = useTexts();
  const { id = '' } = useParams();
  const delivery = useDelivery(id);
  return (
    <>
      <Text size="sm" mb="xs">
        <Anchor component={Link} to={routes.deliveries}>
          ← {t('delivery.back')}
        </Anchor>
      </Text>
      <PageTitle>
        {delivery.data === undefined ? t('delivery.id') : t('delivery.title', { event: delivery.data.event })}
      </PageTitle>
      {delivery.isError && <ProblemNote error={delivery.error} onRetry={() => void delivery.refetch()} />}
      {delivery.isPending && <Loading />}
      {/* The key: what was replayed on one page is not shown on the next. */}
      {delivery.data !== undefined && <DeliveryBody key={delivery.data.id} delivery={delivery.data} />}
    </>
  );
}

function DeliveryBody({ delivery }: { readonly delivery: DeliveryView }) {
  const { t } = useTexts();
  return (
    <>
      <Facts delivery={delivery} />
      <ReplayAction delivery={delivery} />
      <section className={styles['section']} aria-labelledby="headers">
        <Title order={2} size="h4" mb="sm" id="headers">
          {t('delivery.headers')}
        </Title>
        <HeaderTable headers={delivery.headers} />
      </section>
      <section className={styles['section']} aria-labelledby="body">
        <Title order={2} size="h4" mb="sm" id="body">
          {t('delivery.body')}
        </Title>
        {delivery.body === null ? (
          <Text size="sm">{t('delivery.body.gone')}</Text>
        ) : (
          <BodyView body={delivery.body} command={`funade deliveries show ${delivery.id} --json`} />
        )}
      </section>
    </>
  );
}

function Facts({ delivery }: { readonly delivery: DeliveryView }) {
  const { t, language } = useTexts();
  const { reason, duplicates, lastDuplicateAt, replayOf } = delivery;
  return (
    <dl className={styles['facts']}>
      <Fact name={t('delivery.decision')}>
        <SignMark sign={deliverySign(delivery)} />
      </Fact>
      <Fact name={t('delivery.why')}>
        <DecisionReason delivery={delivery} /> {reason !== null && <code>{reason}</code>}
      </Fact>
      {becameAnything(delivery) && (
        <Fact name={t('delivery.became')}>
          <Became delivery={delivery} />
        </Fact>
      )}
      <Fact name={t('delivery.source')}>{delivery.source}</Fact>
      <Fact name={t('delivery.event')}>{delivery.event}</Fact>
      <Fact name={t('delivery.via')}>{t(`via.${delivery.via}`)}</Fact>
      <Fact name={t('delivery.received')}>
        {formatTime(delivery.receivedAt, language)} (
        <SpanText at={delivery.receivedAt} text={(duration) => t('run.ago', { duration })} />)
      </Fact>
      <Fact name={t('delivery.secret')}>{delivery.secretLabel ?? t('delivery.secret.none')}</Fact>
      {delivery.remoteAddress !== null && <Fact name={t('delivery.client')}>{delivery.remoteAddress}</Fact>}
      <Fact name={t('delivery.duplicates')}>
        {duplicates === 0 || lastDuplicateAt === null
          ? t('delivery.duplicates.none')
          : t('delivery.duplicates.some', {
              count: formatCount(duplicates, language),
              time: formatTime(lastDuplicateAt, language),
            })}
      </Fact>
      {replayOf !== null && (
        <Fact name={t('delivery.replayOf')}>
          <Anchor component={Link} to={deliveryPath(replayOf)} size="sm">
            {replayOf}
          </Anchor>
        </Fact>
      )}
      <Fact name={t('delivery.forgeId')}>
        <code>{delivery.deliveryId}</code>
      </Fact>
      <Fact name={t('delivery.id')}>
        <code>{delivery.id}</code>
      </Fact>
    </dl>
  );
}
