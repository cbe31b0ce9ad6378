import { formatWeight } from '../format.ts';
import { useTexts } from '../language.tsx';
import type { Share } from '../overview.ts';
import styles from './traffic-bar.module.css';

/** How the traffic is split between versions: a bar, and the same in words below it. */
export function TrafficBar({ shares }: { readonly shares: readonly Share[] }) {
  const { t, language } = useTexts();

  function nameOf(share: Share): string {
    return share.releaseNumber === null ? t('rollout.unknownVersion') : `v${share.releaseNumber}`;
  }

  return (
    <div>
      <div className={styles['bar']} aria-hidden="true">
        {shares.map((share) => (
          <div
            key={nameOf(share)}
            className={styles['share']}
            data-new={share.isNew}
            style={{ width: `${share.weight}%` }}
          />
        ))}
      </div>
      <ul className={styles['legend']} aria-label={t('environment.traffic')}>
        {shares.map((share) => (
          <li key={nameOf(share)} className={styles['entry']} data-new={share.isNew}>
            {nameOf(share)} <strong>{formatWeight(share.weight, language)}</strong>
            {share.isNew && <span className={styles['new']}> {t('rollout.new')}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
