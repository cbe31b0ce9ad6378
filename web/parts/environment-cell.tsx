import { Anchor } from '@mantine/core';
import type { EnvironmentView, RolloutView } from '../../src/api/contract/index.ts';
import { formatLatency, formatPercent, formatRate } from '../format.ts';
import { useTexts } from '../language.tsx';
import { trafficShares } from '../overview.ts';
import { environmentSign, healthSign } from '../signs.ts';
import { SpanText } from './elapsed.tsx';
import styles from './environment-cell.module.css';
import { ReleaseLine } from './release-line.tsx';
import { SignMark } from './sign.tsx';
import { TrafficBar } from './traffic-bar.tsx';

interface EnvironmentCellProps {
  readonly environment: EnvironmentView;
  /** The rollout that the environment is in, when it is known. */
  readonly rollout: RolloutView | undefined;
}

export function EnvironmentCell({ environment, rollout }: EnvironmentCellProps) {
  const { t } = useTexts();
  const shares = trafficShares(environment);
  const paused = rollout?.paused ?? null;
  return (
    <div className={styles['cell']}>
      <div className={styles['release']}>
        {environment.live === null ? (
          <span className={styles['soft']}>{t('environment.nothingLive')}</span>
        ) : (
          <ReleaseLine release={environment.live} />
        )}
      </div>
      <div className={styles['signs']}>
        <SignMark sign={healthSign(environment.health)} />
        <SignMark sign={environmentSign(environment.state, rollout)} />
      </div>
      {paused !== null && (
        <p className={styles['small']}>
          {t('environment.pausedBy', { by: paused.by })}
          {paused.reason !== '' && `: ${paused.reason}`}
        </p>
      )}
      {shares.length > 0 && <TrafficBar shares={shares} />}
      <Figures environment={environment} />
      <Conditions environment={environment} />
      {environment.url !== '' && (
        <Anchor
          size="sm"
          href={environment.url}
          aria-label={t('environment.open.label', { app: environment.app, environment: environment.name })}
        >
          {t('environment.open')}
        </Anchor>
      )}
    </div>
  );
}

function Figures({ environment }: { readonly environment: EnvironmentView }) {
  const { t, language } = useTexts();
  const { requestsPerSecond, errorShare, latencyP95 } = environment;
  const nothing = <span className={styles['none']}>{t('environment.noData')}</span>;
  return (
    <dl className={styles['figures']}>
      <div>
        <dt>{t('environment.requests')}</dt>
        <dd>{formatRate(requestsPerSecond, language)}</dd>
      </div>
      <div>
        <dt>{t('environment.errors')}</dt>
        <dd>{errorShare === null ? nothing : formatPercent(errorShare, language)}</dd>
      </div>
      <div>
        <dt>{t('environment.p95')}</dt>
        <dd>{latencyP95 === null ? nothing : formatLatency(latencyP95, language)}</dd>
      </div>
    </dl>
  );
}

/** What an operator has to know before acting: drift, a hold, whether a rollback would work, and who waits. */
function Conditions({ environment }: { readonly environment: EnvironmentView }) {
  const { t } = useTexts();
  const { drift, hold, rollback, waiting } = environment;
  const target = rollback.ready ? rollback.to : null;
  return (
    <>
      {drift !== null && <p className={styles['warning']}>{t('environment.drift', { drift })}</p>}
      {hold !== null && (
        <p className={styles['warning']}>
          <strong className={styles['badge']}>{t('environment.held', { number: hold.releaseNumber })}</strong>{' '}
          <SpanText
            at={hold.since}
            text={(ago) => t('environment.held.by', { reason: hold.reason, by: hold.by, ago })}
          />
        </p>
      )}
      {waiting.map((entry) => (
        <p key={entry.rolloutId} className={styles['small']}>
          {t('environment.queue', {
            number: entry.releaseNumber,
            position: entry.position,
            blocker: entry.blocker,
          })}
        </p>
      ))}
      <p className={styles['small']}>
        {target === null
          ? t('environment.rollback.notReady', { reason: rollback.reason ?? t('environment.rollback.unknown') })
          : t('environment.rollback.ready', { number: target.number })}
      </p>
    </>
  );
}
