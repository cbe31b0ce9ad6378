import { newId } from '../../kernel/index.ts';
import { transaction } from '../../store/index.ts';
import { readConversation } from '../inbox/store.ts';
import type { Instruction, Job, Runner, RunnerEnd } from '../port.ts';
import { type News, NO_NEWS, type PromptFacts, buildPrompt } from '../prompt/prompt.ts';
import { readMemory, saveMemory } from '../records/store.ts';
import { withAttempts } from '../task.ts';
import { bound } from './bound.ts';
import { runChecks } from './checks.ts';
import { type Desk, markRead, rowOf } from './desk.ts';
import { LONGEST_PATCH, faultOf } from './diff.ts';
import type { Ground } from './ground.ts';
import { StaleHolder, withGrace } from './interruption.ts';
import type { Meter } from './meter.ts';
import { heldBy, keyOf } from './place.ts';

/** How often an agent gets the faults of its work back. */
const ROUNDS = 3;

/** A runner, and what it gets besides its instruction. */
export interface Stage {
  readonly desk: Desk;
  readonly runner: Runner;
  readonly meter: Meter;
  readonly seat: Pick<Job, 'directory' | 'home' | 'settings'>;
}

/** An agent at work in a checkout. */
export interface Bench extends Stage {
  readonly ground: Ground;
}

/**
 * Runs the agent until its work can be proposed, it gives up, or it has to stop. What people wrote meanwhile, checks that fail and what may not
 * be pushed go back to it.
 */
export async function runAgent(bench: Bench, kind: Instruction['kind']): Promise<RunnerEnd> {
  const { desk, ground } = bench;
  // What people wrote while it rested, or of the plan before, is part of what it begins with.
  const messages = await desk.watch.inbox();
  let instruction = buildPrompt(kind, await factsOf(bench), { ...NO_NEWS, messages });
  let { memory } = ground.start;
  for (let rounds = 0; ;) {
    const ended = await runOnce(bench, instruction, memory);
    if (ended.kind !== 'succeeded') return ended;
    await markRead(desk);
    const news = await newsOf(bench, ended.summary);
    if (isInterrupted(bench)) return { kind: 'interrupted' };
    if (news.failure === null && news.messages.length === 0) return ended;
    if (news.failure !== null) rounds += 1;
    if (news.failure !== null && rounds > ROUNDS) return { kind: 'failed', blame: 'permanent', ...news.failure };
    instruction = buildPrompt('feedback', await factsOf(bench), news);
    memory = await readMemory(desk.place.means.db, desk.place.task.id);
  }
}

function isInterrupted({ desk, meter }: Stage): boolean {
  return desk.watch.signal.aborted || meter.signal.aborted;
}

/** A run that was told to end has no failure of its own to tell; a success that was just there counts. */
export async function runOnce(stage: Stage, instruction: Instruction, memory: string | null): Promise<RunnerEnd> {
  const { desk, meter, runner } = stage;
  const signal = AbortSignal.any([desk.watch.signal, meter.signal]);
  if (signal.aborted) return { kind: 'interrupted' };
  const job = await jobOf(stage, { instruction, memory, signal });
  try {
    const ended = await withGrace(signal, desk.place.means.graceMs, async () => runner.run(job));
    return signal.aborted && ended.kind === 'failed' ? { kind: 'interrupted' } : ended;
  } catch (thrown) {
    if (signal.aborted) return { kind: 'interrupted' };
    throw thrown;
  } finally {
    await Promise.all([meter.flush(), desk.log.flush()]);
  }
}

interface Turn {
  readonly instruction: Instruction;
  readonly memory: string | null;
  readonly signal: AbortSignal;
}

async function jobOf({ desk, seat, meter }: Stage, turn: Turn): Promise<Job> {
  const { place, forge, subject, labeler, watch, log } = desk;
  const { db, clock } = place.means;
  const row = await rowOf(place);
  const [task] = await withAttempts(db, [row]);
  if (task === undefined) throw new StaleHolder();
  return {
    ...turn,
    ...seat,
    task,
    key: keyOf(row),
    subject,
    labeler,
    forge,
    fence: place.lease.fence,
    save: (memory) =>
      transaction(db, async (trx) => {
        if (await saveMemory(trx, heldBy(place), { memory, now: clock.now() })) await watch.delivered(trx);
      }),
    inbox: () => watch.inbox(),
    report: (progress) => meter.report(progress),
    log: (text) => log.write(text),
  };
}

async function factsOf({ desk, ground }: Pick<Bench, 'desk' | 'ground'>): Promise<PromptFacts> {
  const { place, subject } = desk;
  const { means, task } = place;
  const { target, settings } = ground;
  const workspace = bound(ground.workspace, desk.watch.signal);
  const row = await rowOf(place);
  const said = await readConversation(means.db, task.id);
  return {
    project: row.project,
    kind: row.kind,
    number: row.number,
    title: subject.title,
    body: subject.body,
    author: subject.author.login,
    // What is pending is told as news, once.
    comments: said.filter(({ outcome }) => outcome !== 'pending'),
    settings,
    branch: target.branch,
    base: target.base,
    rules: await workspace.read('AGENTS.md'),
    peculiarities: workspace.peculiarities,
    approvedPlan: row.plan_approved_by === null ? null : row.plan_text,
    earlierPlan: row.plan_approved_by === null ? row.plan_text : null,
    boundary: newId('data', means.clock.now()),
  };
}

type Standing = News & { readonly failure: { readonly reason: string; readonly detail: string } | null };

/** What stands in the way of proposing the work as it is. Comments come first: they may change what is checked. */
async function newsOf(bench: Bench, summary: string): Promise<Standing> {
  const { desk, ground, meter } = bench;
  const { watch, place, mask } = desk;
  if (await watch.pending()) return { ...NO_NEWS, messages: await watch.inbox(), failure: null };
  const { settings } = ground;
  const workspace = bound(ground.workspace, watch.signal);
  const files = await workspace.changes();
  const diff = { files, patch: files.length === 0 ? '' : await workspace.patch(LONGEST_PATCH + 1) };
  const fault = faultOf(diff, settings, place.means.secrets());
  if (fault !== null) return standing(fault.what, null, { reason: fault.reason, detail: fault.detail ?? '' });
  if (settings.checks.length === 0 || files.length === 0) return { ...NO_NEWS, failure: null };
  const signal = AbortSignal.any([watch.signal, meter.signal]);
  const instruction: Instruction = { kind: 'feedback', prompt: summary };
  const failed = await runChecks(place.means, await jobOf(bench, { instruction, memory: null, signal }));
  await desk.log.flush();
  if (failed === null) return { ...NO_NEWS, failure: null };
  const output = mask(failed.output);
  return standing(`\`${failed.command}\` fails.`, output, { reason: 'checks_failed', detail: failed.command });
}

function standing(what: string, output: string | null, failure: NonNullable<Standing['failure']>): Standing {
  return { messages: [], faults: [{ what, output }], failure };
}
