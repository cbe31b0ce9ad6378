import type { StageView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { stageSign } from '../signs.ts';
import { ApprovalCard, ApprovalFacts } from './approval-card.tsx';
import { Elapsed } from './elapsed.tsx';
import { FailureNote } from './failure-note.tsx';
import { RolloutPanel } from './rollout-panel.tsx';
import { SignMark } from './sign.tsx';
import styles from './stage-tree.module.css';
import { WaitNote } from './wait-note.tsx';

interface StageTreeProps {
  readonly label: string;
  readonly stages: readonly StageView[];
  /** Whether a pending approval can be decided here; the overview has its own place for that. */
  readonly decide: boolean;
}

/** The stages of a run in their order, each with what it waits for, how it failed and the rollout that it runs. */
export function StageTree({ label, stages, decide }: StageTreeProps) {
  return (
    <ol className={styles['tree']} aria-label={label}>
      {stages.map((stage) => (
        <li key={stage.index} className={styles['stage']} data-state={stage.state}>
          <Stage stage={stage} decide={decide} />
        </li>
      ))}
    </ol>
  );
}

function Stage({ stage, decide }: { readonly stage: StageView; readonly decide: boolean }) {
  const { t } = useTexts();
  const { wait, failure, rollout, approval } = stage;
  // A rollout tells of its own wait, in more detail.
  const ownWait = rollout?.wait == null ? wait : null;
  return (
    <>
      <div className={styles['line']}>
        <span className={styles['what']}>
          <span className={styles['name']}>{stage.name}</span>
          <span className={styles['detail']}>{stage.detail === stage.name ? '' : stage.detail}</span>
          {stage.attempt > 1 && <span className={styles['detail']}>{t('run.attempt', { count: stage.attempt })}</span>}
        </span>
        <span className={styles['state']}>
          <SignMark sign={stageSign(stage.state)} />
        </span>
        <span className={styles['time']}>
          {stage.startedAt !== null && <Elapsed from={stage.startedAt} to={stage.finishedAt} />}
        </span>
      </div>
      {ownWait !== null && <WaitNote wait={ownWait} />}
      {approval !== null && <Approval approval={approval} decide={decide} />}
      {rollout !== null && <RolloutPanel rollout={rollout} />}
      {failure !== null && <FailureNote failure={failure} />}
    </>
  );
}

interface ApprovalProps {
  readonly approval: NonNullable<StageView['approval']>;
  readonly decide: boolean;
}

function Approval({ approval, decide }: ApprovalProps) {
  if (decide && approval.state === 'pending') return <ApprovalCard approval={approval} />;
  return <ApprovalFacts approval={approval} />;
}
