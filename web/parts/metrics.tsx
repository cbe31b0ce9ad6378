import { VisuallyHidden } from '@mantine/core';
import type { MetricView } from '../../src/api/contract/index.ts';
import { formatCount } from '../format.ts';
import { useTexts } from '../language.tsx';
import { verdictSign } from '../signs.ts';
import styles from './metrics.module.css';
import { SignMark } from './sign.tsx';

interface MetricsProps {
  /** What the analysis belongs to, for those who can't see where it stands. */
  readonly name: string;
  readonly metrics: readonly MetricView[];
}

export function Metrics({ name, metrics }: MetricsProps) {
  const { t } = useTexts();
  if (metrics.length === 0) return null;
  return (
    <div className={styles['scroll']} tabIndex={0} role="region" aria-label={t('metrics.caption', { name })}>
      <table className={styles['table']}>
        <caption>
          <VisuallyHidden>{t('metrics.caption', { name })}</VisuallyHidden>
        </caption>
        <thead>
          <tr>
            <th scope="col">{t('metrics.condition')}</th>
            <th scope="col">{t('metrics.verdict')}</th>
            <th scope="col">{t('metrics.finding')}</th>
            <th scope="col">{t('metrics.samples')}</th>
            <th scope="col">{t('metrics.failures')}</th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <MetricRow key={metric.name} metric={metric} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MetricRow({ metric }: { readonly metric: MetricView }) {
  const { t, language } = useTexts();
  return (
    <tr>
      <th scope="row" className={styles['condition']}>
        {metric.condition}
        {metric.dryRun && <span className={styles['dry']}> {t('metrics.dryRun')}</span>}
      </th>
      <td>
        <SignMark sign={verdictSign(metric.verdict)} />
      </td>
      <td>{metric.finding}</td>
      <td>{formatCount(metric.samples, language)}</td>
      <td>
        {t('metrics.failures.value', {
          failures: formatCount(metric.failures, language),
          measurements: formatCount(metric.measurements, language),
          tolerated: formatCount(metric.tolerated, language),
        })}
      </td>
    </tr>
  );
}
