import { Anchor, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import type { SourceView } from '../../src/api/contract/index.ts';
import { reasonText } from '../../src/api/contract/reasons.ts';
import { formatCount, formatTime } from '../format.ts';
import { pollTimes } from '../intake.ts';
import { useTexts } from '../language.tsx';
import { mayReadDelivery } from '../permissions.ts';
import { deliveryPath } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { Commands } from './commands.tsx';
import { DecisionReason } from './delivery-decision.tsx';
import { SpanText } from './elapsed.tsx';
import { Fact } from './fact.tsx';
import styles from './panel.module.css';
import { PollLine, RepositoryList } from './repository-list.tsx';

/** One source: how it is set up, what came last, what failed last, its repositories, and the commands that change it. */
export function SourcePanel({ source }: { readonly source: SourceView }) {
  const { t } = useTexts();
  const { name } = source;
  const headingId = `source-${name}`;
  return (
    <section className={styles['panel']} aria-labelledby={headingId}>
      <div className={styles['head']}>
        <Title order={2} size="h4" id={headingId}>
          {name}
        </Title>
        <span className={styles['soft']}>{t(`source.origin.${source.origin}`)}</span>
      </div>
      <Facts source={source} />
      <Troubles troubles={source.troubles} />
      <Title order={3} size="h5" mb="xs">
        {t('source.repositories')}
      </Title>
      {source.repositories.length === 0 ? (
        <Text size="sm">{t('source.repositories.none')}</Text>
      ) : (
        <RepositoryList repositories={source.repositories} label={`${t('source.repositories')}: ${name}`} />
      )}
      <section aria-label={t('source.commands', { name })}>
        <Text size="sm" mt="md">
          {t('source.commands', { name })}
        </Text>
        <Commands
          commands={[
            { command: `funade source add ${name} --repository <owner>/<name>`, why: t('source.commands.add') },
            { command: `funade source install ${name}`, why: t('source.commands.install') },
            { command: `funade source rotate ${name}`, why: t('source.commands.rotate') },
          ]}
        />
      </section>
    </section>
  );
}

function Troubles({ troubles }: Pick<SourceView, 'troubles'>) {
  const { language } = useTexts();
  return troubles.map((trouble) => <p key={trouble}>{reasonText('source', trouble, language)}</p>);
}

function Facts({ source }: { readonly source: SourceView }) {
  const { t } = useTexts();
  const { last, next } = pollTimes(source);
  return (
    <dl className={styles['facts']}>
      <Fact name={t('source.lastDelivery')}>
        <LastDelivery delivery={source.lastDelivery} />
      </Fact>
      <Fact name={t('source.lastPoll')}>
        <PollLine last={last} next={next} />
      </Fact>
      {source.lastFailure !== null && (
        <Fact name={t('source.lastFailure')}>
          <LastFailure failure={source.lastFailure} />
        </Fact>
      )}
      <Fact name={t('source.secrets')}>
        <Secrets secrets={source.secrets} />
      </Fact>
      <Fact name={t('source.credentials')}>{t(`source.credentials.${source.credentials}`)}</Fact>
      <Fact name={t('source.webhookPath')}>
        <code>{source.webhookPath}</code>
      </Fact>
      <Fact name={t('source.api')}>
        <code>{source.apiUrl}</code>
      </Fact>
    </dl>
  );
}

function Secrets({ secrets }: Pick<SourceView, 'secrets'>) {
  const { t, language } = useTexts();
  if (secrets.length === 0) return <>{t('source.secrets.none')}</>;
  return secrets.map(({ label, kind, since }, index) => (
    <span key={`${kind} ${label}`}>
      {index > 0 && ', '}
      <code>{label}</code> ({t(`source.secret.${kind}`)}
      {since !== null && ` ${t('source.secret.since', { time: formatTime(since, language) })}`})
    </span>
  ));
}

function LastDelivery({ delivery }: { readonly delivery: SourceView['lastDelivery'] }) {
  const { t } = useTexts();
  const mayRead = mayReadDelivery(useSignedIn());
  if (delivery === null) return <>{t('source.lastDelivery.none')}</>;
  return (
    <>
      {mayRead ? (
        <Anchor component={Link} to={deliveryPath(delivery.id)} size="sm" underline="always">
          {delivery.event}
        </Anchor>
      ) : (
        delivery.event
      )}
      {', '}
      <SpanText at={delivery.at} text={(duration) => t('run.ago', { duration })} />
      {delivery.secretLabel !== null && `, ${t('source.lastDelivery.secret', { label: delivery.secretLabel })}`}
      {' – '}
      <DecisionReason delivery={delivery} />
    </>
  );
}

function LastFailure({ failure }: { readonly failure: NonNullable<SourceView['lastFailure']> }) {
  const { t, language } = useTexts();
  return (
    <>
      {reasonText('verification', failure.reason, language)}{' '}
      <span className={styles['soft']}>
        <SpanText at={failure.at} text={(duration) => t('run.ago', { duration })} />
        {failure.client !== null && `, ${t('source.lastFailure.from', { client: failure.client })}`}
        {`, ${t('source.lastFailure.count', { count: formatCount(failure.count, language) })}`}
      </span>
    </>
  );
}
