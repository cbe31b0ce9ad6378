import type { RunView } from '../../src/api/contract/index.ts';
import { FailureNote } from './failure-note.tsx';
import { WaitNote } from './wait-note.tsx';

/** What the run as a whole waits for or failed with, unless one of its stages already says so. */
export function RunTroubles({ run }: { readonly run: RunView }) {
  const stageWaits = run.stages.some((stage) => stage.wait !== null || stage.rollout?.wait != null);
  const stageFailed = run.stages.some((stage) => stage.failure !== null);
  return (
    <>
      {run.wait !== null && !stageWaits && <WaitNote wait={run.wait} />}
      {run.failure !== null && !stageFailed && <FailureNote failure={run.failure} />}
    </>
  );
}
