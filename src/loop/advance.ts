import type { AgentLabels } from '../config/index.ts';
import type { Forge, SubjectKey } from '../forges/index.ts';
import { type Clock, type Language, type Logger, messageOf, newId } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { type Db, type Trx, afterCommit, appendEvent, transaction } from '../store/index.ts';
import type { Evidence, LoopMetrics, LoopPorts } from './port.ts';
import * as store from './store.ts';
import { bakedComment, issueText, repeatedComment } from './text.ts';
import { type Patience, afterTrouble, judge } from './trouble.ts';

export interface LoopMeans {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ports: LoopPorts;
  readonly labels: AgentLabels;
  readonly language: Language;
  readonly mask: (text: string) => string;
  readonly metrics?: LoopMetrics;
  readonly patience: Patience;
}

/** Nothing can be done about it: the row says why. */
class GivenUp extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** The forges' clocks may be behind ours. */
const CLOCKS = 10 * 60_000;

/**
 * Makes true what is wanted of an issue, step by step. Each step looks at the row first and can be done again after a crash, whether its
 * call had reached the forge or not. Answers when to try again; null when there is nothing to do.
 */
export async function advance(means: LoopMeans, lease: Lease): Promise<number | null> {
  for (;;) {
    // A later holder goes on from what is stored; whoever is stopping begins nothing new.
    if (lease.signal.aborted) return means.clock.now();
    const row = await store.readIssue(means.db, lease.id);
    if (row === undefined) return null;
    try {
      if (!(await step(means, row))) return null;
    } catch (thrown) {
      return afterThrown(means, row, thrown);
    }
  }
}

/** Does the first thing that is due; false when nothing is. */
async function step(means: LoopMeans, row: store.IssueRow): Promise<boolean> {
  if (row.successes.length > 0 && row.closed_at === null) return compare(means, row);
  if (row.state === 'failed') return false;
  if (row.number === null) return row.state === 'opening' && open(means, row);
  if (row.state === 'opening') return handOver(means, row, row.number);
  if (row.told < row.rollouts.length) return repeat(means, row, row.number);
  return row.state === 'closing' && close(means, row, row.number);
}

/** Whether one of the releases that baked meanwhile answers the issue. */
async function compare({ db, ports }: LoopMeans, row: store.IssueRow): Promise<true> {
  let answeredBy: string | null = null;
  for (const release of row.successes) {
    if (answeredBy === null && (await ports.isSince(row.release, release))) answeredBy = release;
  }
  await transaction(db, (trx) => store.markCompared(trx, row.id, { compared: row.successes, answeredBy }));
  return true;
}

/**
 * Opens the issue without the label: that follows once its number is stored, so that whoever is told of the label can see that the issue
 * is our own.
 */
async function open(means: LoopMeans, row: store.IssueRow): Promise<true> {
  const { db, ports, clock } = means;
  const evidence = row.evidence ?? (await gather(means, row.rollouts[0] ?? ''));
  if (evidence === null) throw new GivenUp('rollout_unknown');
  if (row.evidence === null) await store.saveEvidence(db, row.id, evidence);
  const home = await ports.repositoryOf(row.app);
  if (home === null) throw new GivenUp('no_forge');
  const forge = forgeOf(means, home.source);
  const repository = await forge.repository(home.repository);
  const { number, url } = await forge.openIssue(
    { id: repository.id, fullName: repository.fullName },
    {
      ...issueText(evidence, { language: means.language, handedOver: row.labelled, label: means.labels.trigger }),
      labels: [],
      marker: markerOf(row),
      since: Math.min(row.opened_at.getTime(), clock.now()) - CLOCKS,
    },
  );
  const { source } = home;
  await store.saveOpened(db, row.id, {
    source,
    project: repository.fullName,
    projectId: repository.id,
    number,
    url,
  });
  return true;
}

/** Puts the label on, once: after a crash it may have been put on, and a task may have taken it off again. */
async function handOver(means: LoopMeans, row: store.IssueRow, number: number): Promise<true> {
  const { labels } = means;
  if (row.labelled && row.closed_by === null) {
    const forge = forgeOf(means, row.source ?? '');
    const key = keyOf(row, number);
    const subject = await forge.read(key);
    if (subject === null) throw new GivenUp('issue_gone');
    const { trigger, processing, done, failed, paused, stopped } = labels;
    const known = [trigger, processing, done, failed, paused, stopped].map((label) => label.toLowerCase());
    const isShown = subject.labels.some((label) => known.includes(label.toLowerCase()));
    const wasPutOn = isShown || (await forge.labelling(key, labels.trigger)) !== null;
    if (!wasPutOn && subject.open) await forge.swapLabel(key, { remove: null, add: labels.trigger });
  }
  await transaction(means.db, async (trx) => {
    if (!(await store.setOpen(trx, row.id))) return;
    await tell(means, trx, row, 'opened');
  });
  return true;
}

/** The same release has failed again: its evidence goes below the issue, which stays as it is, open or closed. */
async function repeat(means: LoopMeans, row: store.IssueRow, number: number): Promise<true> {
  const rolloutId = row.rollouts[row.told] ?? '';
  const evidence = await gather(means, rolloutId);
  if (evidence !== null) {
    const body = repeatedComment(evidence, means.language);
    await forgeOf(means, row.source ?? '').upsertComment(keyOf(row, number), `${markerOf(row)}-${rolloutId}`, body);
  }
  await transaction(means.db, async (trx) => {
    if (await store.setTold(trx, row.id, row.told + 1)) await tell(means, trx, row, 'repeated');
  });
  return true;
}

async function close(means: LoopMeans, row: store.IssueRow, number: number): Promise<true> {
  const { ports, language, clock } = means;
  const forge = forgeOf(means, row.source ?? '');
  const key = keyOf(row, number);
  if ((await forge.read(key)) !== null) {
    const release = await ports.nameOf(row.closed_by ?? '');
    const body = bakedComment({ release, environment: row.environment }, language);
    await forge.upsertComment(key, `${markerOf(row)}-baked`, body);
    await forge.closeIssue(key.repository, number);
  }
  await transaction(means.db, async (trx) => {
    if (await store.setClosed(trx, row.id, clock.now())) await tell(means, trx, row, 'closed');
  });
  return true;
}

async function afterThrown(means: LoopMeans, row: store.IssueRow, thrown: unknown): Promise<number | null> {
  const { db, clock, logger, patience } = means;
  if (thrown instanceof GivenUp) return giveUp(means, row, thrown.reason);
  const now = clock.now();
  const judgement = judge(thrown);
  const since = row.trouble_since?.getTime() ?? now;
  const seen = { issue: row.id, app: row.app, environment: row.environment, reason: messageOf(thrown) };
  if (judgement.kind === 'permanent' || now - since >= patience.patience) {
    logger.error({ ...seen, errorId: newId('err', now), err: thrown }, 'Failed to tell of a failed release.');
    return giveUp(means, row, judgement.reason);
  }
  logger.warn(seen, 'Failed to tell of a failed release; trying again.');
  const troubles = row.troubles + 1;
  await store.noteTrouble(db, row.id, { troubles, since });
  return afterTrouble(troubles, { now, at: judgement.at }, patience);
}

async function giveUp(means: LoopMeans, row: store.IssueRow, reason: string): Promise<null> {
  means.logger.warn({ issue: row.id, app: row.app, environment: row.environment, reason }, 'Gave up an issue.');
  await transaction(means.db, async (trx) => {
    if (await store.setFailed(trx, row.id, reason)) await tell(means, trx, { ...row, reason }, 'failed');
  });
  return null;
}

/** In the transaction of the change. */
async function tell(
  { metrics }: LoopMeans,
  trx: Trx,
  row: store.IssueRow,
  what: 'opened' | 'repeated' | 'closed' | 'failed',
): Promise<void> {
  const { app, environment, release: releaseId, source, project, number, url, reason, closed_by: closedBy } = row;
  await appendEvent(trx, {
    kind: what === 'repeated' ? 'issue.extended' : `issue.${what}`,
    app,
    environment,
    subject: row.id,
    actor: 'automation',
    data: { releaseId, source, project, number, url, reason, closedBy, labelled: row.labelled },
  });
  afterCommit(trx, () => metrics?.happened(what));
}

async function gather({ ports, mask }: LoopMeans, rolloutId: string): Promise<Evidence | null> {
  const evidence = await ports.evidence(rolloutId);
  return evidence === null ? null : masked(evidence, mask);
}

/** Without secrets in what others wrote; ids stay, whatever they look like. */
function masked(evidence: Evidence, mask: (text: string) => string): Evidence {
  const { release, commits, metrics, findings, logs } = evidence;
  return {
    ...evidence,
    reason: mask(evidence.reason),
    release: { ...release, message: mask(release.message) },
    findings: findings.map(mask),
    metrics: metrics.map((metric) => ({ ...metric, value: mask(metric.value) })),
    commits: commits.map(({ sha, subject, author }) => ({ sha, subject: mask(subject), author: mask(author) })),
    logs: logs.map(mask),
  };
}

function forgeOf({ ports }: LoopMeans, source: string): Forge {
  const forge = ports.forgeOf(source);
  if (forge === null) throw new GivenUp('no_credentials');
  return forge;
}

function keyOf(row: store.IssueRow, number: number): SubjectKey {
  return { repository: { id: row.project_id, fullName: row.project ?? '' }, kind: 'issue', number };
}

function markerOf({ id }: store.IssueRow): string {
  return `funade-${id}`;
}
