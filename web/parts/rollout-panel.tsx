import type { RolloutView } from '../../src/api/contract/index.ts';
import { formatWeight } from '../format.ts';
import { useTexts } from '../language.tsx';
import { rolloutShares } from '../overview.ts';
import { rolloutSign, stepSign } from '../signs.ts';
import { SpanText } from './elapsed.tsx';
import { Evidence } from './failure-note.tsx';
import { Metrics } from './metrics.tsx';
import { RolloutActions } from './rollout-actions.tsx';
import styles from './rollout-panel.module.css';
import { SignMark } from './sign.tsx';
import { TrafficBar } from './traffic-bar.tsx';
import { WaitNote } from './wait-note.tsx';

/** A rollout inside its stage: phase, steps with weights, traffic, analysis, wait, outcome and the commands on it. */
export function RolloutPanel({ rollout }: { readonly rollout: RolloutView }) {
  const { t } = useTexts();
  const { paused, reason, outcome } = rollout;
  return (
    <div className={styles['panel']}>
      <p className={styles['head']}>
        <SignMark sign={rolloutSign(rollout)} />
        <span>{titleOf(rollout, t)}</span>
        <span className={styles['soft']}>{t('rollout.requestedBy', { by: rollout.requestedBy })}</span>
      </p>
      {reason !== null && reason !== '' && <p className={styles['soft']}>{t('rollout.reason', { reason })}</p>}
      {paused !== null && (
        <p className={styles['paused']}>
          <SpanText at={paused.since} text={(ago) => t('rollout.paused', { by: paused.by, ago })} />
          {paused.reason !== '' && `: ${paused.reason}`}
        </p>
      )}
      <Queue rollout={rollout} />
      <Steps rollout={rollout} />
      {rollout.startedAt !== null && <TrafficBar shares={rolloutShares(rollout)} />}
      <WeightsSeen rollout={rollout} />
      <Metrics name={titleOf(rollout, t)} metrics={rollout.metrics} />
      {rollout.wait !== null && <WaitNote wait={rollout.wait} />}
      {outcome !== null && (
        <section aria-label={t('rollout.outcome')}>
          <p>
            {t('rollout.outcome')}: <strong>{outcome.reason}</strong>
          </p>
          <Evidence lines={outcome.evidence} />
        </section>
      )}
      {rollout.notes.length > 0 && (
        <ul className={styles['notes']} aria-label={t('rollout.notes')}>
          {rollout.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <RolloutActions rollout={rollout} />
    </div>
  );
}

function titleOf(rollout: RolloutView, t: ReturnType<typeof useTexts>['t']): string {
  const values = {
    number: rollout.release.number,
    environment: rollout.environment,
    strategy: t(`strategy.${rollout.strategy}`),
  };
  return t(rollout.kind === 'rollback' ? 'rollout.rollback' : 'rollout.deploy', values);
}

function Queue({ rollout }: { readonly rollout: RolloutView }) {
  const { t } = useTexts();
  if (rollout.position === 0) return null;
  return (
    <p className={styles['soft']}>
      {t('rollout.position', { position: rollout.position })}
      {rollout.blocker !== null && ` · ${t('rollout.blocker', { blocker: rollout.blocker })}`}
    </p>
  );
}

function Steps({ rollout }: { readonly rollout: RolloutView }) {
  const { t } = useTexts();
  if (rollout.steps.length === 0) return null;
  return (
    <ol className={styles['steps']} aria-label={t('rollout.steps')}>
      {rollout.steps.map((step, index) => (
        // Steps are a fixed list, and two may have the same label.
        <li
          key={index}
          className={styles['step']}
          data-state={step.state}
          aria-current={step.state === 'active' ? 'step' : undefined}
        >
          <SignMark sign={stepSign(step.state)} quiet /> {step.label}
        </li>
      ))}
    </ol>
  );
}

function WeightsSeen({ rollout }: { readonly rollout: RolloutView }) {
  const { t, language } = useTexts();
  if (rollout.weightsSeen.length === 0) return null;
  const weights = rollout.weightsSeen.map((weight) => formatWeight(weight, language)).join(' → ');
  return <p className={styles['soft']}>{t('rollout.weightsSeen', { weights })}</p>;
}
