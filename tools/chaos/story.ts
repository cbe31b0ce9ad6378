import { sleep } from '../../src/kernel/index.ts';
import type { Kind, Push } from './application.ts';
import type { Chance } from './chance.ts';
import {
  type Overview,
  hasCommand,
  isHeld,
  readOverview,
  readPendingApprovals,
  isDecided,
  readRollback,
  readRunOf,
} from './store.ts';
import type { World } from './world.ts';

export interface Story {
  /** Reasons of the rollbacks that were asked for and taken on. */
  readonly rollbacks: readonly string[];
}

/** What the traffic asks of the releases, as the query of every request. */
export interface Trouble {
  readonly fail: Set<string>;
  readonly crash: Set<string>;
}

export interface StoryOptions {
  readonly world: World;
  readonly chance: Chance;
  readonly rollouts: number;
  readonly trouble: Trouble;
  readonly say: (text: string) => void;
  /** Ends the story early when something is beyond hope. */
  readonly signal: AbortSignal;
}

const OVERLAP = 0.2;
const ROLLBACK = 0.15;
const ABORT = 0.1;
const APPROVAL = 0.2;
const REPEAT = 0.3;
const RUN_WITHIN = 420_000;
const LOOK_EVERY = 100;

/** Pushes releases of every kind, aborts, rolls back and approves until enough rollouts were begun and all has come to rest. */
export async function tellStory(options: StoryOptions): Promise<Story> {
  const { world, chance, say, signal } = options;
  const { db } = world;
  const rollbacks: string[] = [];
  const resting = new AbortController();
  const broken = new AbortController();
  const ending = AbortSignal.any([signal, broken.signal]);
  const fail = (thrown: unknown) => broken.abort(thrown);
  const companions = [approveAll(options, resting.signal).catch(fail)];

  async function push(kind: Kind): Promise<void> {
    const made = await world.application.commit(kind, chance.happens(APPROVAL));
    const sent = await world.forge.push(made, chance.happens(REPEAT) ? 4 : 0);
    const tries = sent.attempts.length > 1 ? ` (${sent.attempts.length} attempts)` : '';
    say(`push ${made.commit.sha.slice(0, 7)} ${kind}${made.approval ? ', needs an approval' : ''}${tries}`);
    ending.throwIfAborted();
    if (!sent.accepted) throw new Error(`push ${made.commit.sha} was never accepted: ${sent.attempts.at(-1)}`);
    companions.push(accompany(sent.deliveryId, made).catch(fail));
  }

  /** Lets a release turn bad at the moment that its kind says; sometimes a person aborts a good one. */
  async function accompany(deliveryId: string, { kind, commit }: Push): Promise<void> {
    const isAborting = kind === 'good' && chance.happens(ABORT);
    if (!isAborting && kind !== 'late' && kind !== 'crashing') return;
    const wanted = kind === 'late' ? ['baking'] : ['holding', 'baking'];
    const set = kind === 'crashing' ? options.trouble.crash : options.trouble.fail;
    while (!ending.aborted) {
      const run = await readRunOf(db, deliveryId);
      if (run?.ended === true) break;
      if (run?.phase != null && run.rollout !== null && wanted.includes(run.phase)) {
        if (isAborting) return abort(run.rollout, commit.sha);
        set.add(commit.sha);
      }
      await sleep(LOOK_EVERY);
    }
    set.delete(commit.sha);
  }

  async function abort(rollout: string, sha: string): Promise<void> {
    const answer = await world.owner.post(`/rollouts/${rollout}/abort`, { reason: 'chaos' }, () =>
      hasCommand(db, rollout),
    );
    say(`abort ${sha.slice(0, 7)}: ${answer === null ? 'taken on without an answer' : answer.status}`);
  }

  async function rollBack(): Promise<void> {
    const reason = `chaos rollback ${rollbacks.length + 1}`;
    const path = `/environments/${world.application.name}/production`;
    const isKnown = async () => (await readRollback(db, reason)) !== null;
    const answer = await world.owner.post(`${path}/rollback`, { reason }, isKnown);
    say(`rollback: ${answer === null ? 'taken on without an answer' : answer.status}`);
    if (answer !== null && answer.status >= 300) return; // nothing to go back to: a rollout in between has changed that
    rollbacks.push(reason);
    await rest(async () => (await readRollback(db, reason))?.ended === true, `end of ${reason}`);
    await world.owner.post(`${path}/release-hold`, { reason: 'chaos goes on' }, async () => !(await isHeld(db)));
  }

  async function rest(isDone: (overview: Overview) => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + RUN_WITHIN;
    for (;;) {
      ending.throwIfAborted();
      if (await isDone(await readOverview(db))) return;
      if (Date.now() > deadline) throw new Error(`${what} did not come within ${RUN_WITHIN / 1000} s`);
      await sleep(LOOK_EVERY);
    }
  }

  const atRest = ({ openRuns, openRollouts }: Overview) => openRuns === 0 && openRollouts === 0;
  try {
    await push('good');
    await rest(atRest, 'the end of the first run');
    for (let round = 0; round < options.rollouts * 3 + 10; round += 1) {
      const overview = await readOverview(db);
      if (overview.begun >= options.rollouts) break;
      if (overview.succeeded > 1 && chance.happens(ROLLBACK)) await rollBack();
      else await push(kindOf(chance));
      const isOverlapping = chance.happens(OVERLAP);
      const pause = chance.between(0, 6000);
      if (isOverlapping) await sleep(pause);
      else await rest(atRest, 'the end of every run and rollout');
    }
    await rest(atRest, 'the end of every run and rollout');
  } finally {
    resting.abort();
    await Promise.all(companions);
  }
  return { rollbacks };
}

function kindOf(chance: Chance): Kind {
  const value = chance.next();
  if (value < 0.55) return 'good';
  if (value < 0.75) return 'bad';
  return value < 0.9 ? 'late' : 'crashing';
}

/** The second person, who approves whatever waits for it. */
async function approveAll({ world, say }: StoryOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const id of await readPendingApprovals(world.db)) {
      const body = { decision: 'approve', comment: 'chaos' };
      const answer = await world.approver.post(`/approvals/${id}`, body, () => isDecided(world.db, id));
      say(`approve ${id}: ${answer === null ? 'taken on without an answer' : answer.status}`);
    }
    await sleep(LOOK_EVERY, signal);
  }
}
