import { FunadeError, messageOf, newId } from '../../kernel/index.ts';
import { appendEvent, transaction } from '../../store/index.ts';
import { type Learnt, type Target, lookAt, nothingLearnt } from './look.ts';
import type { LookPart } from './memory.ts';
import type { PollOutcome, PolledRepository, PollerOptions } from './port.ts';
import { areWebhooksAlive, nextPollAt } from './schedule.ts';
import { type Claim, claimRepository, endLook, releaseClaim, renewClaim, saveRefs, selectSigns } from './store.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** A process that dies holds its repositories for so long. */
const CLAIM_MS = 5 * 60_000;

/** The look may not go on: the process is ending, or another took the repository over. */
class Interrupted extends Error {
  readonly outcome: 'stopped' | 'busy';

  constructor(outcome: 'stopped' | 'busy') {
    super(outcome);
    this.outcome = outcome;
  }
}

export interface Looker extends PollerOptions {
  readonly stopping: AbortSignal;
  /** By source: when its forge takes requests again (epoch ms), so that one refusal stands for all its repositories. */
  readonly limits: Map<string, number>;
}

/**
 * Claims a repository, looks at it, notes what came of it and when the next look is. Never rejects: the trouble of one
 * repository is not that of the others.
 */
export async function lookOnce(looker: Looker, target: Target, whenever: boolean): Promise<PolledRepository> {
  const polled = await claimAndLook(looker, target, whenever).catch((thrown: unknown) => {
    const reason = messageOf(thrown);
    looker.logger.warn({ ...nameOf(target), reason }, 'Failed to note a look at a repository; it is looked at again.');
    return reportOf(target, 'failed', { reason });
  });
  looker.onPolled?.(target.source, polled.outcome);
  return polled;
}

async function claimAndLook(looker: Looker, target: Target, whenever: boolean): Promise<PolledRepository> {
  const { db, clock, stopping } = looker;
  if (stopping.aborted) return reportOf(target, 'stopped');
  const now = clock.now();
  const claim = await claimRepository(db, target, { now, until: now + CLAIM_MS, whenever });
  if (claim === undefined) return reportOf(target, 'busy');
  let held = claim;
  const goOn = async () => {
    if (stopping.aborted) throw new Interrupted('stopped');
    const until = clock.now() + CLAIM_MS;
    if (until - held.until < CLAIM_MS / 2) return;
    if (!(await renewClaim(db, held, until))) throw new Interrupted('busy');
    held = { ...held, until };
  };
  const learnt = await learn(looker, target, claim, goOn);
  if (learnt.trouble instanceof Interrupted) {
    await releaseClaim(db, held);
    return reportOf(target, learnt.trouble.outcome, learnt);
  }
  return note(looker, target, held, learnt);
}

async function learn(looker: Looker, target: Target, claim: Claim, goOn: () => Promise<void>): Promise<Learnt> {
  const api = looker.sources.forgeOf(target.source);
  const limited = api === null ? null : stillLimited(looker, target, claim);
  if (api !== null && limited !== null) {
    const values = {
      act: `look at ${target.fullName}`,
      host: api.host,
      until: new Date(limited).toISOString(),
      at: limited,
    };
    return { ...nothingLearnt(claim), trouble: new FunadeError('FUN_FORGE_LIMITED', values) };
  }
  return lookAt({ ...looker, api, goOn }, target, claim);
}

function stillLimited({ clock, limits }: Looker, { source }: Target, { memory }: Claim): number | null {
  const until = Math.max(limits.get(source) ?? 0, memory.limitedUntil ?? 0);
  return until > clock.now() ? until : null;
}

async function note(looker: Looker, target: Target, claim: Claim, learnt: Learnt): Promise<PolledRepository> {
  const { db, clock, intervalMs, random, limits } = looker;
  const now = clock.now();
  const verdict = verdictOf(learnt, claim.failures);
  const { failures, limitedUntil, outcome } = verdict;
  if (limitedUntil !== null) limits.set(target.source, limitedUntil);
  const reason = tell(looker, target, claim, { verdict, learnt });
  const signs = await selectSigns(db, target.source);
  // What was left over waits for no longer than usual, whatever arrives.
  const isAlive = learnt.left === 0 && areWebhooksAlive({ ...signs, now, intervalMs });
  const isHeld = await transaction(db, async (trx) => {
    const ended = await endLook(trx, claim, {
      projectId: learnt.projectId,
      memory: { ...learnt.memory, troubled: troubledAfter(claim, learnt), limitedUntil: limitedUntil ?? undefined },
      redeliveredUntil: learnt.redeliveredUntil,
      pollAt: nextPollAt({ now, intervalMs, isAlive, failures, limitedUntil, random: random() }),
      polledAt: learnt.isSeen && learnt.trouble === null ? now : null,
      failures,
      failure: reason,
    });
    if (!ended) return false;
    if (learnt.refs !== null) await saveRefs(trx, target, { ...learnt.refs, at: now });
    const kind = turnOf(claim, verdict);
    if (kind !== null) {
      const code = verdict.tellings[0]?.code ?? null;
      const data = { source: target.source, repository: target.fullName, code, reason };
      await appendEvent(trx, { kind, subject: `${target.source}/${target.fullName}`, actor: 'automation', data });
    }
    return true;
  });
  return reportOf(target, isHeld ? outcome : 'busy', { ...learnt, reason });
}

/** Parts that failed this time; those of the time before when the look ended early. */
function troubledAfter({ memory }: Claim, { trouble, troubles }: Learnt): readonly LookPart[] | undefined {
  if (trouble !== null) return memory.troubled;
  return troubles.length === 0 ? undefined : troubles.map(({ part }) => part);
}

function wasTroubled({ failures, memory }: Claim): boolean {
  return failures > 0 || memory.troubled !== undefined;
}

/** The first failure in a row, and the end of a row, are events; what is between is not. */
function turnOf(before: Claim, { outcome }: Verdict): 'poll.failed' | 'poll.recovered' | null {
  if (outcome === 'failed') return wasTroubled(before) ? null : 'poll.failed';
  return wasTroubled(before) && outcome !== 'limited' ? 'poll.recovered' : null;
}

/** Writes to the log what is new, and answers what is shown with the repository: never the inside of a fault of our own. */
function tell(
  { logger, clock }: Looker,
  target: Target,
  before: Claim,
  { verdict, learnt }: { readonly verdict: Verdict; readonly learnt: Learnt },
): string | null {
  const { outcome, tellings } = verdict;
  const { found, redelivered, left } = learnt;
  const fields = { ...nameOf(target), outcome, code: tellings[0]?.code ?? null, found, redelivered, left };
  const told = tellings.map(({ thrown, reason }) => {
    if (reason !== null) return reason;
    const id = newId('err', clock.now());
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    logger.error({ ...fields, id, reason: messageOf(thrown), stack }, 'Failed inside a look at a repository.');
    return `Funade met a fault of its own (${id}).`;
  });
  const reason = told.length === 0 ? null : told.join(' ');
  if (left > 0) logger.warn(fields, 'More labelled issues and changes than one look may ask about; the next goes on.');
  if (tellings.some((each) => each.reason === null)) return reason;
  const isOther = before.memory.troubled?.join() !== troubledAfter(before, learnt)?.join();
  if (outcome === 'failed' && (!wasTroubled(before) || isOther))
    logger.warn({ ...fields, reason }, 'Failed to look at a repository.');
  else if (learnt.missing !== null && before.failure !== reason)
    logger.warn({ ...fields, reason }, 'Can’t ask for labels.');
  else if (found + redelivered > 0) logger.info(fields, 'Polling found what no webhook had told.');
  else logger.debug({ ...fields, reason }, 'Looked at a repository.');
  return reason;
}

function nameOf({ source, fullName }: Target) {
  return { source, repository: fullName };
}

function reportOf(
  target: Target,
  outcome: PollOutcome,
  more: { readonly found?: number; readonly redelivered?: number; readonly reason?: string | null } = {},
): PolledRepository {
  const { found = 0, redelivered = 0, reason = null } = more;
  return { ...nameOf(target), outcome, found, redelivered, reason };
}
