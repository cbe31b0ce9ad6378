import type { AgentLabels } from '../config/index.ts';
import { type Clock, type Language, type Logger, newId } from '../kernel/index.ts';
import { type Queue, createDriver } from '../queue/index.ts';
import { type Db, appendEvent } from '../store/index.ts';
import type { Loop, LoopIssue, LoopMetrics, LoopPorts } from './port.ts';
import { advance } from './advance.ts';
import * as store from './store.ts';
import { DEFAULT_PATIENCE, type Patience } from './trouble.ts';

export interface LoopOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: Queue;
  /** Names this process among all on the database; see the driver of the queue room. */
  readonly owner?: string;
  readonly ports: LoopPorts;
  readonly labels: AgentLabels;
  /** Of what people read on the forge. */
  readonly language: Language;
  /** Hides secrets in text of others. */
  readonly mask: (text: string) => string;
  readonly metrics?: LoopMetrics;
  readonly sweepMs?: number;
  /** Milliseconds that the last lines of functions get to be stored before they are read; 1 s. */
  readonly settleMs?: number;
  readonly patience?: Patience;
}

/** The kind of its driver, which the queue has to know. */
export const LOOP_KIND = 'loop';

/** Issues of an environment without a baked release between, of which the agent gets that many; later ones are left to people. */
const HANDED_OVER = 3;
const SETTLE = 1000;

/** A release that fails becomes an issue, and the one that bakes closes it. */
export function createLoop(options: LoopOptions): Loop {
  const { db, clock, ports } = options;
  const means = { ...options, patience: options.patience ?? DEFAULT_PATIENCE };
  const driver = createDriver({
    ...options,
    kind: LOOP_KIND,
    concurrency: 4,
    round: (lease) => advance(means, lease),
  });
  const settleMs = options.settleMs ?? SETTLE;
  return {
    rolloutEnded: async (trx, { outcome, ...rollout }) => {
      if (outcome === 'succeeded') {
        await driver.schedule(trx, await store.noteSuccess(trx, rollout));
        return;
      }
      if (!(await ports.wantsIssue(trx, rollout))) return;
      const now = clock.now();
      const labelled = (await store.countUnanswered(trx, rollout)) < HANDED_OVER;
      const { id, isNew } = await store.noteFailure(trx, rollout, { id: newId('issue', now), labelled, now });
      const { app, environment, releaseId, rolloutId } = rollout;
      await appendEvent(trx, {
        kind: isNew ? 'issue.wanted' : 'issue.repeated',
        app,
        environment,
        subject: id,
        actor: 'automation',
        data: { releaseId, rolloutId, labelled },
      });
      await driver.schedule(trx, id, now + settleMs);
    },
    isOwnIssue: (issue) => store.isHandedOver(db, issue),
    list: async ({ app }) => (await store.listIssues(db, app)).map(viewOf),
    start: (how) => driver.start(how),
    stop: () => driver.stop(),
    progress: () => driver.progress(),
  };
}

function viewOf(row: store.IssueRow): LoopIssue {
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    releaseId: row.release,
    number: row.number,
    url: row.url,
    state: row.state,
    reason: row.reason,
    times: row.rollouts.length,
    labelled: row.labelled,
    openedAt: row.opened_at.getTime(),
    closedAt: row.closed_at?.getTime() ?? null,
    closedBy: row.closed_by,
  };
}
