import { agentSettings } from '../../config/index.ts';
import { messageOf } from '../../kernel/index.ts';
import type { Instruction, Runner, RunnerEnd } from '../port.ts';
import { recordDetail, recordPlan, recordSummary } from '../records/store.ts';
import { withAttempts } from '../task.ts';
import { cutShort, withoutInvisible } from '../texts/foreign.ts';
import { bound } from './bound.ts';
import { claim } from './claim.ts';
import { type Desk, closeDesk, markRead, openDesk, rowOf } from './desk.ts';
import { type Ground, prepareGround } from './ground.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { type Meter, createMeter } from './meter.ts';
import { judged } from './outcome.ts';
import { type End, type Place, conclude, heldBy, tell, writing } from './place.ts';
import { type Work, publish, pushWork } from './publish.ts';
import { type Bench, runAgent, runOnce } from './run-agent.ts';
import * as store from './store.ts';

/** How long what was done may take to get to its branch when the agent has to leave it, in milliseconds. */
const KEEP_MS = 20_000;
const KEEP_AT_EXIT_MS = 5000;
const LONGEST_TEXT = 100_000;
/** What the agent answered was not asked for, or it stopped although nobody had told it to. */
const UNASKED = { kind: 'failed', reason: 'agent_error', blame: 'agent' } as const satisfies RunnerEnd;

/** Works on a task until its end is decided, it is back in the line, or somebody wants it to rest: then the next round goes on. */
export async function attempt(place: Place): Promise<void> {
  const { means, task } = place;
  const forge = means.forgeOf(task.source);
  if (forge === null) return failed(place, 'no_credentials');
  const claimed = await claim(place, forge);
  if (claimed.kind !== 'claimed')
    return conclude(place, { ending: claimed.kind, reason: claimed.reason, errorId: null });
  const { runner } = means;
  if (runner === null) return failed(place, 'no_runner');
  const desk = openDesk(place, forge, claimed);
  try {
    desk.comment.news();
    await (runner.needsCheckout ? inCheckout(desk) : withoutCheckout(desk, runner));
  } catch (thrown) {
    // What was under way when the task had to end has failed for that reason.
    if (thrown instanceof StaleHolder || !desk.watch.signal.aborted) throw thrown;
    await leave(desk);
  } finally {
    await closeDesk(desk);
  }
}

function failed(place: Place, reason: string): Promise<void> {
  return conclude(place, { ending: 'failed', reason, errorId: null });
}

async function withoutCheckout(desk: Desk, runner: Runner): Promise<void> {
  const { place } = desk;
  const settings = agentSettings(place.means.defaults, null);
  const meter = await meterOf(desk, settings.budget);
  const seat = { directory: '', home: '', settings };
  try {
    await setRunning(desk, runner);
    const instruction: Instruction = { kind: 'work', prompt: '' };
    const ended = await runOnce({ desk, runner, meter, seat }, instruction, null);
    if (ended.kind !== 'succeeded') {
      if (desk.watch.signal.aborted) return await leave(desk);
      const overspent = meter.overspent();
      if (overspent !== null) return await failed(place, overspent);
      return await judged(place, ended.kind === 'interrupted' ? UNASKED : ended, desk.mask);
    }
    await markRead(desk);
    await succeed(desk, ended.summary, null);
  } finally {
    await meter.close();
  }
}

async function inCheckout(desk: Desk): Promise<void> {
  const { place } = desk;
  const { workspaces, runners, runCheck } = place.means;
  if (workspaces === null) return failed(place, 'workspace_failed');
  const found = await prepareGround(desk, workspaces);
  if (found.kind === 'impossible') {
    await recordDetail(place.means.db, heldBy(place), found.detail);
    return failed(place, found.reason);
  }
  const { ground } = found;
  const runner = runners.get(ground.settings.runner);
  if (runner === undefined) return failed(place, 'no_runner');
  if (!runner.needsCheckout) return withoutCheckout(desk, runner);
  if (ground.settings.checks.length > 0 && runCheck === null) return failed(place, 'no_isolation');
  const meter = await meterOf(desk, ground.settings.budget);
  try {
    const { directory, home } = ground.workspace;
    await atBench({ desk, ground, runner, meter, seat: { directory, home, settings: ground.settings } });
  } finally {
    await meter.close();
  }
}

async function meterOf(desk: Desk, budget: Ground['settings']['budget']): Promise<Meter> {
  const { place, mask, comment } = desk;
  const task = await rowOf(place);
  const [view] = await withAttempts(place.means.db, [task]);
  const attempts = (view?.attempts ?? []).filter(({ endedAt }) => endedAt !== null);
  return createMeter({ place, task, attempts, budget, mask, onNews: () => comment.news() });
}

async function setRunning({ place, comment }: Desk, runner: Runner): Promise<void> {
  await writing(place, async (trx, held) => {
    if (!(await store.setRunning(trx, held))) return false;
    await tell(trx, place.task, 'task.running', { attempt: place.task.attempts, runner: runner.id });
    return true;
  });
  comment.news();
}

async function atBench(bench: Bench): Promise<void> {
  const { desk, ground, runner, meter } = bench;
  const { place } = desk;
  await setRunning(desk, runner);
  const kind = await kindOf(desk, ground);
  const ended = await runAgent(bench, kind);
  await meter.flush();
  // What an agent changed although it was only asked for a plan is nobody's wish: it stays in its checkout.
  const kept = kind === 'plan' ? null : ground;
  if (desk.watch.signal.aborted) return leave(desk, kept);
  const overspent = meter.overspent();
  if (overspent !== null && ended.kind !== 'succeeded') {
    if (kept !== null) await keep(desk, kept, KEEP_MS);
    return failed(place, overspent);
  }
  switch (ended.kind) {
    case 'interrupted':
      return judged(place, UNASKED, desk.mask);
    case 'planned':
      return waitForApproval(desk, ended);
    case 'failed':
      if (ended.reason === 'checks_failed') await keep(desk, ground, KEEP_MS);
      return judged(place, ended, desk.mask);
    case 'succeeded':
      if (kept === null) return judged(place, UNASKED, desk.mask);
      return propose(desk, kept, ended.summary);
  }
}

async function kindOf({ place, watch }: Desk, { workspace, settings, start }: Ground): Promise<Instruction['kind']> {
  const row = await rowOf(place);
  if (settings.planApproval && row.plan_approved_by === null) return 'plan';
  const hasBegun = start.memory !== null || (await bound(workspace, watch.signal).changes()).length > 0;
  return start.mode === 'continue' && hasBegun ? 'resume' : 'work';
}

async function waitForApproval(desk: Desk, planned: Extract<RunnerEnd, { kind: 'planned' }>): Promise<void> {
  const { place, mask } = desk;
  const clean = (text: string) => mask(withoutInvisible(text));
  await markRead(desk);
  await writing(place, (trx, held) =>
    recordPlan(trx, held, {
      text: cutShort(clean(planned.plan), LONGEST_TEXT),
      items: planned.items.slice(0, 100).map(({ text, done }) => ({ text: clean(text).slice(0, 500), done })),
    }),
  );
  await conclude(place, { ending: 'awaiting_approval', reason: 'plan_waits', errorId: null });
}

async function propose(desk: Desk, ground: Ground, summary: string): Promise<void> {
  const { place } = desk;
  const published = await publish(await workOf(desk, ground), withoutInvisible(summary));
  switch (published.kind) {
    case 'refused':
      await recordDetail(place.means.db, heldBy(place), published.detail);
      return failed(place, published.reason);
    case 'nothing':
      return succeed(desk, summary, 'no_change');
    case 'proposed':
      return succeed(desk, summary, published.isElsewhere ? 'branch_only' : null);
  }
}

async function workOf(desk: Desk, { workspace, target, settings }: Ground): Promise<Work> {
  const { place, forge, subject, mask } = desk;
  return { place, forge, task: await rowOf(place), title: subject.title, workspace, target, settings, mask };
}

async function succeed({ place, mask }: Desk, summary: string, reason: End['reason']): Promise<void> {
  const text = cutShort(mask(withoutInvisible(summary)), LONGEST_TEXT);
  if (!(await recordSummary(place.means.db, heldBy(place), text))) throw new StaleHolder();
  return conclude(place, { ending: 'succeeded', reason, errorId: null });
}

/** The agent had to end. What becomes of the task is decided by the next round, or, when this process ends, at once. */
async function leave(desk: Desk, ground: Ground | null = null): Promise<void> {
  const cause = desk.watch.cause();
  if (cause === 'lost') throw new StaleHolder();
  if (ground !== null) await keep(desk, ground, cause === 'drain' ? KEEP_AT_EXIT_MS : KEEP_MS);
  if (cause === 'drain') throw new Interrupted();
}

/** Commits and pushes what there is, for whoever goes on with it. The task rests or ends all the same when that fails. */
async function keep(desk: Desk, ground: Ground, milliseconds: number): Promise<void> {
  const { place } = desk;
  try {
    const signal = AbortSignal.timeout(milliseconds);
    const pushed = await pushWork(await workOf(desk, ground), signal);
    if (pushed.kind === 'refused')
      place.means.logger.warn({ task: place.task.id, reason: pushed.reason }, 'Did not push what a task had done.');
  } catch (thrown) {
    place.means.logger.warn(
      { task: place.task.id, reason: messageOf(thrown) },
      'Failed to push what a task had done; it stays in its checkout.',
    );
  }
}
