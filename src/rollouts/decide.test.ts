import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HOUR,
  MINUTE,
  SECOND,
  canary,
  deployment,
  metric,
  pause,
  rollback,
  weight,
  weightsOf,
} from '../../test/rollouts/plans.ts';
import {
  CANDIDATE,
  type Chaos,
  type Look,
  STABLE,
  type Setting,
  type Story,
  deepFreeze,
  play,
} from '../../test/rollouts/world.ts';
import { decide } from './decide.ts';
import { refusalOf } from './decide/commands.ts';
import { AUTOMATION } from './decide/decision.ts';
import { isTerminal } from './state.ts';

const verdicts = fc.oneof(
  { weight: 6, arbitrary: fc.constant('pass' as const) },
  { weight: 1, arbitrary: fc.constantFrom('fail', 'inconclusive', 'no_data', 'provider_error') },
);
const commands = fc.option(fc.constantFrom('promote', 'promote_full', 'pause', 'resume', 'abort'), { freq: 12 });
const jumps = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 20 * SECOND }) },
  { weight: 1, arbitrary: fc.integer({ min: -3 * HOUR, max: 5 * HOUR }) },
);
const calls = fc.constantFrom('acts', 'acts', 'acts', 'before', 'after', 'lost');

function chaosOf(options: { readonly meddling?: boolean; readonly commands?: boolean } = {}): fc.Arbitrary<Chaos[]> {
  const round = fc.record<Chaos>({
    call: calls,
    delay: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 * MINUTE })),
    verdict: verdicts,
    command: options.commands === false ? fc.constant(null) : commands,
    jump: jumps,
    meddling: options.meddling === true ? fc.option(fc.integer({ min: 0, max: 100 }), { freq: 8 }) : fc.constant(null),
    ready: fc.integer({ min: 0, max: 14 }).map((number) => number > 0),
  });
  return fc.array(round, { maxLength: 60 });
}

const steps = fc
  .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 })
  .chain((weights) =>
    fc.tuple(
      fc.constant(weights.toSorted((a, b) => a - b)),
      fc.array(fc.option(fc.oneof(fc.integer({ min: 0, max: 60 * SECOND }), fc.constant(null)), { nil: undefined }), {
        minLength: weights.length,
        maxLength: weights.length,
      }),
    ),
  )
  .map(([weights, pauses]) =>
    weights.flatMap((percent, index) => {
      const wait = pauses[index];
      return wait === undefined ? [weight(percent)] : [weight(percent), pause(wait)];
    }),
  );
const bakes = fc.integer({ min: 0, max: 2 * MINUTE });
const strategies = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(steps, bakes).map(([list, bake]) => canary(list, bake)) },
  bakes.map((bake) => ({ kind: 'rolling' as const, bake })),
  fc.record({
    kind: fc.constant('blueGreen' as const),
    preview: fc.constantFrom(0, 30 * SECOND),
    bake: bakes,
    keepWarm: fc.constant(MINUTE),
    autoPromote: fc.boolean(),
  }),
);
const metrics = fc.constantFrom(
  [],
  [metric()],
  [metric({ onFail: 'pause' }), metric({ name: 'latency-p95', metric: 'latency-p95', maxErrors: 0 })],
  [metric({ onInconclusive: 'abort', onProviderError: 'abort', maxErrors: 1 })],
  [metric({ dryRun: true })],
);
const settings: fc.Arbitrary<Setting> = fc.record({
  plan: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(strategies, metrics).map(([strategy, list]) => deployment({ strategy, metrics: list })),
    },
    { weight: 1, arbitrary: strategies.map((strategy) => rollback({ strategy })) },
  ),
  stable: fc.oneof(
    { weight: 5, arbitrary: fc.constant(STABLE) },
    { weight: 1, arbitrary: fc.constantFrom(null, CANDIDATE) },
  ),
  readyAfter: fc.constantFrom(0, 500, 20 * SECOND, Infinity),
  failure: fc.option(fc.constant('it throws at import'), { freq: 15 }),
});

/** Plays many stories; `options` leave out what a rule does not speak of. */
function everyStory(rule: (story: Story) => void, options: Parameters<typeof chaosOf>[0] = {}, runs = 300): void {
  fc.assert(
    fc.property(settings, chaosOf(options), (setting, chaos) => rule(play(setting, chaos))),
    { numRuns: runs },
  );
}

function weightAt({ target }: Pick<Look, 'target'>): number {
  return target.versions.find(({ version }) => version === CANDIDATE)?.weight ?? 0;
}

function isPromotedInFull({ looks }: Story): boolean {
  return looks.some(({ commands: given }) => given.some(({ kind }) => kind === 'promote_full'));
}

function isPrefix(short: readonly number[], long: readonly number[]): boolean {
  return short.every((value, index) => value === long[index]);
}

describe('decide, whatever befalls it', () => {
  test('a rollout always ends in a legal terminal phase once the world is fair again', () => {
    everyStory(
      ({ state, facts }) => {
        const legal =
          facts.plan.kind === 'rollback'
            ? ['rolled_back', 'aborted', 'rollback_failed']
            : ['succeeded', 'aborted', 'rolled_back', 'rollback_failed'];
        expect(legal).toContain(state.phase);
        expect(state.outcome?.reason).not.toBe('');
      },
      { meddling: true },
      600,
    );
  });

  test('the weights seen are a prefix of the weights of the plan, and then 0 when it was taken back', () => {
    everyStory((story) => {
      if (isPromotedInFull(story) || story.facts.plan.kind === 'rollback') return;
      const { state, facts } = story;
      const seen = state.weightsSeen.at(-1) === 0 ? state.weightsSeen.slice(0, -1) : state.weightsSeen;
      expect(isPrefix(seen, weightsOf(facts.plan))).toBe(true);
      const routed = story.routed.slice(1);
      const onWay = state.back !== null && routed.at(-1) === 0 ? routed.slice(0, -1) : routed;
      expect(isPrefix(onWay, weightsOf(facts.plan))).toBe(true);
      expect(isPrefix(seen, onWay)).toBe(true);
    });
  });

  test('promote --full leaves out weights but never invents, repeats or reorders them', () => {
    everyStory((story) => {
      if (story.facts.plan.kind === 'rollback') return;
      const weights = weightsOf(story.facts.plan);
      const indexes = story.state.weightsSeen.filter((seen) => seen !== 0).map((seen) => weights.indexOf(seen));
      expect(indexes).not.toContain(-1);
      expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b));
    });
  });

  test('success needs 100% observed, the bake over and a passing analysis with fresh samples – or break-glass at 100%', () => {
    everyStory(
      ({ looks, facts }) => {
        const last = looks.at(-1);
        if (last?.decision.state.phase !== 'succeeded') return;
        const { bake, analysis } = facts.plan;
        expect(weightAt(last)).toBe(100);
        if (last.decision.state.outcome?.by !== AUTOMATION) {
          expect(last.decision.state.notes.join()).toContain('break-glass');
          return;
        }
        expect(last.target.versions.find(({ version }) => version === CANDIDATE)?.ready).toBe(true);
        // Since when it has been watched at 100 % without a break, counted apart from the state.
        const since = looks.findLast(({ now }, index) => {
          const earlier = looks[index - 1];
          return earlier === undefined || weightAt(earlier) !== 100 || now - earlier.now > MINUTE;
        });
        const judged = analysis.metrics.filter(({ dryRun }) => !dryRun);
        for (const { name } of judged) expect(last.metrics.find((found) => found.name === name)?.verdict).toBe('pass');
        if (judged.length > 0) expect(last.now - (since?.now ?? 0)).toBeGreaterThanOrEqual(10 * SECOND);
        const started = looks.find(({ decision }) => decision.state.phase === 'baking');
        const clockWasSetBack = looks.some(({ now }, index) => now < (looks[index - 1]?.now ?? now));
        if (!clockWasSetBack) expect(last.now - (started?.now ?? Infinity)).toBeGreaterThanOrEqual(bake);
      },
      { meddling: true },
      500,
    );
  });

  test('after turning back only weight 0 is asked for', () => {
    everyStory(({ looks }) => {
      for (const { before, decision } of looks) {
        if (before.back === null) continue;
        for (const effect of decision.effects) expect(effect).toMatchObject({ kind: 'shift', weight: 0 });
      }
    });
  });

  test('what was taken back has no traffic, even when an earlier call arrives late', () => {
    everyStory(
      ({ state, facts, target, looks }) => {
        const isBack = state.back !== null && (state.phase === 'aborted' || state.phase === 'rolled_back');
        if (!isBack || facts.stable === CANDIDATE) return;
        // Who loses the call back after answering it *and* delays an earlier one can't be told from who obeyed; that is drift then.
        const isLost = ({ chaos, decision }: Look) =>
          chaos.call === 'lost' && decision.effects.some(({ key }) => key.includes(':back'));
        if (looks.some(isLost)) return;
        expect(weightAt({ target })).toBe(0);
      },
      {},
      300,
    );
  });

  test('one key never means two different effects', () => {
    everyStory(({ looks }) => {
      const meanings = new Map<string, string>();
      for (const effect of looks.flatMap(({ decision }) => decision.effects)) {
        const meaning = JSON.stringify(effect);
        expect(meanings.get(effect.key) ?? meaning).toBe(meaning);
        meanings.set(effect.key, meaning);
      }
    });
  });

  test('abort is legal in every phase that is not an end, and ends without success', () => {
    fc.assert(
      fc.property(settings, chaosOf({ commands: false }), fc.nat(), (setting, chaos, choice) => {
        const before = play(setting, chaos);
        const look = before.looks[choice % before.looks.length];
        if (look === undefined) return;
        expect(refusalOf('abort', look.before.phase, setting.plan.kind === 'rollback')).toBeNull();
        const aborted = play(setting, [
          ...chaos.slice(0, choice % before.looks.length),
          { call: 'acts', delay: 0, verdict: 'pass', command: 'abort', jump: 0, meddling: null, ready: true },
        ]);
        const isRollback = setting.plan.kind === 'rollback';
        const ends = isRollback ? ['aborted', 'rollback_failed', 'rolled_back'] : ['aborted', 'rolled_back'];
        expect(ends).toContain(aborted.state.phase);
      }),
      { numRuns: 200 },
    );
  });

  test('every decision that is not an end says when to look again', () => {
    everyStory(({ looks }) => {
      const open = looks.filter(({ decision }) => !isTerminal(decision.state.phase));
      for (const { decision, now } of open) expect(decision.wakeAt).toBeGreaterThanOrEqual(now);
    });
  });

  test('the same arguments give the same answer, and none of them is changed', () => {
    everyStory(
      ({ looks, facts }) => {
        for (const { before, target, metrics: found, commands: given, decision, now } of looks.slice(0, 30)) {
          const observation = deepFreeze({ target, metrics: found, commands: given, sent: new Set<string>() });
          const first = decide(facts, before, observation, now);
          expect(decide(facts, before, observation, now)).toEqual(first);
          if (decision.effects.length === 0) continue;
          expect(first.state).toEqual(decision.state);
        }
      },
      {},
      100,
    );
  });

  test('an end is told exactly once', () => {
    everyStory(({ looks }) => {
      const told = looks.flatMap(({ decision }) => decision.events).filter(({ kind }) => kind === 'rollout.ended');
      expect(told).toHaveLength(1);
    });
  });
});
